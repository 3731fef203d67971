"""Draw what a detector missed or invented: python errors.py errors.json FOLDER sheet.png

`errors.json` is what `../evaluate.py --errors` writes about the pictures in FOLDER. The tiles are numbered in its
order; sorted by eye, false finds on training pictures go into `marks.json`, as `lookalikes` or as `unlabelled` signs,
which the next training reads.
"""

import json
import sys
from pathlib import Path

import cv2
import numpy as np

SIDE, COLUMNS = 200, 8


def tile(number, error, folder):
    pixels = cv2.imread(str(next(Path(folder).glob(f"**/{error['picture']}"))))
    x0, y0, x1, y1 = error["box"]
    half = max(x1 - x0, y1 - y0, 20) * 0.9
    scale = SIDE / 2 / half
    left, top = (x0 + x1) / 2 - half, (y0 + y1) / 2 - half
    matrix = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]])
    picture = cv2.warpAffine(pixels, matrix, (SIDE, SIDE), flags=cv2.INTER_AREA)
    corners = [(int((x - left) * scale), int((y - top) * scale)) for x, y in ((x0, y0), (x1, y1))]
    missed = "missed" in error
    cv2.rectangle(picture, *corners, (0, 200, 0) if missed else (0, 0, 255))
    name = error["missed"] if missed else error["false"]
    for text, y in ((f"{number} {name} {error['score']:.2f}", 14), (error["picture"][:24], SIDE - 4)):
        cv2.putText(picture, text, (2, y), 0, 0.4, (0, 255, 255))
    return picture


def main():
    errors, folder, sheet = sys.argv[1:]
    tiles = [tile(number, error, folder) for number, error in enumerate(json.loads(Path(errors).read_text()))]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % COLUMNS)
    rows = [np.hstack(tiles[start : start + COLUMNS]) for start in range(0, len(tiles), COLUMNS)]
    cv2.imwrite(sheet, np.vstack(rows))


if __name__ == "__main__":
    main()
