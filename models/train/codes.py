"""The classes of the classifier: a French code, perhaps with the value that the sign says."""

import re

import cv2
import numpy as np

from boards import FONT
from drawings import Drawing, read_drawing, weight, levels_of
import families

UNKNOWN = "unknown"
# Limits that are posted in France; for those without a drawing the number is set into the empty ring or disc.
LIMITS_KMH = (5, 10, 15, 20, 30, 40, 45, 50, 60, 70, 80, 90, 100, 110, 120, 130)
ENDS_KMH = (30, 50, 70, 80, 90, 110)
COMMON_LIMITS_KMH = (20, 30, 50, 70, 80, 90)
# Drawings that are no class of their own: a doublet, one for a parking garage, a file without a name, and signs
# that only their plate tells apart, which the detector boxes without it.
LEFT_OUT = {"B30-30", "L0006", "", "AB3b", "AB5", "B33_(50)"}
LEAST_WEIGHT = 0.1

# The classes of the German benchmark that look as in France.
GTSDB = {
    0: "B14_(20)", 1: "B14_(30)", 2: "B14_(50)", 3: "B14_(60)", 4: "B14_(70)", 5: "B14_(80)", 6: "B33_(80)",
    7: "B14_(100)", 8: "B14_(120)", 9: "B3", 10: "B3a", 11: "AB2", 12: "AB6", 13: "AB3a", 14: "AB4", 15: "B0",
    16: "B8", 17: "B1", 18: "A14", 19: "A1b", 20: "A1a", 22: "A2a", 23: "A4", 24: "A3a", 26: "A17", 28: "A13a",
    29: "A21", 31: "A15b", 32: "B31", 33: "B21c1", 34: "B21c2", 35: "B21b", 36: "B21d1", 37: "B21d2", 38: "B21a1",
    39: "B21a2", 41: "B34", 42: "B34a",
}  # fmt: skip


def split(name):
    """Code and value of a class: `B14_(50)` is B14 and 50."""
    match = re.fullmatch(r"(.+?)_\((.+)\)", name)
    return match.groups() if match else (name, None)


def read_classes(folder):
    """The drawings by class, in a fixed order; several for a class where they differ in the font of a number."""
    by_name = {}
    for path in sorted(folder.glob("*.png")):
        name = path.stem.removeprefix("FR_")
        if name in LEFT_OUT:
            continue
        drawing = read_drawing(path) or read_opaque(path)
        by_name[name] = [drawing]
    ring, slash = by_name["B0"][0].levels[0], by_name["B31"][0].levels[0]
    for limit in LIMITS_KMH:
        by_name.setdefault(f"B14_({limit})", []).extend(
            numbered(ring, limit, thickness, 0.62) for thickness in (600, 800)
        )
    for limit in ENDS_KMH:
        by_name[f"B33_({limit})"] = [numbered(slash, limit, 800, 0.7, over=True)]
    return dict(sorted(by_name.items()))


def read_opaque(path):
    pixels = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGBA).astype(np.float32)
    return Drawing(path.stem.removeprefix("FR_"), families.DIRECTION, levels_of(pixels))


def numbered(ground, number, thickness, share, over=False):
    """A round sign with a number in it; with `over`, the bar of the ground crosses the number."""
    height, width = ground.shape[:2]
    text = str(number)
    size = 100
    span = cv2.getTextSize((4000, 400), text, (0, 0), FONT, size, thickness)[2]
    size = int(size * min(share * width / span, 0.52 * height / (0.72 * size)))
    span = cv2.getTextSize((4000, 400), text, (0, 0), FONT, size, thickness)[2]
    ink = np.zeros((height, width, 3), np.uint8)
    at = (width - span) // 2, int(height / 2 + 0.36 * size)
    cv2.putText(ink, text, at, (255, 255, 255), FONT, size, thickness)
    covered = ink[..., :1] / np.float32(255)
    pixels = ground.copy()
    if over:
        # The bar is black as well: the number is drawn with gaps along it.
        dark = (ground[..., :3].max(2, keepdims=True) < 90) & (ground[..., 3:] > 200)
        near = cv2.dilate(dark.astype(np.uint8), np.ones((5, 5), np.uint8))[..., None]
        covered = covered * (1 - near)
    pixels[..., :3] = pixels[..., :3] * (1 - covered) + 15 * covered
    return Drawing(f"{text}", families.PROHIBITION, levels_of(unmultiplied(pixels)))


def unmultiplied(pixels):
    pixels[..., :3] /= (pixels[..., 3:] / 255).clip(1e-3)
    return pixels


def weight_of(name):
    """How often a class is drawn, after how common it is."""
    code, value = split(name)
    if code == "B14":
        return 1.5 if int(value) in COMMON_LIMITS_KMH else 0.4
    if code == "B33":
        return 0.3
    return max(LEAST_WEIGHT, weight(name), weight(code))
