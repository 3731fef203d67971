#!/usr/bin/env python3
"""Pictures per second of `arpent survey` and of a straightforward Python program that does the same, side by side.

    benches/python_peer.py ARPENT FLAT_DIR SPHERE_DIR [--copies N] [--rounds N]

The peer decodes with OpenCV, cuts the same views with NumPy and OpenCV, runs the same detector in Python's onnxruntime
(the release that arpent gets), suppresses doubles and reads every box with the same classifier, in a thread for each
core. It is run plain, all threads sharing a session as it comes, and tuned, each with a session of one thread. 360°
pictures are cut with the map from view to panorama made for each picture when plain, and kept from one picture to the
next when tuned. The peer places and writes nothing, and its imports and sessions are not counted; arpent's time is that
of the whole command, which locates and writes as well. They take turns; each ratio is of the medians.
"""

import argparse
import json
import math
import os
import queue
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

ROOT = Path(__file__).resolve().parents[1]
MODEL, CODES = ROOT / "models" / "signs.onnx", ROOT / "models" / "sign-codes.onnx"
SIDE, PAD = 640, 114
# What the detector wants pixels to be scaled by.
MEAN, SD = np.float32(114), np.float32(60)
# Field of view, step and pitch of the two rings of a 360° picture, degrees, and the height of their views, pixels.
WIDE, NARROW = (60.0, 45.0, 0.0, 640), (30.0, 24.0, 2.5, 384)
# The score that arpent's calibration asks of a box before its code is read is about this.
SCORE, IOU = 0.4, 0.5


def sessions(is_tuned):
    """The detector and the classifier, as they come or with one thread."""
    options = onnxruntime.SessionOptions()
    if is_tuned:
        options.intra_op_num_threads = options.inter_op_num_threads = 1
    providers = ["CPUExecutionProvider"]
    return [onnxruntime.InferenceSession(str(path), options, providers=providers) for path in (MODEL, CODES)]


def starts(begin, end, tile, length):
    if end - begin <= tile:
        return [min(max((begin + end - tile) / 2, 0), length - tile)]
    gaps = math.ceil((end - begin - tile) / (tile * 0.8))
    return [begin + (end - begin - tile) * i / gaps for i in range(gaps + 1)]


def flat_views(picture):
    """The whole picture twice, in two sizes, in one view; and tiles over the band where things stand."""
    height, width = picture.shape[:2]
    scale = SIDE / max(width, height)
    view = np.full((SIDE, SIDE, 3), PAD, np.uint8)
    whole = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    view[: whole.shape[0], : whole.shape[1]] = whole
    free = SIDE - whole.shape[0] - 8
    if free >= 0.3 * whole.shape[0]:
        times = scale * min(0.5, free / whole.shape[0])
        half = cv2.resize(picture, None, fx=times, fy=times, interpolation=cv2.INTER_AREA)
        top = whole.shape[0] + 8
        view[top : top + half.shape[0], : half.shape[1]] = half[: SIDE - top]
    yield view, lambda x, y: (x / scale, y / scale)
    if max(width, height) <= 1.5 * SIDE:
        return
    zoom = min(max(max(width, height) / 3 / SIDE, 1), 2)
    tile = SIDE * zoom
    for y in starts(0.14 * height, 0.72 * height, tile, height):
        for x in starts(0, width, tile, width):
            part = picture[round(y) : round(y + tile), round(x) : round(x + tile)]
            part = cv2.resize(part, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
            yield part, lambda u, v, x=x, y=y: (x + u * zoom, y + v * zoom)


def sphere_map(fov, pitch, rows, yaw, width, height):
    """Where a view reads the panorama, for `cv2.remap`."""
    focal = SIDE / 2 / math.tan(math.radians(fov / 2))
    across, down = ((np.arange(side, dtype=np.float32) + 0.5 - side / 2) / focal for side in (SIDE, rows))
    right, up = np.meshgrid(across, -down)
    cos, sin = math.cos(math.radians(pitch)), math.sin(math.radians(pitch))
    ahead, up = cos - up * sin, up * cos + sin
    azimuth = np.arctan2(right, ahead) + math.radians(yaw)
    elevation = np.arctan2(up, np.hypot(right, ahead))
    u = (azimuth / (2 * math.pi) + 0.5) % 1 * width - 0.5
    return u.astype(np.float32), ((0.5 - elevation / math.pi) * height - 0.5).astype(np.float32)


def rings(width):
    detail = width / 360 / math.radians(SIDE / 2 / math.tan(math.radians(WIDE[0] / 2)))
    return [WIDE, NARROW] if detail > 1.3 else [WIDE]


def sphere_views(picture, kept):
    """Perspective cuts in two rings; `kept` holds the maps of earlier pictures, or is None."""
    for fov, step, pitch, rows in rings(picture.shape[1]):
        # The panorama is first shrunk to about the views' scale, against flickering.
        scale = min(1.0, math.radians(SIDE / 2 / math.tan(math.radians(fov / 2))) * 360 / picture.shape[1])
        shrunk = picture
        if scale < 1:
            shrunk = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        height, width = shrunk.shape[:2]
        for cut in range(math.ceil(360 / step)):
            key = (fov, pitch, rows, cut * step, width, height)
            found = kept.get(key) if kept is not None else None
            if found is None:
                found = sphere_map(*key)
                if kept is not None:
                    kept[key] = found
            u, v = found
            view = cv2.remap(shrunk, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)

            def place(x, y, u=u, v=v, scale=scale, rows=rows):
                column, row = np.clip(x, 0, SIDE - 1).astype(int), np.clip(y, 0, rows - 1).astype(int)
                return u[row, column] / scale, v[row, column] / scale

            yield view, place


def grid(rows):
    cells = [(x, y, stride) for stride in (8, 16, 32) for y in range(rows // stride) for x in range(SIDE // stride)]
    return np.array(cells, np.float32)


class Worker:
    """A detector, a classifier and what they need, for one thread."""

    def __init__(self, sessions, keeps_maps):
        self.detector, self.classifier = sessions
        self.grids = {rows: grid(rows) for *_, rows in (WIDE, NARROW)}
        self.kept = {} if keeps_maps else None

    def look(self, path):
        """How many views the picture has, and how many things are seen in it."""
        picture = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        is_sphere = picture.shape[1] == 2 * picture.shape[0]
        boxes, scores, views = [], [], 0
        for view, place in sphere_views(picture, self.kept) if is_sphere else flat_views(picture):
            views += 1
            tensor = (np.ascontiguousarray(view.transpose(2, 0, 1)[None], np.float32) - MEAN) / SD
            output = self.detector.run(None, {"images": tensor})[0][0]
            score = output[:, 4] * output[:, 5:].max(axis=1)
            found = score >= SCORE
            output, cells = output[found], self.grids[len(view)][found]
            centre = (cells[:, :2] + output[:, :2]) * cells[:, 2:]
            half = np.exp(output[:, 2:4]) * cells[:, 2:] / 2
            for (x0, y0), (x1, y1), s in zip(centre - half, centre + half, score[found]):
                (left, top), (right, bottom) = place(x0, y0), place(x1, y1)
                boxes.append([float(left), float(top), float(right - left), float(bottom - top)])
                scores.append(float(s))
        things = cv2.dnn.NMSBoxes(boxes, scores, SCORE, IOU) if boxes else ()
        for index in things:
            self.read(picture, boxes[index])
        return views, len(things)

    def read(self, picture, box):
        x, y, width, height = box
        dx, dy = 0.08 * width, 0.08 * height
        crop = picture[max(round(y - dy), 0) : round(y + height + dy), max(round(x - dx), 0) : round(x + width + dx)]
        if crop.size:
            crop = cv2.resize(crop, (64, 64), interpolation=cv2.INTER_AREA)
            crop = np.ascontiguousarray(crop.transpose(2, 0, 1)[None], np.float32)
            self.classifier.run(None, {"crops": crop})[0][0].argmax()


def peer(paths, is_tuned):
    """Seconds that the Python program takes, and how many views and things it saw."""
    cv2.setNumThreads(1)
    shared = None if is_tuned else sessions(is_tuned)
    workers = [Worker(shared or sessions(is_tuned), is_tuned) for _ in range(os.cpu_count())]
    todo, counts = queue.SimpleQueue(), []
    for path in paths:
        todo.put(path)

    def work(worker):
        while True:
            try:
                path = todo.get_nowait()
            except queue.Empty:
                return
            counts.append(worker.look(path))

    threads = [threading.Thread(target=work, args=(worker,)) for worker in workers]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    if len(counts) != len(paths):
        sys.exit("the Python program failed on a picture")
    return took, sum(views for views, _ in counts), sum(things for _, things in counts)


def arpent(program, folder):
    """Seconds that a survey takes, and how many sightings it has."""
    with tempfile.TemporaryDirectory() as scratch:
        result = Path(scratch) / "signs.geojson"
        environment = {"ORT_DYLIB_PATH": str(ROOT / ".onnxruntime" / "libonnxruntime.so")} | os.environ
        began = time.perf_counter()
        subprocess.run(
            [program, "survey", "--pictures", folder, "-o", result], check=True, env=environment, capture_output=True
        )
        took = time.perf_counter() - began
        return took, json.loads(result.read_text())["survey"]["sightings"]["found"]


def compare(program, name, source, copies, rounds):
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for path in sorted(source.rglob("*.jpg")) * copies:
            link = Path(folder) / str(len(paths) // 1000) / f"{len(paths):04}.jpg"
            link.parent.mkdir(exist_ok=True)
            link.symlink_to(path.resolve())
            paths.append(link)
        if not paths:
            sys.exit(f"{source} holds no picture")
        ours, theirs = [], {False: [], True: []}
        for _ in range(rounds):
            took, seen = arpent(program, folder)
            ours.append(took)
            for is_tuned, times in theirs.items():
                took, views, things = peer(paths, is_tuned)
                times.append(took)
        arpents = len(paths) / statistics.median(ours)
        print(f"{name}: {len(paths)} pictures, {views} views; {seen} sightings, {things} things seen by the peer")
        for is_tuned, times in theirs.items():
            peers = len(paths) / statistics.median(times)
            kind = "tuned" if is_tuned else "plain"
            print(f"  arpent {arpents:.2f}/s, Python {peers:.2f}/s, {kind}: {arpents / peers:.2f} times", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path, metavar="ARPENT")
    parser.add_argument("flat", type=Path, metavar="FLAT_DIR")
    parser.add_argument("sphere", type=Path, metavar="SPHERE_DIR")
    parser.add_argument("--copies", type=int, default=4, help="how often each picture is looked at in a round")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    compare(options.program, "flat pictures", options.flat, options.copies, options.rounds)
    compare(options.program, "360° pictures", options.sphere, options.copies, options.rounds)


if __name__ == "__main__":
    main()
