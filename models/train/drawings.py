"""The drawings of French signs and plates, ready to be pasted."""

import re
from dataclasses import dataclass

import cv2
import numpy as np

import boards
import families

# Signs met far more often than the others of their series.
FREQUENT = set(
    "B1 B6a1 B6d B27a AB3a AB4 C12 C20a B2a B2b B21-1 B8 C1a B3 A13a A14 C13a B22a B14_(30) B14_(50) "
    "B14_(70) B13 B30_(30) AB6 AB7 C27 C207".split()
)
VERY_FREQUENT = {"B1", "B6a1", "AB3a"}
# How often the signs of a series are drawn; the series not named are left out.
SERIES = [
    (r"AB", 1.5),
    (r"A|B", 1.0),
    (r"CE", 0.15),
    (r"C", 0.7),
    (r"G", 0.5),
    (r"J|K", 0.4),
    (r"ID|D|E", 0.08),
]
# The codes of plates. They hang under a sign.
PLATES = r"M"
# Of the signs that are pasted, so many are boards drawn anew.
BOARDS = 0.07


@dataclass
class Drawing:
    """A sign at several sizes, RGBA as floats with colours already multiplied by the alpha."""

    code: str
    family: int
    levels: list

    @property
    def aspect(self):
        height, width = self.levels[0].shape[:2]
        return width / height

    def at_least(self, height):
        """The smallest of the sizes that is not smaller than this height."""
        return next((level for level in reversed(self.levels) if level.shape[0] >= height), self.levels[0])


def weight(code):
    series = next((value for start, value in SERIES if re.match(start, code)), 0.0)
    return series * (3.0 if code in FREQUENT else 1.0) * (1.7 if code in VERY_FREQUENT else 1.0)


def read_drawing(path):
    code = path.stem.removeprefix("FR_")
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if not code or pixels.ndim < 3 or pixels.shape[2] < 4:
        return None
    pixels = cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA).astype(np.float32)
    family = families.of_french_code(code)
    if family == families.YIELD:
        pixels = without_plate(pixels)
    rows, columns = np.where(pixels[..., 3] > 100)
    pixels = pixels[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    return Drawing(code, family, levels_of(pixels))


def without_plate(pixels):
    """The triangle alone of a give way sign drawn with its plate: all above the narrowest row."""
    width_of_row = (pixels[..., 3] > 100).sum(1)
    start = len(width_of_row) // 2
    tip = start + int(width_of_row[start : int(len(width_of_row) * 0.9)].argmin())
    return pixels[: tip + 1].copy()


class Drawings:
    """All signs with how often each is drawn, and the plates."""

    def __init__(self, folder):
        found = [drawing for path in sorted(folder.glob("*.png")) if (drawing := read_drawing(path))]
        self.signs = [drawing for drawing in found if weight(drawing.code) > 0]
        self.plates = [drawing for drawing in found if re.match(PLATES, drawing.code)]
        weights = np.array([weight(drawing.code) for drawing in self.signs])
        self.chances = weights / weights.sum()

    def sign(self, random):
        if random.rand() < BOARDS:
            return drawn(*(boards.works if random.rand() < 0.25 else boards.direction)(random))
        return self.signs[random.choice(len(self.signs), p=self.chances)]

    def plate(self, random):
        if random.rand() < 0.6:
            return drawn(*boards.plate(random))
        return self.plates[random.randint(len(self.plates))]


def drawn(pixels, family):
    return Drawing("", family, levels_of(pixels.astype(np.float32)))


def levels_of(pixels):
    """RGBA 0–255 at full size, half of it and so on, the colours multiplied by the alpha."""
    pixels[..., :3] *= pixels[..., 3:] / 255
    levels = [pixels]
    while min(levels[-1].shape[:2]) > 20:
        levels.append(cv2.resize(levels[-1], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    return levels
