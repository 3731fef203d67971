"""Training crops: real pictures and backgrounds, signs pasted onto them, then a camera's faults."""

import math

import cv2
import numpy as np

import data
from drawings import Drawings
from flatstreet import draw_street
from synth import Scene, draw_lookalikes, log_uniform, paste_signs

GREY = (114, 114, 114)
FRENCH, GERMAN, CUTS, FACES, LOOKALIKES = "french", "german", "cuts", "faces", "lookalikes"
FLAT, EMPTY = "flat", "empty"
SHARES = {FRENCH: 0.35, GERMAN: 0.19, CUTS: 0.15, FACES: 0.12, LOOKALIKES: 0.10, FLAT: 0.05, EMPTY: 0.04}
# The largest sign aimed at, as a share of the crop's side.
LARGEST = 0.9
# Chances of pasting 0, 1, 2 … groups of signs.
GROUPS_ON_SIGNS = [0.55, 0.35, 0.10]
GROUPS_ON_BACKGROUND = [0.2, 0.2, 0.25, 0.2, 0.15]


class CropMaker:
    """Draws crops from everything there is to train with."""

    def __init__(self, folder):
        french, german = data.read_sy32(folder, held_out=False), data.read_gtsdb(folder, held_out=False)
        faces = data.read_background_faces(folder)
        unsigned = (folder / "signs-gtsdb" / "negatives.txt").read_text().split()
        unsigned = {name.split(".")[0] for name in unsigned}
        self.pictures = {
            FRENCH: [picture for picture in french if len(picture.signs)],
            GERMAN: [picture for picture in german if len(picture.signs)],
            CUTS: data.read_panorama_cuts(folder),
            FACES: faces,
            LOOKALIKES: [picture for picture in french + german + faces if len(picture.lookalikes)],
            EMPTY: [picture for picture in french if not len(picture.signs)]
            + [picture for picture in german if picture.name.split(".")[0] in unsigned],
        }
        self.drawings = Drawings(folder / "sign-templates-fr")

    def make(self, side, random):
        """A crop as (scene, whether signs may be in it that nobody labelled)."""
        kind = random.choice(list(SHARES), p=list(SHARES.values()))
        if kind == FLAT:
            return self._flat(side, random), False
        picture = self.pictures[kind][random.randint(len(self.pictures[kind]))]
        has_signs = kind in (FRENCH, GERMAN)
        aims = picture.lookalikes if kind == LOOKALIKES else picture.signs
        focus = aims[random.randint(len(aims))] if len(aims) and random.rand() < 0.9 else None
        scene = crop(picture, side, random, focus)
        if random.rand() < 0.25:
            draw_lookalikes(scene, self._texture, random)
        chances = GROUPS_ON_SIGNS if has_signs else GROUPS_ON_BACKGROUND
        paste_signs(scene, self.drawings, random, random.choice(len(chances), p=chances))
        scene.pixels = camera_faults(scene.pixels, random)
        return scene, picture.partly_labelled

    def _flat(self, side, random):
        scene = Scene(draw_street(side, random))
        if random.rand() < 0.2:
            draw_lookalikes(scene, self._texture, random)
        paste_signs(scene, self.drawings, random, random.randint(1, 4), flat=True)
        if random.rand() < 0.3:
            scene.pixels = camera_faults(scene.pixels, random)
        return scene

    def _texture(self, side, random):
        """A blown-up piece of some picture."""
        pictures = self.pictures[EMPTY]
        return piece_of(pictures[random.randint(len(pictures))], side, 0.4, random)


def piece_of(picture, side, largest, random):
    """A square piece of a picture, of a tenth up to `largest` of its shorter side, blown up to a side."""
    pixels = picture.pyramid[-1]
    height, width = pixels.shape[:2]
    piece = int(min(height, width) * random.uniform(0.1, largest))
    y, x = random.randint(height - piece), random.randint(width - piece)
    return cv2.resize(pixels[y : y + piece, x : x + piece], (side, side))


def crop(picture, side, random, focus):
    """A turned, stretched and perhaps mirrored square of the picture, around `focus` where given."""
    height, width = picture.pixels.shape[:2]
    fit = side / max(height, width)
    if focus is not None:
        x0, y0, x1, y1 = focus[:4]
        size = max(x1 - x0, y1 - y0, 4)
        target = log_uniform(random, 10, LARGEST * side if random.rand() < 0.75 else 48)
        scale = min(max(target / size, fit * 0.75), 2.2, 0.95 * side / size)
        spread = 0.44 * side / scale
        centre = [(x0 + x1) / 2, (y0 + y1) / 2] + random.uniform(-spread, spread, 2)
    else:
        scale = log_uniform(random, fit, max(1.3, fit * 1.5))
        half = side / 2 / scale
        centre = [random.uniform(min(half, s / 2), max(s - half, s / 2)) for s in (width, height)]
    margin = side / scale * 0.38
    centre = [min(max(c, min(margin, s / 2)), max(s - margin, s / 2)) for c, s in zip(centre, (width, height))]

    level = 0
    while level + 1 < len(picture.pyramid) and scale * 2 ** (level + 1) <= 1.15:
        level += 1
    source = picture.pyramid[level]
    to_source = np.diag([source.shape[1] / width, source.shape[0] / height])
    linear = random_turn(random) * scale
    offset = np.full(2, side / 2) - linear @ centre
    matrix = np.column_stack([linear @ np.linalg.inv(to_source), offset])
    pixels = cv2.warpAffine(source, matrix, (side, side), flags=cv2.INTER_LINEAR, borderValue=GREY)

    signs = np.column_stack([carry(picture.signs[:, :4], linear, offset), picture.signs[:, 4]])
    return Scene(pixels, signs.tolist(), carry(picture.ignored, linear, offset).tolist())


def random_turn(random):
    """A small rotation and stretch, mirrored half of the time."""
    angle = math.radians(random.normal(0, 3)) if random.rand() < 0.5 else 0.0
    stretch = math.exp(random.normal(0, 0.07))
    c, s = math.cos(angle), math.sin(angle)
    mirror = -1.0 if random.rand() < 0.5 else 1.0
    return np.array([[mirror, 0], [0, 1]]) @ np.array([[c * stretch, -s], [s * stretch, c]])


def carry(boxes, linear, offset):
    """Boxes moved by an affine map, through the middles of their sides so that turns do not swell them."""
    x0, y0, x1, y1 = boxes.T
    cx, cy = (x0 + x1) / 2, (y0 + y1) / 2
    middles = np.stack([np.stack([cx, cx, x0, x1]), np.stack([y0, y1, cy, cy])], -1)
    moved = middles @ linear.T + offset
    return np.concatenate([moved.min(0), moved.max(0)], 1)


def camera_faults(pixels, random):
    """Exposure, colour, blur, noise and compression."""
    if random.rand() < 0.8:
        pixels = cv2.LUT(pixels, tone_curves(random))
    if random.rand() < 0.06:
        pixels = cv2.LUT(pixels, dusk(random))
    if random.rand() < 0.3:
        grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[..., None].astype(np.float32)
        pixels = (grey + (pixels - grey) * random.uniform(0.4, 1.5)).clip(0, 255).astype(np.uint8)
    pixels = soften(pixels, random)
    if random.rand() < 0.25:
        noise = cv2.randn(np.empty(pixels.shape, np.int16), 0, random.uniform(2, 11))
        pixels = (pixels + noise).clip(0, 255).astype(np.uint8)
    if random.rand() < 0.3:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(random.uniform(25, 85))]
        pixels = cv2.imdecode(cv2.imencode(".jpg", pixels, quality)[1], cv2.IMREAD_COLOR)
    return pixels


def tone_curves(random):
    """One look-up table per channel: gamma, contrast, brightness and a tint."""
    levels = np.linspace(0, 1, 256)[:, None] ** math.exp(random.normal(0, 0.2))
    contrast, brightness = random.uniform(0.7, 1.25), random.uniform(-20, 22)
    curves = (255 * levels - 128) * contrast + 128 + brightness + random.normal(0, 6, 3)
    return curves.clip(0, 255).astype(np.uint8)[:, None]


def dusk(random):
    """One look-up table per channel: little light, often that of lamps."""
    levels = np.linspace(0, 1, 256)[:, None] ** random.uniform(1.1, 1.8)
    lamps = np.array([1.1, 0.85, 0.5]) if random.rand() < 0.4 else np.array([0.9, 0.95, 1.1])
    curves = 255 * levels * random.uniform(0.3, 0.8) * lamps
    return curves.clip(0, 255).astype(np.uint8)[:, None]


def soften(pixels, random):
    """One of: out of focus, moved, too few pixels, sharpened; mostly none."""
    side = len(pixels)
    kind = random.choice(["focus", "motion", "pixels", "sharpen", None], p=[0.18, 0.08, 0.10, 0.06, 0.58])
    if kind == "focus":
        return cv2.GaussianBlur(pixels, (0, 0), random.uniform(0.4, 1.4))
    if kind == "motion":
        length = random.randint(3, 8)
        kernel = np.eye(length, dtype=np.float32)
        if random.rand() < 0.7:
            kernel = np.zeros((length, length), np.float32)
            kernel[length // 2] = 1
        return cv2.filter2D(pixels, -1, kernel / length)
    if kind == "pixels":
        share = random.uniform(0.45, 0.9)
        small = cv2.resize(pixels, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
        return cv2.resize(small, (side, side), interpolation=cv2.INTER_LINEAR)
    if kind == "sharpen":
        return cv2.addWeighted(pixels, 1.6, cv2.GaussianBlur(pixels, (0, 0), 1.2), -0.6, 0)
    return pixels
