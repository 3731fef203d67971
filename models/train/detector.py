"""Run an exported detector on views, the way the tool does."""

import json
from dataclasses import dataclass

import cv2
import numpy as np
import onnxruntime

STRIDES = (8, 16, 32)
LOWEST_SCORE = 0.05
EDGE = 2.0


@dataclass
class Detections:
    """Boxes (x0, y0, x1, y1) with scores and families, best first once suppressed."""

    boxes: np.ndarray
    scores: np.ndarray
    families: np.ndarray

    def __getitem__(self, chosen):
        return Detections(self.boxes[chosen], self.scores[chosen], self.families[chosen])

    @staticmethod
    def joined(parts):
        columns = zip(*((part.boxes, part.scores, part.families) for part in parts))
        return Detections(*map(np.concatenate, columns))


class SignDetector:
    def __init__(self, manifest_path):
        self.manifest = json.loads(manifest_path.read_text())
        self.side = self.manifest["input"]["width"]
        self.pad = self.manifest["input"]["pad"]
        self.iou = self.manifest["iou"]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        model = manifest_path.with_suffix(".onnx")
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def on_square(self, pixels):
        """Detections in a square RGB picture of the input's side, doubles not yet suppressed.

        The score of a box that touches the edge is halved: another view sees the sign whole.
        """
        images = pixels.transpose(2, 0, 1)[None].astype(np.float32)
        found = decode(self.session.run(None, {"images": images})[0][0], self.side)
        found = found[found.scores >= LOWEST_SCORE]
        touching = (found.boxes < EDGE).any(1) | (found.boxes > self.side - EDGE).any(1)
        found.scores = np.where(touching, found.scores / 2, found.scores)
        return found

    def on_picture(self, pixels):
        """Detections in a flat picture: the whole of it, then four overlapping tiles."""
        height, width = pixels.shape[:2]
        tile_height, tile_width = int(height * 0.6), int(width * 0.6)
        windows = [(0, 0, width, height)]
        for y in (0, height - tile_height):
            windows += [(x, y, tile_width, tile_height) for x in (0, width - tile_width)]
        parts = [self._on_window(pixels, window) for window in windows]
        return suppress(Detections.joined(parts), self.iou)

    def _on_window(self, pixels, window):
        x, y, width, height = window
        scale = self.side / max(width, height)
        resized = cv2.resize(
            pixels[y : y + height, x : x + width],
            (round(width * scale), round(height * scale)),
            interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR,
        )
        square = np.full((self.side, self.side, 3), self.pad, np.uint8)
        square[: resized.shape[0], : resized.shape[1]] = resized
        found = self.on_square(square)
        found.boxes = found.boxes / scale + [x, y, x, y]
        return found

    def on_panorama(self, views_of, width, height):
        """Detections in a panorama, given its views as pairs (view, pixels)."""
        parts = []
        for view, pixels in views_of:
            found = self.on_square(pixels)
            found.boxes = view.boxes_to_panorama(found.boxes, width, height)
            parts.append(found)
        return suppress(Detections.joined(parts), self.iou, around=width)


def decode(output, side):
    """Boxes, scores and families of a raw grid: one detection a point, of its likeliest family."""
    grids = []
    for stride in STRIDES:
        y, x = np.mgrid[: side // stride, : side // stride]
        grids.append(np.stack([x.ravel(), y.ravel(), np.full(x.size, stride)], 1))
    x, y, stride = np.concatenate(grids).astype(np.float32).T
    cx, cy = (x + output[:, 0]) * stride, (y + output[:, 1]) * stride
    w, h = np.exp(output[:, 2]) * stride, np.exp(output[:, 3]) * stride
    boxes = np.stack([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2], 1)
    return Detections(boxes, output[:, 4] * output[:, 5:].max(1), output[:, 5:].argmax(1))


def iou_with(box, boxes, around=None):
    """IoU of a box with others; `around` is the width after which a panorama repeats."""
    if around:
        shift = np.round((box[[0, 2]].mean() - boxes[:, [0, 2]].mean(1)) / around) * around
        boxes = boxes + shift[:, None] * [1, 0, 1, 0]
    size = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
    shared = size.clip(0).prod(1)
    area = (box[2:] - box[:2]).prod() + (boxes[:, 2:] - boxes[:, :2]).prod(1)
    return shared / (area - shared)


def suppress(found, iou, around=None):
    """The best of each heap of overlapping boxes, whatever their families."""
    remaining = np.argsort(-found.scores, kind="stable")
    kept = []
    while len(remaining):
        best, remaining = remaining[0], remaining[1:]
        kept.append(best)
        remaining = remaining[iou_with(found.boxes[best], found.boxes[remaining], around) < iou]
    return found[np.array(kept, int)]
