#!/usr/bin/env python3
"""How good a detector is on labelled pictures, looked at through arpent's own views.

    models/evaluate.py FOLDER [--only NAMES.txt] [--neutral other,plate] [--model FILE.onnx [--calibrate flat]] …

FOLDER is one of
  - YOLO: `images/`, `labels/NAME.txt` (class, centre and size as fractions), perhaps `classes.txt`;
  - Panoramax labels: `labels.json` with boxes, kinds and codes of panoramas in the folders beside it.

Runs `arpent detect --json` and prints recall, precision and F1 by threshold, size and class, the calibration of the
scores, the confusion of classes, and, where labels have codes, how many codes are right, wrong and unknown.
Needs nothing but Python.
"""

import argparse
import json
import math
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

# What `make` fetches, where nothing else is said.
RUNTIME = Path(__file__).resolve().parents[1] / ".onnxruntime" / "libonnxruntime.so"
SIZES_PX = [0, 16, 24, 32, 48, 96, 192, 400, 10_000]
BINS = 10
# The code of a face that is none of those the classifier knows.
UNKNOWN = "unknown"


@dataclass
class Label:
    """A thing that somebody boxed: pixels of the file, class, code where known."""

    box: tuple
    name: str
    code: str | None = None


@dataclass
class Picture:
    path: Path
    # Things that must be found, and boxes that count neither way.
    labels: list = field(default_factory=list)
    neutral: list = field(default_factory=list)
    # Width after which the picture repeats.
    period: float | None = None


@dataclass
class Find:
    """A detection, and the label it was matched with."""

    score: float
    name: str
    side_px: float
    code: str | None = None
    code_confidence: float | None = None
    label: Label | None = None
    picture: str = ""
    box: tuple = ()


# --- reading labels


def read_folder(folder, smallest_px):
    pictures = read_panoramax(folder) if (folder / "labels.json").exists() else read_yolo(folder)
    for picture in pictures:
        small = [label for label in picture.labels if side(label.box) < smallest_px]
        picture.labels = [label for label in picture.labels if label not in small]
        picture.neutral += [label.box for label in small]
    return pictures


def read_yolo(folder):
    names = []
    if (folder / "classes.txt").exists():
        names = (folder / "classes.txt").read_text().split()
    images = folder / "images"
    pictures = []
    for path in sorted((images if images.is_dir() else folder).iterdir()):
        text = folder / "labels" / f"{path.stem}.txt"
        rows = [line.split() for line in text.read_text().splitlines()] if text.exists() else []
        rows = [row for row in rows if row]
        labels = []
        if rows:
            width, height = size_of(path)
            for number, cx, cy, w, h in (row[:5] for row in rows):
                cx, cy, w, h = float(cx) * width, float(cy) * height, float(w) * width, float(h) * height
                name = names[int(number)] if int(number) < len(names) else number
                labels.append(Label((cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2), name))
        pictures.append(Picture(path, labels))
    return pictures


def read_panoramax(folder):
    """The faces of `labels.json`; plates, difficult and ignored boxes are neutral."""
    pictures = []
    for entry in json.loads((folder / "labels.json").read_text())["pictures"]:
        path = next(folder.glob(f"**/{entry['file']}"))
        picture = Picture(path, period=entry["width"])
        picture.neutral = [tuple(ignored["box"]) for ignored in entry["ignore"]]
        for sign in entry["signs"]:
            box = tuple(sign["box"])
            if sign["difficult"] or sign["kind"] == "panonceau":
                picture.neutral.append(box)
            elif sign["kind"] == "front":
                picture.labels.append(Label(box, family_of(sign["code"]), sign["code"]))
        pictures.append(picture)
    return pictures


def family_of(code):
    """The series of a French code: its letters, and its number for signs of priority."""
    if code is None:
        return "?"
    letters = code.rstrip("0123456789abcdefghijklmnopqrstuvwxyz-_()")
    return code[:3] if letters == "AB" else letters


def size_of(path):
    """Width and height from the header of a PNG, JPEG or WebP."""
    data = path.read_bytes()
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        kind = data[12:16]
        if kind == b"VP8 ":
            return (int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF)
        if kind == b"VP8L":
            bits = int.from_bytes(data[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    at = 2
    while at + 9 < len(data):
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(data[at + 5 : at + 7], "big")
        at += 2 + length
    raise SystemExit(f"{path}: neither PNG, JPEG nor WebP")


# --- running and matching


def side(box):
    return max(box[2] - box[0], box[3] - box[1])


def iou(a, b, period=None):
    best = 0.0
    for shift in (0, period, -period) if period else (0,):
        width = min(a[2], b[2] + shift) - max(a[0], b[0] + shift)
        height = min(a[3], b[3]) - max(a[1], b[1])
        if width > 0 and height > 0:
            shared = width * height
            area = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
            best = max(best, shared / (area - shared))
    return best


def centred(box, around, period=None):
    """Whether the middle of a box lies in another."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    xs = (x, x + period, x - period) if period else (x,)
    return around[1] <= y <= around[3] and any(around[0] <= x <= around[2] for x in xs)


def detect(pictures, options):
    """The detections of every picture, as `arpent detect --json` prints them."""
    command = [options.arpent, "detect", "--json", "--confidence", str(options.lowest)]
    command += ["--model", str(options.model)] if options.model else ["--find", options.find]
    environment = {"ORT_DYLIB_PATH": str(RUNTIME), **os.environ} if RUNTIME.exists() else None
    by_path = {}
    # Two processes: a worker has one thread.
    halves = [pictures[0::2], pictures[1::2]]
    running = [
        subprocess.Popen([*command, *(str(p.path) for p in half)], stdout=subprocess.PIPE, text=True, env=environment)
        for half in halves
        if half
    ]
    for process in running:
        for line in process.communicate()[0].splitlines():
            found = json.loads(line)
            by_path[found["picture"]] = found["detections"]
    return by_path


def match(picture, detections, options, neutral_names):
    """Matches detections, best first, with labels; returns the finds and the labels that were missed."""
    finds, left = [], list(picture.labels)
    for found in sorted(detections, key=lambda d: -d["confidence"]):
        box = tuple(found["box"])
        overlaps = [(iou(box, label.box, picture.period), i) for i, label in enumerate(left)]
        best, number = max(overlaps, default=(0.0, -1))
        label = left.pop(number) if best >= options.iou else None
        if label is None:
            kind = found.get("kind", found["class"])
            if kind in neutral_names or found["class"] in neutral_names:
                continue
            if any(
                iou(box, other, picture.period) >= options.iou or centred(box, other, picture.period)
                for other in picture.neutral
            ):
                continue
            if side(box) < options.smallest:
                continue
        code = found["class"] + (f"-{found['value']}" if found.get("value") else "")
        finds.append(
            Find(
                found["confidence"],
                found.get("kind", found["class"]),
                side(label.box if label else box),
                code,
                found.get("class_confidence"),
                label,
                picture.path.name,
                box,
            )
        )
    return finds, left


# --- figures


def rates(finds, labels, threshold):
    kept = [f for f in finds if f.score >= threshold]
    right = sum(f.label is not None for f in kept)
    precision, recall = right / max(1, len(kept)), right / max(1, labels)
    return precision, recall, 2 * precision * recall / max(1e-9, precision + recall), len(kept) - right


def best_threshold(finds, labels):
    return max(sorted({f.score for f in finds}), key=lambda t: rates(finds, labels, t)[2], default=0.5)


def recall_at(finds, labels, wanted):
    """The highest recall at a precision of at least `wanted`, and its threshold."""
    choices = [(rates(finds, labels, t), t) for t in sorted({f.score for f in finds})]
    return max(((r[1], t) for r, t in choices if r[0] >= wanted), default=(0.0, 1.0))


def table(title, rows):
    print(f"\n{title}")
    widths = [max(len(str(row[c])) for row in rows) for c in range(len(rows[0]))]
    for row in rows:
        print("  " + "  ".join(str(value).rjust(width) for value, width in zip(row, widths)))


def print_curve(finds, labels, threshold):
    rows = [("threshold", "recall", "precision", "F1", "false")]
    for t in sorted({round(i / 20, 2) for i in range(1, 20)} | {round(threshold, 3)}):
        precision, recall, f1, false = rates(finds, labels, t)
        mark = " <" if t == round(threshold, 3) else ""
        rows.append((f"{t}{mark}", f"{recall:.3f}", f"{precision:.3f}", f"{f1:.3f}", false))
    table("by threshold", rows)


def print_groups(title, finds, labels, threshold, key):
    """Recall by a property of the labels."""
    total = Counter(key(label) for label in labels)
    found = Counter(key(f.label) for f in finds if f.label and f.score >= threshold)
    rows = [(title, "labels", "found", "recall")]
    rows += [(k, n, found[k], f"{found[k] / n:.3f}") for k, n in sorted(total.items(), key=lambda kv: str(kv[0]))]
    table(f"by {title}", rows)


def size_group(label):
    above = next(i for i, limit in enumerate(SIZES_PX[1:]) if side(label.box) < limit)
    return f"{SIZES_PX[above]:>4}–{SIZES_PX[above + 1]}"


def print_calibration(finds, lowest):
    rows = [("score", "finds", "mean score", "share right")]
    error = 0.0
    for number in range(BINS):
        inside = [f for f in finds if number / BINS <= f.score < (number + 1) / BINS + (number == BINS - 1)]
        if inside:
            mean = sum(f.score for f in inside) / len(inside)
            right = sum(f.label is not None for f in inside) / len(inside)
            error += abs(mean - right) * len(inside) / len(finds)
            rows.append((f"{number / BINS:.1f}–{(number + 1) / BINS:.1f}", len(inside), f"{mean:.2f}", f"{right:.2f}"))
    table(f"calibration (finds from {lowest} on; expected error {error:.3f})", rows)


def fit_calibration(finds):
    """Scale and shift of the logit that make the scores probabilities: Platt's fit, with his targets short of 0 and 1."""
    right = sum(f.label is not None for f in finds)
    high, low = (right + 1) / (right + 2), 1 / (len(finds) - right + 2)
    points = [(logit(f.score), high if f.label else low) for f in finds]
    scale, shift = 1.0, 0.0
    for _ in range(50):
        # A Newton step on the mean of the negative logarithm of the likelihood.
        g0 = g1 = h00 = h01 = h11 = 0.0
        for x, target in points:
            p = 1 / (1 + math.exp(-(scale * x + shift)))
            g0, g1 = g0 + (p - target) * x, g1 + (p - target)
            w = p * (1 - p)
            h00, h01, h11 = h00 + w * x * x, h01 + w * x, h11 + w
        determinant = h00 * h11 - h01 * h01 + 1e-9
        scale -= (h11 * g0 - h01 * g1) / determinant
        shift -= (h00 * g1 - h01 * g0) / determinant
        scale = min(max(scale, 0.1), 10.0)
    return scale, shift


def logit(score):
    score = min(max(score, 1e-4), 1 - 1e-4)
    return math.log(score / (1 - score))


def calibrate(manifest, kind, fitted):
    """Write a fit on top of the calibration that the scores came with into a manifest."""
    text = manifest.read_text()
    none = {"scale": 1.0, "shift": 0.0}
    known = json.loads(text).get("calibration", {"flat": none, "sphere": none})
    scale, shift = fitted
    old = known[kind]
    known[kind] = {
        "scale": round(scale * old["scale"], 3),
        "shift": round(scale * old["shift"] + shift, 3),
        "none": round(scale * old.get("none", 0.0), 3),
    }
    line = f'  "calibration": {json.dumps(known)},\n'
    text = re.sub(r'  "calibration": .*\n', "", text)
    manifest.write_text(text.replace('  "classes": [', line + '  "classes": [', 1))
    print(f"{manifest}: scores of {kind} pictures calibrated, {known[kind]}")


def print_confusion(finds, threshold):
    counts = defaultdict(Counter)
    for f in finds:
        if f.score >= threshold:
            counts[f.label.name if f.label else "(false)"][f.name] += 1
    names = sorted({name for row in counts.values() for name in row})
    rows = [("label \\ found as", *names)]
    rows += [(label, *(row[name] or "·" for name in names)) for label, row in sorted(counts.items())]
    table("confusion", rows)


def same_code(label, found):
    """A label may name a series (`B6`) whose members are all right, and leave a value open."""
    label, found = label.replace("_(", "-").replace(")", ""), found or ""
    return found == label or found.split("-")[0] == label or (label == found[: len(label)] and "-" not in label)


def print_codes(finds, threshold):
    coded = [f for f in finds if f.label and f.label.code and f.score >= threshold]
    if not coded:
        return
    rows = [("picture", "label", "found as", "confidence")]
    right = wrong = unknown = 0
    for f in coded:
        # A class of the detector that is a code itself counts as well: an octagon says all.
        known = f.code != f.name
        good = same_code(f.label.code, f.code) if known else f.label.code == UNKNOWN
        right, wrong, unknown = right + good, wrong + (known and not good), unknown + (not known and not good)
        if not good:
            confidence = f"{f.code_confidence or f.score:.2f}" if known else "unknown"
            rows.append((f.picture, f.label.code, f.code if known else f.name, confidence))
    n = len(coded)
    print(f"\ncodes of {n} finds: {right / n:.3f} right, {wrong / n:.3f} wrong, {unknown / n:.3f} unknown")
    if len(rows) > 1:
        table("codes not right", rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", type=Path, help="file that lists the names of the pictures to use")
    parser.add_argument("--codes", type=Path, help="JSON: picture → codes of its labels in order, null where unreadable")
    parser.add_argument("--arpent", default="arpent", help="the program (%(default)s)")
    parser.add_argument("--find", default="signs", help="which shipped detector (%(default)s)")
    parser.add_argument("--model", type=Path, help="another detector")
    parser.add_argument("--iou", type=float, default=0.5, help="overlap from which a find is right (%(default)s)")
    parser.add_argument("--smallest", type=float, default=0, help="labels and finds below so many pixels count neither way")
    parser.add_argument("--neutral", default="", help="classes that the labels leave out: unmatched, they count neither way")
    parser.add_argument("--lowest", type=float, default=0.05, help="lowest score looked at (%(default)s)")
    parser.add_argument("--threshold", type=float, help="score to report at [default: the best F1]")
    parser.add_argument("--calibrate", choices=["flat", "sphere"], help="fit the scores and write it to the model's manifest")
    parser.add_argument("--errors", type=Path, help="write what was missed or false to this JSON file")
    options = parser.parse_args()

    pictures = read_folder(options.folder, options.smallest)
    if options.only:
        names = set(options.only.read_text().split())
        pictures = [picture for picture in pictures if picture.path.name in names]
    if options.codes:
        codes = json.loads(options.codes.read_text())
        for picture in pictures:
            for label, code in zip(picture.labels, codes.get(picture.path.name, [])):
                label.code = code
    if options.calibrate and not options.model:
        parser.error("--calibrate needs --model: the manifest beside it is written to")
    if not pictures:
        raise SystemExit(f"{options.folder}: no pictures")
    by_path = detect(pictures, options)
    if not by_path:
        raise SystemExit(1)
    neutral_names = set(options.neutral.split(",")) - {""}
    finds, missed = [], []
    for picture in pictures:
        if str(picture.path) not in by_path:
            print(f"{picture.path.name} failed and is left out", file=sys.stderr)
            continue
        found, left = match(picture, by_path[str(picture.path)], options, neutral_names)
        finds += found
        missed += [(picture, label) for label in left]
    labels = [f.label for f in finds if f.label] + [label for _, label in missed]
    threshold = options.threshold if options.threshold is not None else best_threshold(finds, len(labels))

    precision, recall, f1, false = rates(finds, len(labels), threshold)
    at_recall, at_threshold = recall_at(finds, len(labels), 0.9)
    print(f"{options.folder}: {len(pictures)} pictures, {len(labels)} labels, IoU {options.iou}")
    print(f"at {threshold:.3f}: recall {recall:.3f}, precision {precision:.3f}, F1 {f1:.3f}, {false} false")
    print(f"recall {at_recall:.3f} at precision 0.9 (threshold {at_threshold:.3f})")
    print_curve(finds, len(labels), threshold)
    print_groups("size (longer side, px)", finds, labels, threshold, size_group)
    print_groups("class", finds, labels, threshold, lambda label: label.name)
    print_calibration(finds, options.lowest)
    print_confusion(finds, threshold)
    print_codes(finds, threshold)
    if options.calibrate:
        calibrate(options.model.with_suffix(".json"), options.calibrate, fit_calibration(finds))
    if options.errors:
        errors = [{"picture": f.picture, "box": f.box, "false": f.name, "score": f.score}
                  for f in finds if f.label is None and f.score >= threshold]
        errors += [{"picture": f.picture, "box": f.label.box, "missed": f.label.name, "score": f.score}
                   for f in finds if f.label and f.score < threshold]
        errors += [{"picture": p.path.name, "box": label.box, "missed": label.name, "score": 0} for p, label in missed]
        options.errors.write_text(json.dumps(errors, indent=1))


if __name__ == "__main__":
    main()
