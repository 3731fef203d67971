"""Measure the shipped detector on what it never saw: python evaluate.py ../signs.json"""

import argparse
import csv
import re
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

import data
import families
from detector import SignDetector, iou_with
from families import FAMILIES, OTHER
from views import coarse_views, fine_views, shrink_for

MATCHING_IOU = 0.5
WANTED_PRECISION = 0.9


@dataclass
class Tally:
    """What became of the detections of a data set, pictures one after another."""

    signs: int = 0
    scores: list = field(default_factory=list)
    right: list = field(default_factory=list)
    same_family: list = field(default_factory=list)

    def add(self, found, signs, neutral, other_is_neutral, around=None):
        """Match detections, best first, with signs (boxes and families); neutral ones drop out.

        Returns for each sign the number of its detection, or None.
        """
        self.signs += len(signs)
        match = [None] * len(signs)
        for number, (box, score, family) in enumerate(zip(found.boxes, found.scores, found.families)):
            overlap = iou_with(box, signs[:, :4], around)
            overlap[[taken is not None for taken in match]] = 0
            if len(signs) and overlap.max() >= MATCHING_IOU:
                sign = int(overlap.argmax())
                match[sign] = number
                self._count(score, True, int(signs[sign, 4]) == family)
            elif not (other_is_neutral and family == OTHER) and not covered(box, neutral, around):
                self._count(score, False, False)
        return match

    def _count(self, score, right, same_family):
        self.scores.append(float(score))
        self.right.append(right)
        self.same_family.append(same_family)

    def curve(self):
        """Thresholds, best first, with the precision and the recall at each."""
        order = np.argsort(self.scores)[::-1]
        right = np.cumsum(np.array(self.right, bool)[order])
        return np.array(self.scores)[order], right / (np.arange(len(right)) + 1), right / self.signs

    def at(self, threshold):
        scores, right = np.array(self.scores), np.array(self.right, bool)
        kept = scores >= threshold
        hits = int((kept & right).sum())
        return {
            "found": hits,
            "false": int(kept.sum()) - hits,
            "precision": hits / max(1, int(kept.sum())),
            "recall": hits / self.signs,
            "family": int(np.array(self.same_family, bool)[kept].sum()) / max(1, hits),
        }


def covered(box, neutral, around):
    """Whether a detection lies on something that counts neither way."""
    if not len(neutral):
        return False
    cx, cy = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    if around:
        cx = cx % around
    x0, y0, x1, y1 = neutral.T
    centred = (cx > x0) & (cx < x1) & (cy > y0) & (cy < y1)
    return bool((centred | (iou_with(box, neutral, around) >= MATCHING_IOU)).any())


def best_f1(tally):
    thresholds, precision, recall = tally.curve()
    f1 = 2 * precision * recall / (precision + recall).clip(1e-9)
    return float(thresholds[f1.argmax()]), float(f1.max())


def recall_at(tally, wanted):
    _, precision, recall = tally.curve()
    return float(recall[precision >= wanted].max(initial=0))


def report(name, tally, threshold):
    at = tally.at(threshold)
    own, f1 = best_f1(tally)
    print(
        f"{name}: {tally.signs} signs; recall {recall_at(tally, WANTED_PRECISION):.2f} at precision "
        f"{WANTED_PRECISION}; best F1 {f1:.2f} (at {own:.2f}); at {threshold:.2f}: recall {at['recall']:.2f}, "
        f"precision {at['precision']:.2f} ({at['found']} found, {at['false']} false), "
        f"family right for {at['family']:.2f} of those found"
    )


def on_pictures(detector, pictures):
    """The tally of flat pictures in which signs of the family `other` go unlabelled."""
    tally = Tally()
    for picture in pictures:
        found = detector.on_picture(picture.pixels)
        tally.add(found, picture.signs, picture.ignored, other_is_neutral=True)
    return tally


# --- panoramas


def views_of(panorama, views):
    """The views with their pixels, the panorama shrunk once for each field of view."""
    sources = {}
    for view in views:
        if view.fov not in sources:
            sources[view.fov] = shrink_for(panorama, view.fov, view.side)
        yield view, view.cut(sources[view.fov])


def labelled_boxes(label):
    """The sign faces (with families) that must be found, and the boxes that count neither way."""
    faces, neutral = [], [ignored["box"] for ignored in label["ignore"]]
    for sign in label["signs"]:
        if sign["difficult"] or sign["kind"] == "panonceau":
            neutral.append(sign["box"])
        elif sign["kind"] == "front":
            faces.append([*sign["box"], families.of_french_code(sign["code"])])
    return np.array(faces, float).reshape(-1, 5), np.array(neutral, float).reshape(-1, 4)


def headings(folder):
    with (folder / "poses.csv").open() as rows:
        return {row["file"]: float(row["heading_deg"]) for row in csv.DictReader(rows)}


def on_panoramas(detector, folder, views, name, threshold, sheet):
    """The tally of the held-out panoramas, each of their signs told."""
    tally, tiles = Tally(), []
    for label in data.panorama_labels(folder):
        if label["group"] != data.HELD_OUT_GROUP:
            continue
        path = data.panorama_path(folder, label)
        panorama = data.read_rgb(path)
        width, height = label["width"], label["height"]
        found = detector.on_panorama(views_of(panorama, views), width, height)
        faces, neutral = labelled_boxes(label)
        match = tally.add(found, faces, neutral, other_is_neutral=False, around=width)
        heading = headings(path.parent)[path.name]
        for face, number in zip(faces, match):
            bearing = (heading + ((face[0] + face[2]) / 2 / width - 0.5) * 360) % 360
            seen = "missed"
            if number is not None:
                seen = f"{FAMILIES[found.families[number]]} {found.scores[number]:.2f}"
            print(f"  {path.stem} {FAMILIES[int(face[4])]:<11} at {bearing:5.1f}°: {seen}")
        sure = np.flatnonzero(found.scores >= threshold)
        tiles += [tile(panorama, found, number, number in match) for number in sure]
    report(name, tally, threshold)
    if sheet and tiles:
        write_sheet(sheet / f"{name.replace(' ', '-')}.png", tiles)


def tile(panorama, found, number, right, side=160):
    """A detection with some of its surroundings, framed green where it is right."""
    x0, y0, x1, y1 = found.boxes[number]
    half = max(x1 - x0, y1 - y0)
    left, top = int((x0 + x1) / 2 - half), int((y0 + y1) / 2 - half)
    columns = np.arange(left, left + int(2 * half)) % panorama.shape[1]
    rows = np.arange(top, top + int(2 * half)).clip(0, panorama.shape[0] - 1)
    picture = cv2.resize(panorama[np.ix_(rows, columns)], (side, side))
    colour = (0, 200, 0) if right else (220, 0, 0)
    cv2.rectangle(picture, (side // 4, side // 4), (side * 3 // 4, side * 3 // 4), colour)
    text = f"{FAMILIES[found.families[number]]} {found.scores[number]:.2f}"
    cv2.putText(picture, text, (2, side - 4), 0, 0.4, (255, 255, 0))
    return picture


def write_sheet(path, tiles, columns=8):
    tiles = tiles + [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[start : start + columns]) for start in range(0, len(tiles), columns)]
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR))


def set_confidence(manifest, threshold):
    """Write the threshold, rounded, into the manifest, and return it."""
    threshold = round(threshold, 2)
    text = re.sub(r'"confidence": [\d.]+', f'"confidence": {threshold}', manifest.read_text())
    manifest.write_text(text)
    return threshold


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    data.add_option(parser)
    parser.add_argument("--set-confidence", action="store_true", help="write the best threshold to the manifest")
    parser.add_argument("--sheets", type=Path, help="folder for pictures of the finds on the panoramas")
    parser.add_argument("manifest", type=Path)
    options = parser.parse_args()
    detector = SignDetector(options.manifest)

    french = on_pictures(detector, data.read_sy32(options.data, held_out=True))
    german = on_pictures(detector, data.read_gtsdb(options.data, held_out=True))
    both = Tally(
        french.signs + german.signs,
        french.scores + german.scores,
        french.right + german.right,
        french.same_family + german.same_family,
    )
    if options.set_confidence:
        detector.manifest["confidence"] = set_confidence(options.manifest, best_f1(both)[0])
    threshold = detector.manifest["confidence"]
    for name, tally in (("SY32", french), ("GTSDB", german), ("SY32 and GTSDB", both)):
        report(name, tally, threshold)
    for name, views in (("coarse views", coarse_views()), ("coarse and fine views", coarse_views() + fine_views())):
        on_panoramas(detector, options.data, views, name, threshold, options.sheets)


if __name__ == "__main__":
    main()
