"""Crops to train the classifier with: signs as the detector would box them, and what it boxes by mistake."""

import json
from pathlib import Path

import cv2
import numpy as np

import boards
import codes
import data
import families
from crops import camera_faults, crop
from drawings import Drawing, drawn, levels_of
from synth import Scene, back_of, draw_backboard, draw_occluder, draw_pole, light, log_uniform, warp

SIDE = 64
# The crop that the classifier sees is the box and so much of each side around it.
MARGIN = 0.08
# How far the detector's boxes are off, as shares of a side.
JITTER = 0.05
DRAWN, REAL, MIXED, BOARD, BACK, NOTHING = "drawn", "real", "mixed", "board", "back", "nothing"
SHARES = {DRAWN: 0.66, REAL: 0.20, MIXED: 0.03, BOARD: 0.03, BACK: 0.02, NOTHING: 0.06}
# Codes of the faces of SY32, read by eye: picture → codes in the order of its labels, null where unreadable.
FRENCH_CODES = Path(__file__).parent / "sy32_codes.json"


def cut_box(pixels, box):
    """A box with its margin, stretched to the classifier's square; grey outside the picture."""
    x0, y0, x1, y1 = box
    dx, dy = (x1 - x0) * MARGIN, (y1 - y0) * MARGIN
    x0, y0, x1, y1 = x0 - dx, y0 - dy, x1 + dx, y1 + dy
    columns, rows = max(2, round(x1 - x0)), max(2, round(y1 - y0))
    source = np.array([[x0, y0], [x1, y0], [x0, y1]], np.float32) - 0.5
    target = np.array([[0, 0], [columns, 0], [0, rows]], np.float32) - 0.5
    matrix = cv2.getAffineTransform(source, target)
    whole = cv2.warpAffine(pixels, matrix, (columns, rows), flags=cv2.INTER_LINEAR, borderValue=(114, 114, 114))
    smaller = cv2.INTER_AREA if columns > SIDE else cv2.INTER_LINEAR
    return cv2.resize(whole, (SIDE, SIDE), interpolation=smaller)


def jittered(box, random):
    x0, y0, x1, y1 = box
    dx0, dy0, dx1, dy1 = random.normal(0, JITTER, 4).clip(-0.12, 0.12)
    w, h = x1 - x0, y1 - y0
    return [x0 + dx0 * w, y0 + dy0 * h, x1 + dx1 * w, y1 + dy1 * h]


def coded_faces(folder, french, german):
    """The faces in pictures of SY32 and GTSDB whose code is known: triples of picture, box and name of the class."""
    read = json.loads(FRENCH_CODES.read_text())
    for picture in french:
        for sign, code in zip(picture.signs, read.get(picture.name, [])):
            if code is not None:
                yield picture, sign[:4], code
    for picture in german:
        path = folder / "signs-gtsdb" / "labels" / f"{Path(picture.name).stem}.txt"
        rows = path.read_text().splitlines() if path.exists() else []
        for sign, row in zip(picture.signs, rows):
            name = codes.GTSDB.get(int(row.split()[0]))
            if name is not None:
                yield picture, sign[:4], name


class CodeCrops:
    """Draws crops with their class; class 0 is `unknown`."""

    def __init__(self, folder):
        self.drawings = codes.read_classes(folder / "sign-templates-fr")
        self.names = [codes.UNKNOWN, *self.drawings]
        weights = np.array([codes.weight_of(name) for name in self.drawings])
        self.chances = weights / weights.sum()
        french, german = data.read_sy32(folder, held_out=False), data.read_gtsdb(folder, held_out=False)
        self.faces = data.read_background_faces(folder)
        self.grounds = self.faces + french + german + data.read_panorama_cuts(folder, per_panorama=40, per_sign=0)
        self.lookalikes = [picture for picture in self.grounds if len(picture.lookalikes)]
        self.real = self._real(folder, french, german)

    def _real(self, folder, french, german):
        """Real faces by class, so that common ones do not drown the others."""
        numbers = {name: number for number, name in enumerate(self.names)}
        by_class = {}
        for picture, box, name in coded_faces(folder, french, german):
            by_class.setdefault(numbers[name], []).append((picture, box))
        return by_class

    def make(self, random):
        kind = random.choice(list(SHARES), p=list(SHARES.values()))
        if kind == REAL:
            return self._from_picture(random)
        if kind == NOTHING:
            return self._nothing(random), 0
        if kind == BOARD:
            drawing, number = drawn(*[boards.plate, boards.direction, boards.works][random.randint(3)](random)), 0
        elif kind == MIXED:
            drawing, number = self._mixed(random), 0
        else:
            number = 1 + random.choice(len(self.chances), p=self.chances)
            choices = self.drawings[self.names[number]]
            drawing = choices[random.randint(len(choices))]
        if kind == BACK:
            number = 0
        return self._pasted(drawing, random, behind=kind == BACK), number

    def _pasted(self, drawing, random, behind=False):
        """A drawing as seen in a street, cut out as the detector would."""
        size = log_uniform(random, 12, 40) if random.rand() < 0.5 else log_uniform(random, 30, 160)
        scene = self._ground(int(size * 1.7) + 8, random)
        patch = warp(drawing, size, random, flat=random.rand() < 0.3)
        if behind:
            patch = back_of(patch, random)
        height, width = patch.shape[:2]
        x, y = (scene.side - width) // 2, (scene.side - height) // 2
        brightness = scene.brightness([x, y, x + width, y + height])
        if random.rand() < 0.5:
            draw_pole(scene, scene.side / 2, y if random.rand() < 0.3 else y + height / 2, size, brightness, random)
        if random.rand() < 0.12:
            draw_backboard(scene, [x, y, x + width, y + height], random)
        if random.rand() < 0.15:
            self._neighbour(scene, size, y + height, random)
        scene.blend(light(patch, brightness, random), x, y)
        rows, columns = np.where(patch[..., 3] > 127)
        if len(rows) < 4:
            return self._nothing(random)
        box = [x + columns.min(), y + rows.min(), x + columns.max() + 1, y + rows.max() + 1]
        if random.rand() < 0.08:
            draw_occluder(scene, box, random)
        pixels = camera_faults(scene.pixels, random)
        return cut_box(pixels, jittered(box, random))

    def _neighbour(self, scene, size, below, random):
        """Another sign that reaches into the crop from below."""
        name = self.names[1 + random.choice(len(self.chances), p=self.chances)]
        patch = light(warp(self.drawings[name][0], size, random, False), 110, random)
        scene.blend(patch, int((scene.side - patch.shape[1]) / 2), int(below))

    def _ground(self, side, random):
        picture = self.grounds[random.randint(len(self.grounds))]
        return Scene(crop(picture, side, random, None).pixels)

    def _from_picture(self, random):
        number = list(self.real)[random.randint(len(self.real))]
        picture, box = self.real[number][random.randint(len(self.real[number]))]
        box = jittered(box, random)
        size = max(box[2] - box[0], box[3] - box[1])
        # What is large can be seen from afar as well.
        target = size if random.rand() < 0.4 else log_uniform(random, 14, max(15, min(size, 160)))
        margin = 0.3 * size
        x0, y0, x1, y1 = box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin
        scale = target / size
        columns, rows = max(4, round((x1 - x0) * scale)), max(4, round((y1 - y0) * scale))
        source = np.array([[x0, y0], [x1, y0], [x0, y1]], np.float32) - 0.5
        goal = np.array([[0, 0], [columns, 0], [0, rows]], np.float32) - 0.5
        level = max(0, min(len(picture.pyramid) - 1, int(np.log2(max(1.0, 1 / scale)))))
        pixels = picture.pyramid[level]
        shrink = pixels.shape[1] / picture.pixels.shape[1]
        matrix = cv2.getAffineTransform((source + 0.5) * shrink - 0.5, goal)
        part = cv2.warpAffine(pixels, matrix, (columns, rows), flags=cv2.INTER_LINEAR, borderValue=(114, 114, 114))
        if columns == rows or min(columns, rows) > 8:
            part = camera_faults_of(part, random)
        inner = [(b - o) * s for b, o, s in zip(box, (x0, y0, x0, y0), [columns / (x1 - x0), rows / (y1 - y0)] * 2)]
        return cut_box(part, inner), number

    def _mixed(self, random):
        """A ring or triangle around a picture that no code has there."""
        frame = self.drawings[["B0", "A14", "AK14"][random.randint(3)]][0].levels[0].copy()
        inner = self.drawings[self.names[1 + random.randint(len(self.names) - 1)]][0].levels[0]
        height, width = frame.shape[:2]
        across, down = int(width * 0.42), int(height * 0.42)
        inner = cv2.resize(inner, (across, down), interpolation=cv2.INTER_AREA)
        x, y = (width - across) // 2, int(height * 0.32)
        part = frame[y : y + down, x : x + across]
        share = inner[..., 3:] / 255
        part[..., :3] = part[..., :3] * (1 - share) + inner[..., :3]
        frame[..., :3] = codes.unmultiplied(frame)[..., :3]
        return Drawing("", families.PROHIBITION, levels_of(frame))

    def _nothing(self, random):
        """A piece of a picture that shows no sign: something that resembles one, or anything."""
        if random.rand() < 0.5:
            picture = self.lookalikes[random.randint(len(self.lookalikes))]
            box = picture.lookalikes[random.randint(len(picture.lookalikes))]
            return cut_box(picture.pixels, jittered(box, random))
        picture = self.faces[random.randint(len(self.faces))]
        height, width = picture.pixels.shape[:2]
        size = log_uniform(random, 14, 120)
        x, y = random.uniform(0, width - size), random.uniform(0, height - size)
        return cut_box(picture.pixels, [x, y, x + size, y + size * random.uniform(0.6, 1.4)])


def camera_faults_of(pixels, random):
    """Camera faults for a picture that is not square."""
    side = max(pixels.shape[:2])
    square = cv2.copyMakeBorder(
        pixels, 0, side - pixels.shape[0], 0, side - pixels.shape[1], cv2.BORDER_REPLICATE
    )
    return camera_faults(square, random)[: pixels.shape[0], : pixels.shape[1]]
