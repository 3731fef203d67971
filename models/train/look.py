"""Draw a contact sheet of training crops: python look.py signs sheet.png"""

import argparse
from pathlib import Path

import cv2
import numpy as np

import data
from tasks import TASKS


def annotate(scene, classes):
    picture = scene.pixels.copy()
    for *box, number in scene.signs:
        x0, y0, x1, y1 = map(int, box)
        cv2.rectangle(picture, (x0, y0), (x1, y1), (0, 255, 0))
        cv2.putText(picture, classes[int(number)][:4], (x0, max(9, y0 - 2)), 0, 0.35, (255, 255, 0))
    for box in scene.ignored:
        x0, y0, x1, y1 = map(int, box)
        cv2.rectangle(picture, (x0, y0), (x1, y1), (255, 0, 255))
    return picture


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    data.add_option(parser)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("task", choices=sorted(TASKS))
    parser.add_argument("sheet", type=Path)
    options = parser.parse_args()
    task, random = TASKS[options.task], np.random.RandomState(options.seed)
    maker = task.maker(options.data)
    pictures = [annotate(maker.make(320, random)[0], task.classes) for _ in range(28)]
    rows = [np.hstack(pictures[start : start + 7]) for start in range(0, len(pictures), 7)]
    cv2.imwrite(str(options.sheet), cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR))


if __name__ == "__main__":
    main()
