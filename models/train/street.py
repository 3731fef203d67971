"""Measure the shipped detector on the repository's drawn street: python street.py ../signs.json"""

import argparse
import csv
import json
from collections import defaultdict
from pathlib import Path

import numpy as np

import data
from detector import SignDetector
from evaluate import Tally, report, views_of
from families import FAMILIES
from views import coarse_views, fine_views


def families_by_id(street):
    features = json.loads((street / "truth.geojson").read_text())["features"]
    signs = (feature["properties"] for feature in features)
    return {sign["id"]: FAMILIES.index(sign["class"]) for sign in signs}


def boxes_by_picture(street):
    """For each picture the signs that must be found, with families, and the boxes that count neither way."""
    family_of = families_by_id(street)
    seen, neutral = defaultdict(list), defaultdict(list)
    with (street / "boxes.csv").open() as rows:
        for row in csv.DictReader(rows):
            box = [float(row[corner]) for corner in ("x0", "y0", "x1", "y1")]
            if row["seen"] == "1":
                seen[row["picture"]].append([*box, family_of[row["sign"]]])
            elif row["front"] == "1":
                neutral[row["picture"]].append(box)
    return seen, neutral


def tally_of(detector, street, camera_pass):
    tally = Tally()
    seen, neutral = boxes_by_picture(street)
    for path in sorted((street / camera_pass).glob("*.jpg")):
        pixels = data.read_rgb(path)
        name = f"{camera_pass}/{path.name}"
        signs, unsure = np.array(seen[name]).reshape(-1, 5), np.array(neutral[name]).reshape(-1, 4)
        height, width = pixels.shape[:2]
        if width == 2 * height:
            found = detector.on_panorama(views_of(pixels, coarse_views() + fine_views()), width, height)
            tally.add(found, signs, unsure, other_is_neutral=False, around=width)
        else:
            tally.add(detector.on_picture(pixels), signs, unsure, other_is_neutral=False)
    return tally


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--street", type=Path, default=data.REPOSITORY / "examples" / "street")
    parser.add_argument("manifest", type=Path)
    options = parser.parse_args()
    detector = SignDetector(options.manifest)
    for camera_pass in ("pass-1", "pass-2"):
        tally = tally_of(detector, options.street, camera_pass)
        report(f"drawn street, {camera_pass}", tally, detector.manifest["confidence"])


if __name__ == "__main__":
    main()
