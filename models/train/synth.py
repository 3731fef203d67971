"""Signs, plates, poles and look-alikes pasted onto a crop."""

import math

import cv2
import numpy as np

SMALLEST_SIGN = 8


def log_uniform(random, low, high):
    return math.exp(random.uniform(math.log(low), math.log(high)))


class Scene:
    """A square crop with its signs (x0, y0, x1, y1, family) and the boxes that count neither way."""

    def __init__(self, pixels, signs=(), ignored=()):
        self.pixels = pixels
        self.side = pixels.shape[0]
        self.signs = []
        self.ignored = []
        for box in ignored:
            self.ignore(box)
        for *box, family in signs:
            self.label(box, family)

    def label(self, box, family):
        """Label a sign by what the crop shows of it; too small or cut by half, it is ignored."""
        seen = self._clip(box)
        width, height = seen[2] - seen[0], seen[3] - seen[1]
        if min(width, height) <= 0:
            return
        share = width * height / ((box[2] - box[0]) * (box[3] - box[1]))
        if share >= 0.5 and max(width, height) >= SMALLEST_SIGN:
            self.signs.append([*seen, family])
        else:
            self.ignored.append(seen)

    def ignore(self, box):
        seen = self._clip(box)
        if min(seen[2] - seen[0], seen[3] - seen[1]) > 0:
            self.ignored.append(seen)

    def is_free(self, box):
        taken = [sign[:4] for sign in self.signs] + self.ignored
        return not any(
            min(box[2], other[2]) > max(box[0], other[0]) and min(box[3], other[3]) > max(box[1], other[1])
            for other in taken
        )

    def brightness(self, box):
        x0, y0, x1, y1 = map(int, self._clip(box))
        part = self.pixels[y0:y1, x0:x1]
        return float(part.mean()) if part.size else 110.0

    def blend(self, patch, x, y):
        """Lay a premultiplied RGBA patch (0–255) with its corner at (x, y)."""
        height, width = patch.shape[:2]
        x0, y0, x1, y1 = max(0, x), max(0, y), min(self.side, x + width), min(self.side, y + height)
        if x1 <= x0 or y1 <= y0:
            return
        patch = patch[y0 - y : y1 - y, x0 - x : x1 - x]
        under = self.pixels[y0:y1, x0:x1]
        blended = under * (1 - patch[..., 3:] / 255) + patch[..., :3]
        under[:] = blended.clip(0, 255).astype(np.uint8)

    def _clip(self, box):
        return [min(max(float(value), 0.0), float(self.side)) for value in box]


# --- signs


def warp(drawing, size, random, flat):
    """The drawing seen in perspective, `size` pixels along its longer side."""
    aspect = drawing.aspect
    width, height = (size, size / aspect) if aspect >= 1 else (size * aspect, size)
    source = drawing.at_least(height)
    yaw = random.uniform(-66, 66) if random.rand() < 0.3 else random.normal(0, 16)
    yaw, pitch, roll = np.radians([yaw, random.normal(0, 6), random.normal(0, 4.5)]) * (0.4 if flat else 1)
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [width / 2, height / 2]
    depth = corners[:, 0] * math.sin(yaw) + corners[:, 1] * math.sin(pitch)
    away = size * random.uniform(2.5, 8)
    turned = corners * [math.cos(yaw), math.cos(pitch)] * (away / (away + depth))[:, None]
    c, s = math.cos(roll), math.sin(roll)
    turned = turned @ np.array([[c, s], [-s, c]])
    turned += 2 - turned.min(0)
    source_height, source_width = source.shape[:2]
    source_corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * [source_width, source_height]
    transform = cv2.getPerspectiveTransform(
        (source_corners - 0.5).astype(np.float32), (turned - 0.5).astype(np.float32)
    )
    patch_size = np.ceil(turned.max(0) + 2).astype(int).tolist()
    interpolation = cv2.INTER_CUBIC if height > source_height else cv2.INTER_LINEAR
    return cv2.warpPerspective(source, transform, patch_size, flags=interpolation).clip(0, 255)


def light(patch, brightness, random):
    """Fade, tint and shade a patch so that it sits in a place of this brightness."""
    alpha, colour = patch[..., 3:] / 255, patch[..., :3] / 255
    if random.rand() < 0.8:
        gain = np.clip(brightness / 105, 0.45, 1.25) * random.uniform(0.55, 1.2)
    else:
        gain = random.uniform(0.25, 1.1)
    contrast, haze = random.uniform(0.6, 1.0), random.uniform(0, 0.22)
    colour = colour * contrast + alpha * haze * (1 - contrast * 0.5)
    if random.rand() < 0.5:
        grey = colour.mean(2, keepdims=True)
        colour = grey + (colour - grey) * random.uniform(0.45, 1.15)
    colour = colour * gain * random.uniform(0.85, 1.15, 3)
    height, width = colour.shape[:2]
    if random.rand() < 0.5:
        down = np.linspace(random.uniform(0.55, 1.1), random.uniform(0.7, 1.2), height)
        across = np.linspace(random.uniform(0.7, 1.1), random.uniform(0.8, 1.15), width)
        colour = colour * np.outer(down, across)[..., None]
    if random.rand() < 0.15:
        x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
        angle = random.uniform(0, 2 * math.pi)
        shadow = x * math.cos(angle) + y * math.sin(angle) > random.uniform(-0.5, 0.5)
        colour = colour * np.where(shadow, random.uniform(0.4, 0.8), 1)[..., None]
    lit = np.concatenate([colour.clip(0, 1.2) * 255, patch[..., 3:]], 2).astype(np.float32)
    if random.rand() < 0.7:
        blur = random.uniform(0.3, 1.0 if max(lit.shape) < 60 else 1.8)
        lit = cv2.GaussianBlur(lit, (0, 0), blur)
    return lit


def paste_signs(scene, drawings, random, count, flat=False):
    """Paste up to `count` groups of signs where the scene is free; flat ones stay as drawn."""
    for _ in range(count):
        paste_group(scene, drawings, random, flat)


def paste_group(scene, drawings, random, flat):
    """One sign or a stack of some, perhaps with a plate beneath, mostly on a pole."""
    side = scene.side
    largest = 0.75 * side
    size = log_uniform(random, 10, 56) if random.rand() < 0.55 else log_uniform(random, 24, largest)
    x0 = random.randint(-int(size * 0.2), max(1, int(side - size * 0.7)))
    y0 = random.randint(-int(size * 0.15), max(1, int(side - size * 0.8)))
    centre, y = x0 + size / 2, float(y0)
    group = []
    for number in range(1 + (random.rand() < 0.22) + (random.rand() < 0.04)):
        drawing = drawings.sign(random)
        patch = warp(drawing, size * (1 if number == 0 else random.uniform(0.7, 1.05)), random, flat)
        group.append((drawing.family, patch, int(centre - patch.shape[1] / 2), int(y)))
        y += patch.shape[0] - 2 + random.uniform(0, 0.1) * size
    if random.rand() < 0.3:
        drawing = drawings.plate(random)
        patch = warp(drawing, size * random.uniform(0.6, 1.1), random, flat)
        group.append((drawing.family, patch, int(centre - patch.shape[1] / 2), int(y)))
        y += patch.shape[0]
    # Seen from behind, all of it is grey metal: no sign to be found.
    behind = not flat and random.rand() < 0.08
    if behind:
        group = [(None, back_of(patch, random), x, y) for _, patch, x, y in group]
    left = min(x for _, _, x, _ in group)
    right = max(x + patch.shape[1] for _, patch, x, _ in group)
    if not scene.is_free([left, y0, right, y]):
        return
    brightness = scene.brightness([x0, y0, x0 + size, y0 + size])
    if random.rand() < 0.6 or flat:
        draw_pole(scene, centre, y0 + size * 0.3, size, 110.0 if flat else brightness, random)
    if not flat and not behind and random.rand() < 0.07:
        draw_backboard(scene, [left, y0, right, y], random)
    for family, patch, x, y in group:
        if behind:
            scene.blend(light(patch, brightness, random), x, y)
            continue
        paste(scene, family, patch if flat else light(patch, brightness, random), x, y)
        if not flat and random.rand() < 0.08:
            height, width = patch.shape[:2]
            draw_occluder(scene, [x, y, x + width, y + height], random)


def back_of(patch, random):
    """A patch's outline in grey metal with a darker post and clamps in front."""
    alpha = patch[..., 3:]
    height, width = alpha.shape[:2]
    grey = np.full((height, width, 3), random.uniform(70, 190), np.float32)
    grey += np.linspace(-1, 1, height)[:, None, None] * random.uniform(-30, 30)
    post = max(1, int(width * random.uniform(0.06, 0.14)))
    start = max(0, (width - post) // 2)
    grey[:, start : start + post] *= random.uniform(0.5, 1.2)
    for share in (0.3, 0.7):
        row = int(height * share)
        grey[row : row + max(1, height // 25)] *= random.uniform(0.6, 1.2)
    return np.concatenate([grey.clip(0, 255) * alpha / 255, alpha], 2).astype(np.float32)


def draw_backboard(scene, box, random):
    """The pale board or wall behind signs of car parks, gates and zones."""
    x0, y0, x1, y1 = box
    spread = random.uniform(0.05, 0.35) * (x1 - x0)
    below = random.uniform(0.05, 0.8) * (x1 - x0)
    corners = (int(x0 - spread), int(y0 - spread)), (int(x1 + spread), int(y1 + below))
    ground = (random.uniform(130, 250) + random.uniform(-12, 12, 3)).clip(0, 255).tolist()
    cv2.rectangle(scene.pixels, *corners, ground, -1)
    if random.rand() < 0.4:
        cv2.rectangle(scene.pixels, *corners, random.uniform(0, 200, 3).tolist(), max(1, int(spread * 0.15)))


def paste(scene, family, patch, x, y):
    """Lay a patch and label it."""
    rows, columns = np.where(patch[..., 3] > 127)
    if len(rows) < 12:
        return
    scene.blend(patch, x, y)
    box = [x + columns.min(), y + rows.min(), x + columns.max() + 1, y + rows.max() + 1]
    scene.label(box, family)


def draw_pole(scene, x, top, size, brightness, random):
    grey = random.uniform(50, 200) * np.clip(brightness / 110, 0.5, 1.3)
    colour = (grey + random.uniform(-12, 12, 3)).clip(0, 255).tolist()
    foot = x + random.normal(0, 0.03) * (scene.side - top)
    width = max(1, round(size * random.uniform(0.05, 0.12)))
    start, end = (round(x * 8), round(top * 8)), (round(foot * 8), scene.side * 8 + 80)
    cv2.line(scene.pixels, start, end, colour, width, cv2.LINE_AA, 3)


def draw_occluder(scene, box, random):
    """A post or some leaves in front of a box."""
    x0, y0, x1, y1 = box
    width, height = x1 - x0, y1 - y0
    if random.rand() < 0.5:
        post = random.uniform(0.1, 0.4) * width
        x = random.uniform(x0 - post / 2, x1 - post / 2)
        corners = (int(x), int(y0 - height * 0.2)), (int(x + post), int(y1 + height * 0.2))
        cv2.rectangle(scene.pixels, *corners, random.uniform(20, 140, 3).tolist(), -1)
        return
    for _ in range(random.randint(2, 7)):
        centre = int(random.uniform(x0 - 3, x1 + 3)), int(random.uniform(y1 - height * 0.4, y1 + 3))
        green = random.uniform([20, 50, 20], [80, 120, 60]).tolist()
        cv2.circle(scene.pixels, centre, max(1, int(width * random.uniform(0.08, 0.22))), green, -1)


# --- look-alikes


def draw_lookalikes(scene, texture_of, random):
    """Some plain shapes, lights, wheels and plaques that are no signs, where the scene is free."""
    for _ in range(random.randint(1, 4)):
        size = log_uniform(random, 8, 0.47 * scene.side)
        x, y = random.uniform(0, scene.side - size, 2)
        width, height = size * random.uniform(0.4, 1.3), size * random.uniform(0.5, 1.3)
        kind = random.choice(["ellipse", "rectangle", "triangle", "post", "lights", "wheel", "lamp", "plaque"])
        if kind in ("post", "lights"):
            width, height = size * 0.35, size * (2.0 if kind == "post" else 0.95)
        if kind == "wheel":
            height = size
        box = [x, y, x + width, y + height]
        if not scene.is_free(box):
            continue
        if kind in OBJECTS:
            OBJECTS[kind](scene, box, random)
        else:
            draw_shape(scene, kind, box, texture_of, random)


def draw_shape(scene, kind, box, texture_of, random):
    x0, y0, x1, y1 = map(int, box)
    mask = np.zeros((scene.side, scene.side), np.uint8)
    if kind == "ellipse":
        centre, axes = ((x0 + x1) // 2, (y0 + y1) // 2), ((x1 - x0) // 2, (y1 - y0) // 2)
        cv2.ellipse(mask, centre, axes, 0, 0, 360, 255, -1, cv2.LINE_AA)
    elif kind == "triangle":
        corners = np.array([[(x0 + x1) // 2, y0], [x1, y1], [x0, y1]], np.int32)
        cv2.fillPoly(mask, [corners], 255, cv2.LINE_AA)
    else:
        cv2.rectangle(mask, (x0, y0), (x1, y1), 255, -1)
    if random.rand() < 0.5:
        mask = cv2.GaussianBlur(mask, (0, 0), random.uniform(0.4, 1.2))
    if random.rand() < 0.5:
        fill = texture_of(scene.side, random)
    else:
        fill = random.uniform(0, 255, 3)
    share = mask[..., None] / np.float32(255)
    scene.pixels[:] = (scene.pixels * (1 - share) + fill * share).astype(np.uint8)


def draw_traffic_light(scene, box, random):
    x0, y0, x1, y1 = map(int, box)
    cv2.rectangle(scene.pixels, (x0, y0), (x1, y1), random.uniform(10, 60, 3).tolist(), -1)
    lit = random.randint(3)
    colours = [(230, 40, 30), (240, 170, 30), (40, 220, 130)]
    for lamp, colour in enumerate(colours):
        gain = random.uniform(0.7, 1.0) if lamp == lit else random.uniform(0.15, 0.35)
        centre = (x0 + x1) // 2, int(y0 + (y1 - y0) * (lamp + 0.5) / 3)
        colour = [value * gain for value in colour]
        cv2.circle(scene.pixels, centre, max(1, int((x1 - x0) * 0.36)), colour, -1, cv2.LINE_AA)


def draw_wheel(scene, box, random):
    x0, y0, x1, y1 = box
    centre, axes = np.array([x0 + x1, y0 + y1]) / 2, np.array([x1 - x0, y1 - y0]) / 2
    for share, grey in ((1.0, random.uniform(10, 50)), (0.65, random.uniform(80, 200)), (0.15, 60)):
        size = tuple(max(1, int(axis * share)) for axis in axes)
        cv2.ellipse(scene.pixels, tuple(centre.astype(int).tolist()), size, 0, 0, 360, [grey] * 3, -1, cv2.LINE_AA)


def draw_lamp(scene, box, random):
    """The red lamp of a car: a rounded polygon with a brighter and a paler part."""
    x0, y0, x1, y1 = box
    centre, axes = np.array([x0 + x1, y0 + y1]) / 2, np.array([x1 - x0, y1 - y0]) / 2
    red = random.uniform([110, 0, 0], [240, 50, 50])
    pale = random.uniform([180, 90, 60], [255, 240, 220])
    corners = np.sort(random.uniform(0, 2 * math.pi, 6))
    for share, colour in ((1.0, red), (0.7, red * 1.25), (0.35, pale)):
        middle = centre + axes * random.uniform(-0.25, 0.25, 2) * (1 - share)
        polygon = middle + np.stack([np.cos(corners), np.sin(corners)], 1) * axes * share
        cv2.fillPoly(scene.pixels, [polygon.astype(np.int32)], colour.clip(0, 255).tolist(), cv2.LINE_AA)
    soften_box(scene, box, random)


def draw_plaque(scene, box, random):
    """A house number, the name of a street or shop, or a car's number: letters on a plain plate."""
    x0, y0, x1, y1 = box
    ground, ink = PLAQUES[random.randint(len(PLAQUES))]
    text = "".join(random.choice(list("ABCDEFGHLMNOPRSTUV0123456789"), random.randint(1, 8)))
    height = min(y1 - y0, (x1 - x0) * 1.6 / len(text))
    bottom = y0 + height
    corners = (int(x0), int(y0)), (int(x1), int(bottom))
    cv2.rectangle(scene.pixels, *corners, ground, -1)
    if random.rand() < 0.4:
        cv2.rectangle(scene.pixels, *corners, ink, max(1, int(height * 0.06)))
    start = int(x0 + (x1 - x0) * 0.1), int(bottom - height * 0.25)
    scale, thickness = height * 0.5 / 22, max(1, int(height * 0.08))
    cv2.putText(scene.pixels, text, start, cv2.FONT_HERSHEY_SIMPLEX, scale, ink, thickness, cv2.LINE_AA)
    soften_box(scene, [x0, y0, x1, bottom], random)


def soften_box(scene, box, random):
    x0, y0, x1, y1 = map(int, box)
    part = scene.pixels[max(0, y0 - 2) : y1 + 2, max(0, x0 - 2) : x1 + 2]
    part[:] = cv2.GaussianBlur(part, (0, 0), random.uniform(0.3, 1.4))


PLAQUES = [
    ((30, 50, 140), (240, 240, 240)),
    ((20, 90, 60), (240, 240, 240)),
    ((235, 235, 230), (20, 20, 30)),
    ((235, 200, 40), (20, 20, 20)),
    ((30, 30, 35), (220, 220, 210)),
    ((170, 30, 35), (245, 245, 240)),
]
OBJECTS = {"lights": draw_traffic_light, "wheel": draw_wheel, "lamp": draw_lamp, "plaque": draw_plaque}
