"""Training crops of photovoltaic modules, drawn: no picture of a real module is used.

A crop is a view of a plane in space (a roof, a wall, a frame on the ground, a carport, a panel on a post) with an
array of modules on it, over the background of a real street or a drawn sky and ground. What is mistaken for modules
(roof windows, thermal collectors, slates, glass fronts, blinds) is drawn without a label.
"""

import json
import math
from pathlib import Path

import cv2
import numpy as np

import data
from crops import camera_faults, crop, piece_of
from flatstreet import draw_greenery
from synth import Scene, draw_occluder, log_uniform

# Chances of what a crop shows.
ROOF, FRAME, FACADE, POST, NOTHING = "roof", "frame", "façade", "post", "nothing"
SHARES = {ROOF: 0.42, FRAME: 0.12, FACADE: 0.03, POST: 0.06, NOTHING: 0.37}
# What an earlier training invented in the backgrounds, where `mine.py` has listed it.
MINED = Path(__file__).parent / "runs" / "solar-marks.json"
# Size of a module's drawing, and of the real thing in metres.
MODULE_PX = (60, 100)
MODULE_M = (1.0, 1.7)
LARGEST = 1.15


class CropMaker:
    """Draws crops with arrays of modules and with none."""

    def __init__(self, folder):
        french, german = data.read_sy32(folder, held_out=False), data.read_gtsdb(folder, held_out=False)
        cuts = data.read_panorama_cuts(folder, per_panorama=80, per_sign=0)
        faces = data.read_background_faces(folder)
        self.grounds = french + german + cuts + faces
        self.invented = self._invented({"signs-sy32": french, "signs-gtsdb": german, "": faces})

    def _invented(self, sets):
        """Pairs of a background and a box in it that resembles modules."""
        mined = json.loads(MINED.read_text()) if MINED.exists() else {}
        pairs = []
        for name, pictures in sets.items():
            for picture in pictures:
                for box in mined.get(f"{name}/{picture.name}" if name else picture.name, []):
                    pairs.append((picture, np.array(box, np.float32)))
        return pairs

    def make(self, side, random):
        """A crop as (scene, whether modules may be in it that nobody labelled)."""
        kind = random.choice(list(SHARES), p=list(SHARES.values()))
        if kind == NOTHING and self.invented and random.rand() < 0.6:
            picture, box = self.invented[random.randint(len(self.invented))]
            scene = Scene(crop(picture, side, random, box).pixels)
            scene.pixels = camera_faults(scene.pixels, random)
            return scene, False
        scene = Scene(self._ground(side, random))
        if kind == NOTHING:
            if random.rand() < 0.6:
                draw_building(scene, self._texture, random, modules=False)
        else:
            for _ in range(1 + (random.rand() < 0.15)):
                if kind == ROOF:
                    draw_building(scene, self._texture, random, modules=True)
                else:
                    draw_stand(scene, kind, random)
        if random.rand() < 0.12:
            draw_lookalike(scene, random)
        scene.pixels = camera_faults(scene.pixels, random)
        return scene, False

    def _ground(self, side, random):
        """The piece of a street, or a drawn sky above a drawn ground."""
        if random.rand() < 0.6:
            picture = self.grounds[random.randint(len(self.grounds))]
            return crop(picture, side, random, None).pixels
        pixels = np.empty((side, side, 3), np.uint8)
        top = random.uniform([60, 110, 170], [190, 215, 250]) if random.rand() < 0.7 else np.full(3, random.uniform(150, 240))
        low = top + (255 - top) * random.uniform(0, 0.9)
        pixels[:] = (top + (low - top) * np.linspace(0, 1, side)[:, None])[:, None]
        horizon = int(side * random.uniform(0.5, 1.2))
        if horizon < side:
            colour = [[70, 110, 50], [130, 125, 115], [225, 230, 240], [150, 130, 90]][random.randint(4)]
            ground = texture_of_noise(side, np.array(colour) * random.uniform(0.7, 1.15), random)
            pixels[horizon:] = ground[: side - horizon]
        if random.rand() < 0.5:
            for _ in range(random.randint(1, 4)):
                draw_greenery(pixels, horizon, random)
        if random.rand() < 0.5:
            blurred = cv2.GaussianBlur(pixels, (0, 0), random.uniform(0.5, 2.5))
            pixels[:] = blurred
        return pixels

    def _texture(self, side, random):
        return piece_of(self.grounds[random.randint(len(self.grounds))], side, 0.5, random)


# --- planes in space


class Plane:
    """A rectangle's frame in space: a corner, the direction along, and the direction up its slope (metres)."""

    def __init__(self, corner, yaw_deg, tilt_deg):
        yaw, tilt = math.radians(yaw_deg), math.radians(tilt_deg)
        self.corner = np.array(corner, float)
        self.along = np.array([math.cos(yaw), 0, math.sin(yaw)])
        away = np.array([-math.sin(yaw), 0, math.cos(yaw)])
        self.up = math.cos(tilt) * away + math.sin(tilt) * np.array([0, 1.0, 0])

    def quad(self, x0, y0, x1, y1):
        """The corners of a rectangle on the plane, from the top left clockwise."""
        places = [(x0, y1), (x1, y1), (x1, y0), (x0, y0)]
        return np.array([self.corner + x * self.along + y * self.up for x, y in places])


class Camera:
    """A pinhole that shows some points of space in a given rectangle of the crop."""

    def __init__(self, points, centre, size, roll_deg):
        flat = self._flat(points)
        low, high = flat.min(0), flat.max(0)
        self.scale = size / max(high - low)
        self.middle, self.centre = (low + high) / 2, np.array(centre)
        roll = math.radians(roll_deg)
        self.turn = np.array([[math.cos(roll), -math.sin(roll)], [math.sin(roll), math.cos(roll)]])

    @staticmethod
    def _flat(points):
        depth = points[:, 2:].clip(0.3)
        return points[:, :2] * [1, -1] / depth

    def see(self, points):
        return ((self._flat(points) - self.middle) * self.scale) @ self.turn.T + self.centre


def paint(scene, texture, quad):
    """Lay an RGBA texture on four points of the crop, from the top left clockwise."""
    height, width = texture.shape[:2]
    longest = max(np.linalg.norm(quad - np.roll(quad, 1, 0), axis=1))
    while max(height, width) > 2 * longest and min(height, width) > 8:
        texture = cv2.resize(texture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        height, width = texture.shape[:2]
    # Only where the quad is: most are small.
    x0, y0 = np.floor(quad.min(0) - 1).clip(0, scene.side).astype(int)
    x1, y1 = np.ceil(quad.max(0) + 1).clip(0, scene.side).astype(int)
    if x1 <= x0 or y1 <= y0:
        return
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) - 0.5
    target = (quad - [x0, y0]).astype(np.float32) - 0.5
    matrix = cv2.getPerspectiveTransform(source, target)
    size = int(x1 - x0), int(y1 - y0)
    laid = cv2.warpPerspective(texture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    # The border is repeated in the colours alone; the alpha ends with the texture.
    ones = np.full((height, width), 255, np.uint8)
    inside = cv2.warpPerspective(ones, matrix, size, flags=cv2.INTER_LINEAR)
    alpha = cv2.min(laid[..., 3], inside)
    under = scene.pixels[y0:y1, x0:x1]
    share = alpha[..., None].astype(np.uint16)
    under[:] = ((under * (255 - share) + laid[..., :3] * share) // 255).astype(np.uint8)


def is_clear(quad):
    """Whether a quad is turned to the camera and not too thin."""
    x, y = quad.T
    area = 0.5 * (np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))
    return area > 0.036 * max(np.ptp(x), np.ptp(y)) ** 2


def box_of(quad):
    return [*quad.min(0), *quad.max(0)]


# --- textures


def opaque(pixels):
    return np.dstack([pixels.clip(0, 255).astype(np.uint8), np.full(pixels.shape[:2], 255, np.uint8)])


def noise_fields(side=512):
    """Grain and stains, drawn once; a piece of them is taken each time."""
    random = np.random.RandomState(11)
    fine = random.normal(0, 1, (side, side)).astype(np.float32)
    coarse = cv2.resize(random.normal(0, 1, (side // 16,) * 2).astype(np.float32), (side, side))
    return fine, coarse


FINE, COARSE = noise_fields()


def texture_of_noise(side, colour, random, strength=None):
    """A plain surface with stains and grain."""
    strength = np.float32(random.uniform(2, 14) if strength is None else strength)
    (y, x), (v, u) = (random.randint(0, len(FINE) - side + 1, 2) for _ in range(2))
    grain = COARSE[y : y + side, x : x + side] * strength + FINE[v : v + side, u : u + side] * (strength / 2)
    return (np.asarray(colour, np.float32) + grain[..., None]).clip(0, 255)


def tiles(random, side=256):
    """A roof: tiles, slates, sheet metal with seams, or plain."""
    colour = np.array(ROOFS[random.randint(len(ROOFS))]) * random.uniform(0.6, 1.25) + random.normal(0, 8, 3)
    surface = texture_of_noise(side, colour, random)
    kind = random.choice(["tiles", "slates", "seams", "plain"], p=[0.5, 0.2, 0.15, 0.15])
    shade = random.uniform(0.55, 0.95)
    if kind == "seams":
        step = random.randint(12, 40)
        surface[:, ::step] *= shade
        surface[:, 1::step] *= 2 - shade
    elif kind != "plain":
        down, across = random.randint(5, 16), random.randint(4, 14)
        for row, y in enumerate(range(0, side, down)):
            surface[y : y + max(1, down // 5)] *= shade
            start = (row % 2) * across // 2 if kind == "slates" else 0
            surface[y : y + down, start::across] *= shade + 0.1
            surface[y : y + down] *= random.uniform(0.95, 1.05)
    return opaque(surface)


ROOFS = [(165, 85, 60), (140, 70, 55), (120, 60, 50), (85, 88, 98), (60, 62, 70), (110, 95, 85), (150, 150, 150), (90, 60, 45), (190, 120, 90), (235, 238, 242)]  # fmt: skip


def wall(random, width_px=256, height_px=160):
    """A wall of plaster or bricks with windows and perhaps a door."""
    side = max(width_px, height_px)
    colour = random.uniform([120, 110, 95], [245, 240, 230]) if random.rand() < 0.7 else random.uniform([120, 60, 45], [180, 100, 80])
    surface = texture_of_noise(side, colour, random)[:height_px, :width_px].copy()
    if random.rand() < 0.3:
        for row, y in enumerate(range(0, height_px, 6)):
            surface[y] *= 0.8
            surface[y : y + 6, (row % 2) * 6 :: 12] *= 0.85
    for _ in range(random.randint(0, 5)):
        w, h = random.randint(14, 40), random.randint(20, 50)
        x, y = random.randint(0, width_px - w), random.randint(10, max(11, height_px - h))
        surface[y - 3 : y + h + 3, max(0, x - 3) : x + w + 3] = random.uniform(120, 255)
        surface[y : y + h, x : x + w] = glass(w, h, random)[: height_px - y, : width_px - x]
        if random.rand() < 0.6:
            surface[y : y + h, x + w // 2] = 230
    return opaque(surface)


def glass(width, height, random):
    """A pane that mirrors the sky or shows a dark room."""
    top, low = random.uniform(20, 200, 3), random.uniform(10, 120, 3)
    return (top + (low - top) * np.linspace(0, 1, height)[:, None])[:, None].repeat(width, 1)


def module(random, style):
    """One module, RGB: cells with their lines in a frame."""
    width, height = MODULE_PX
    colour, line, frame, across, down, busbars, edge = style
    pixels = np.empty((height, width, 3), np.float32)
    pixels[:] = colour + random.normal(0, 2, 3)
    cell_w, cell_h = (width - 2 * edge) / across, (height - 2 * edge) / down
    for i in range(across):
        for j in range(down):
            x0, y0 = int(edge + i * cell_w), int(edge + j * cell_h)
            pixels[y0 : int(y0 + cell_h), x0 : int(x0 + cell_w)] += random.normal(0, style_spread(style))
    for i in range(1, across):
        pixels[:, int(edge + i * cell_w)] += line
    for j in range(1, down):
        pixels[int(edge + j * cell_h)] += line
    if busbars:
        for i in range(across):
            for b in range(busbars):
                pixels[:, int(edge + (i + (b + 1) / (busbars + 1)) * cell_w)] += line * 0.35
    for part in (pixels[:edge], pixels[-edge:], pixels[:, :edge], pixels[:, -edge:]):
        part[:] = frame
    return pixels


def style_spread(style):
    return 4.0 if style[0][2] > 90 else 1.0


def module_style(random):
    """Colour of the cells, brightness of lines, frame, cells across and down, busbars, width of the frame."""
    kind = random.choice(["poly", "mono", "black", "film"], p=[0.42, 0.33, 0.17, 0.08])
    colour = {
        "poly": random.uniform([15, 35, 90], [75, 110, 190]),
        "mono": random.uniform([15, 20, 35], [55, 65, 95]),
        "black": random.uniform([10, 10, 14], [35, 36, 45]),
        "film": random.uniform([30, 25, 30], [70, 55, 60]),
    }[kind]
    line = {"poly": random.uniform(25, 110), "mono": random.uniform(20, 110), "black": random.uniform(0, 16)}.get(kind, 8.0)
    silver = random.rand() < (0.75 if kind in ("poly", "mono") else 0.25)
    frame = random.uniform(150, 245) if silver else random.uniform(10, 45)
    across, down = [(6, 10), (6, 12), (6, 6), (4, 9), (5, 10)][random.choice(5, p=[0.5, 0.2, 0.1, 0.1, 0.1])]
    edge = int(random.choice([1, 2, 3]))
    return np.array(colour), line, frame, across, down, int(random.choice([0, 2, 3])), edge


def array_texture(random, columns, rows, style=None):
    """Modules in rows and columns, RGBA, with the sky mirrored in them."""
    style = style or module_style(random)
    width, height = MODULE_PX
    upright = random.rand() < 0.7
    one = module(random, style)
    if not upright:
        one = np.rot90(one)
        width, height = height, width
    gap = int(random.choice([0, 1, 2, 4], p=[0.3, 0.35, 0.25, 0.1]))
    pixels = np.empty((rows * (height + gap), columns * (width + gap), 3), np.float32)
    pixels[:] = random.uniform(10, 150)
    for row in range(rows):
        for column in range(columns):
            y, x = row * (height + gap), column * (width + gap)
            pixels[y : y + height, x : x + width] = one * random.uniform(0.93, 1.07) + random.normal(0, 2)
    return opaque(mirror_sky(pixels, random)), (columns * width, rows * height)


def mirror_sky(pixels, random):
    """Brighten a surface as the sky does: evenly, towards one side, or in clouds."""
    height, width = pixels.shape[:2]
    if random.rand() < 0.75:
        direction = random.uniform(-1, 1, 2)
        across, down = np.linspace(-1, 1, width, dtype=np.float32), np.linspace(-1, 1, height, dtype=np.float32)
        ramp = across[None] * np.float32(direction[0]) + down[:, None] * np.float32(direction[1])
        amount = (np.float32(random.uniform(0, 0.45)) + ramp * np.float32(random.uniform(0, 0.35))).clip(0, 0.85)
        if random.rand() < 0.3:
            clouds = cv2.resize(random.normal(0, 1, (4, 6)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
            amount = (amount + clouds * 0.12).clip(0, 0.9)
        sky = random.uniform([130, 165, 205], [235, 240, 250]).astype(np.float32)
        pixels = pixels * (1 - amount[..., None]) + sky * amount[..., None]
    return pixels * np.float32(random.uniform(0.7, 1.25))


# --- things


def spot(scene, random, low=24):
    """Where a thing's middle is and how large it is."""
    middle = 0.35 * scene.side
    size = log_uniform(random, low, middle) if random.rand() < 0.4 else log_uniform(random, middle / 1.5, LARGEST * scene.side)
    keep = min(0.45, 0.3 * size / scene.side + 0.1)
    centre = random.uniform([keep * scene.side * 0.6] * 2, [scene.side * (1 - keep * 0.6)] * 2)
    return centre, size


def extent(random):
    """Columns and rows of an array; small ones most often."""
    columns = int(log_uniform(random, 1, 13))
    rows = int(log_uniform(random, 1, 6))
    return max(columns, 2 if rows == 1 and random.rand() < 0.7 else 1), rows


def draw_building(scene, texture_of, random, modules):
    """A house with a roof, seen from the street, with modules on the roof or what resembles them."""
    columns, rows = extent(random)
    texture, (px, py) = array_texture(random, columns, rows)
    metre = MODULE_M[0] / MODULE_PX[0]
    width, height = px * metre, py * metre
    left, right = random.uniform(0.1, 4, 2)
    below, above = random.uniform(0.1, 2.5, 2)
    yaw, tilt = random.normal(0, 32), random.uniform(15, 60)
    distance, eave = random.uniform(6, 35), random.uniform(-1.0, 5.5)
    plane = Plane([-(width + left) / 2 + random.normal(0, 3), eave, distance], yaw, tilt)
    area = plane.quad(left, below, left + width, below + height)
    if area[:, 2].min() < 1.0:
        return
    centre, size = spot(scene, random)
    camera = Camera(area, centre, size, random.normal(0, 2.5))
    quad = camera.see(area)
    if not is_clear(quad):
        return
    roof = plane.quad(0, 0, left + width + right, below + height + above)
    if not scene.is_free(box_of(quad)):
        return
    if random.rand() < 0.85 and roof[:, 2].min() > 1.0:
        walls = Plane(plane.corner, yaw, 90).quad(0, -random.uniform(2, 7), left + width + right, 0)
        paint(scene, wall(random), camera.see(walls))
        skin = tiles(random) if random.rand() < 0.9 else opaque(texture_of(256, random))
        repeat = max(1, int(random.uniform(1, 4)))
        skin = np.tile(skin, (repeat, repeat, 1))
        paint(scene, skin, camera.see(roof))
        if random.rand() < 0.25:
            draw_chimney(scene, camera, plane, left + width + right, below + height + above, random)
        if random.rand() < (0.25 if modules else 0.8):
            draw_roof_windows(scene, camera, plane, (left, below, width, height), random, beside=modules)
    if not modules:
        if random.rand() < 0.35:
            paint(scene, collector(random), quad)
        return
    if random.rand() < 0.12 and rows * columns > 3:
        texture = with_hole(texture, columns, rows, random)
    paint(scene, texture, quad)
    label_array(scene, quad, random)


def label_array(scene, quad, random):
    box = box_of(quad)
    if random.rand() < 0.15:
        draw_occluder(scene, box, random)
    scene.label(box, 0)


def with_hole(texture, columns, rows, random):
    """An array without one of its modules, as around a roof window."""
    height, width = texture.shape[0] // rows, texture.shape[1] // columns
    row, column = random.randint(rows), random.randint(columns)
    texture = texture.copy()
    texture[row * height : (row + 1) * height, column * width : (column + 1) * width, 3] = 0
    return texture


def draw_chimney(scene, camera, plane, width, height, random):
    x, y = random.uniform(0, width - 0.8), random.uniform(height * 0.5, height)
    foot = plane.corner + x * plane.along + y * plane.up
    stack = np.array([foot + [0, 1.4, 0], foot + plane.along * 0.7 + [0, 1.4, 0], foot + plane.along * 0.7, foot])
    paint(scene, opaque(texture_of_noise(64, random.uniform([90, 60, 50], [200, 190, 180]), random)), camera.see(stack))


def draw_roof_windows(scene, camera, plane, area, random, beside):
    """Windows in the roof: a dark or mirroring pane in a frame."""
    left, below, width, height = area
    for _ in range(random.randint(1, 4)):
        w, h = random.uniform(0.6, 1.2), random.uniform(0.9, 1.5)
        x = left + width + 0.2 if beside else left + random.uniform(0, max(0.1, width - w))
        y = below + random.uniform(0, max(0.1, height - h))
        pane = np.full((70, 50, 3), random.uniform(40, 220), np.float32)
        pane[6:-6, 6:-6] = glass(38, 58, random)
        paint(scene, opaque(pane), camera.see(plane.quad(x, y, x + w, y + h)))
        if beside:
            return


def collector(random):
    """A solar thermal collector: dark and even, in a few large plates, without cells."""
    plates = random.randint(1, 4)
    pixels = texture_of_noise(128, random.uniform([10, 12, 18], [60, 60, 75]), random, strength=2.0)
    for edge in np.linspace(0, 126, plates + 1).astype(int):
        pixels[:, edge : edge + 2] = random.uniform(90, 200)
    pixels[:2] = pixels[-2:] = random.uniform(90, 200)
    return opaque(mirror_sky(pixels, random))


def draw_stand(scene, kind, random):
    """Modules on a frame on the ground or a carport, on a wall, or on a post."""
    columns, rows = extent(random)
    if kind == POST:
        columns, rows = random.randint(1, 4), random.randint(1, 4)
    texture, (px, py) = array_texture(random, columns, rows)
    metre = MODULE_M[0] / MODULE_PX[0]
    width, height = px * metre, py * metre
    tilt = {FRAME: random.uniform(8, 50), FACADE: 90.0, POST: random.uniform(25, 85)}[kind]
    yaw = random.normal(0, 38)
    foot = {FRAME: random.uniform(-1.6, 1.5), FACADE: random.uniform(-1, 6), POST: random.uniform(-1, 3)}[kind]
    plane = Plane([-width / 2 + random.normal(0, 2), foot, random.uniform(4, 30)], yaw, tilt)
    area = plane.quad(0, 0, width, height)
    if area[:, 2].min() < 1.0:
        return
    centre, size = spot(scene, random)
    camera = Camera(area, centre, size, random.normal(0, 3))
    quad = camera.see(area)
    if not is_clear(quad) or not scene.is_free(box_of(quad)):
        return
    if kind == FACADE:
        paint(scene, wall(random), camera.see(plane.quad(-2, -4, width + 2, height + 2)))
    else:
        legs = 1 if kind == POST else random.randint(2, 5)
        colour = random.uniform(40, 200)
        for leg in range(legs):
            x = width * ((leg + 0.5) / legs)
            top = plane.corner + x * plane.along + 0.3 * height * plane.up
            pixels = camera.see(np.array([top, top - [0, 4.0, 0]])).astype(int).tolist()
            cv2.line(scene.pixels, pixels[0], pixels[1], [colour] * 3, max(1, int(camera.scale * 0.08 / top[2])), cv2.LINE_AA)
    paint(scene, texture, quad)
    label_array(scene, quad, random)


def draw_lookalike(scene, random):
    """A glass front, a blind, a garage door, a fence or a windscreen, on a plane in space."""
    plane = Plane([random.normal(0, 2), random.uniform(-2, 4), random.uniform(6, 25)], random.normal(0, 30), 90)
    area = plane.quad(0, 0, random.uniform(1, 10), random.uniform(1, 6))
    if area[:, 2].min() < 1.0:
        return
    centre, size = spot(scene, random)
    quad = Camera(area, centre, size, random.normal(0, 2)).see(area)
    if not is_clear(quad) or not scene.is_free(box_of(quad)):
        return
    side = 192
    kind = random.choice(["front", "blind", "door", "fence"])
    base = random.uniform([20, 25, 30], [150, 170, 190])
    pixels = texture_of_noise(side, base, random, strength=3.0)
    if kind == "front":
        across, down = random.randint(2, 7), random.randint(1, 6)
        for i in range(across):
            for j in range(down):
                x, y, w, h = i * side // across, j * side // down, side // across, side // down
                pixels[y : y + h, x : x + w] = glass(w, h, random)
        pixels[:, :: side // across] = pixels[:: side // down] = random.uniform(40, 230)
    elif kind == "blind":
        pixels[:: random.randint(4, 12)] *= random.uniform(0.5, 0.85)
    elif kind == "door":
        pixels = texture_of_noise(side, random.uniform(60, 240, 3), random, strength=3.0)
        pixels[:: side // random.randint(3, 7)] *= 0.7
    else:
        pixels[:: random.randint(6, 14)] = random.uniform(30, 200)
        pixels[:, :: random.randint(6, 14)] = random.uniform(30, 200)
    paint(scene, opaque(mirror_sky(pixels, random)), quad)
