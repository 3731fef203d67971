"""List what an exported detector finds on the training pictures where nothing is labelled.

    python mine.py ../signs.json finds.json sheets

The sheets number the finds. Sorted by eye into signs that nobody labelled and look-alikes, they make
`marks.json`, which the next training reads.
"""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

import data
from detector import SignDetector, iou_with
from evaluate import tile, write_sheet
from families import OTHER

LOWEST_SCORE = 0.3
TILES_PER_SHEET = 104


def unlabelled_finds(detector, picture):
    """Numbers of the finds that touch no label, and all finds."""
    found = detector.on_picture(picture.pixels)
    taken = np.concatenate([picture.signs[:, :4], picture.ignored])
    sure = np.flatnonzero((found.scores >= LOWEST_SCORE) & (found.families != OTHER))
    return [number for number in sure if not (iou_with(found.boxes[number], taken) > 0.05).any()], found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data.add_option(parser)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("finds", type=Path)
    parser.add_argument("sheets", type=Path)
    options = parser.parse_args()
    detector = SignDetector(options.manifest)
    pictures = data.read_sy32(options.data, held_out=False) + data.read_gtsdb(options.data, held_out=False)
    finds, tiles = [], []
    for picture in pictures + data.read_background_faces(options.data):
        numbers, found = unlabelled_finds(detector, picture)
        for number in numbers:
            box = found.boxes[number].round(1).tolist()
            finds.append({"file": picture.name, "box": box, "score": round(float(found.scores[number]), 3)})
            marked = tile(picture.pixels, found, number, False, side=120)
            cv2.putText(marked, str(len(tiles)), (2, 12), 0, 0.45, (0, 255, 0))
            tiles.append(marked)
    options.finds.write_text(json.dumps(finds))
    for start in range(0, len(tiles), TILES_PER_SHEET):
        name = f"finds-{start // TILES_PER_SHEET}.png"
        write_sheet(options.sheets / name, tiles[start : start + TILES_PER_SHEET], columns=13)


if __name__ == "__main__":
    main()
