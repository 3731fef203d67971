"""The pictures: read, split by place, and kept in memory as pyramids."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

import families
from held_out import is_held_out
from views import View, shrink_for

cv2.setNumThreads(0)

LONGEST_SIDE = 1700
HELD_OUT_GROUP = "stra_3"
# Boxes marked by eye among the finds of an earlier training (see errors.py), in pixels of the pictures as read.
MARKS = json.loads((Path(__file__).parent / "marks.json").read_text())


def add_option(parser):
    parser.add_argument("--data", type=Path, required=True, help="folder of the data, as ../README.md describes it")


def no_boxes(columns):
    return np.zeros((0, columns), np.float32)


@dataclass
class Picture:
    """An RGB picture with its signs (x0, y0, x1, y1, family) and the boxes that count neither way."""

    name: str
    pixels: np.ndarray
    signs: np.ndarray = field(default_factory=lambda: no_boxes(5))
    ignored: np.ndarray = field(default_factory=lambda: no_boxes(4))
    # Things that look like signs and are none.
    lookalikes: np.ndarray = field(default_factory=lambda: no_boxes(4))
    # Whether signs may be seen in it that nobody labelled.
    partly_labelled: bool = True

    def __post_init__(self):
        self.pyramid = [self.pixels]
        while min(self.pyramid[-1].shape[:2]) > 400:
            half = cv2.resize(self.pyramid[-1], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
            self.pyramid.append(half)


def read_rgb(path):
    return cv2.cvtColor(cv2.imread(str(path), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def marked(name, kind):
    """The boxes marked by eye in a picture: signs that nobody labelled, or look-alikes."""
    return np.array(MARKS.get(name, {}).get(kind, []), np.float32).reshape(-1, 4)


def marked_picture(name, pixels, signs):
    return Picture(name, pixels, signs, ignored=marked(name, "unlabelled"), lookalikes=marked(name, "lookalikes"))


def read_labelled(folder, family_of, held_out):
    """The pictures of a folder in the YOLO layout, either the held-out ones or the others."""
    return [
        read_picture(path, folder / "labels" / f"{path.stem}.txt", family_of)
        for path in sorted((folder / "images").iterdir())
        if is_held_out(path.name) == held_out
    ]


def read_picture(path, labels, family_of):
    pixels = read_rgb(path)
    scale = min(1.0, LONGEST_SIDE / max(pixels.shape[:2]))
    if scale < 1:
        pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    height, width = pixels.shape[:2]
    signs = []
    for line in labels.read_text().splitlines() if labels.exists() else []:
        number, cx, cy, w, h = map(float, line.split()[:5])
        corners = [(cx - w / 2) * width, (cy - h / 2) * height, (cx + w / 2) * width, (cy + h / 2) * height]
        signs.append([*corners, family_of(int(number))])
    return marked_picture(path.name, pixels, np.array(signs, np.float32).reshape(-1, 5))


def read_sy32(data, held_out):
    return read_labelled(data / "signs-sy32", families.SY32.get, held_out)


def read_gtsdb(data, held_out):
    return read_labelled(data / "signs-gtsdb", families.of_gtsdb, held_out)


def read_background_faces(data):
    """Faces of panoramas in which a large detector found nothing."""
    paths = sorted((data / "backgrounds-panoramax").glob("*.webp"))
    return [marked_picture(path.name, read_rgb(path), no_boxes(5)) for path in paths]


def panorama_labels(data):
    return json.loads((data / "panoramax" / "labels.json").read_text())["pictures"]


def panorama_path(data, label):
    return next((data / "panoramax").glob(f"*/{label['file']}"))


def read_panorama_cuts(data, per_panorama=60, per_sign=6, side=704, seed=1):
    """Views cut from the panoramas not held out: some at random, some with a labelled sign in them."""
    random = np.random.RandomState(seed)
    cuts = []
    for label in panorama_labels(data):
        if label["group"] == HELD_OUT_GROUP:
            continue
        panorama = read_rgb(panorama_path(data, label))
        looks = [(random.uniform(-180, 180), random.uniform(-12, 18)) for _ in range(per_panorama)]
        for sign in label["signs"]:
            x0, _, x1, _ = sign["box"]
            yaw = ((x0 + x1) / 2 / label["width"] - 0.5) * 360
            looks += [(yaw + random.uniform(-12, 12), random.uniform(-8, 10)) for _ in range(per_sign)]
        fovs = (30.0, 45.0, 60.0, 75.0)
        sources = {fov: shrink_for(panorama, fov, side) for fov in fovs}
        for number, (yaw, pitch) in enumerate(looks):
            fov = fovs[number % len(fovs)]
            cuts.append(cut_of(label, View(yaw, pitch, fov, side), sources[fov]))
    return cuts


def cut_of(label, view, source):
    """What a view shows of a panorama, with its faces and plates; its other labelled boxes are ignored."""
    size = label["width"], label["height"]
    signs, ignored = [], []
    for entry in label["signs"] + label["ignore"]:
        box = view.box_of_panorama(entry["box"], *size)
        if box is None:
            continue
        kind, code = entry.get("kind"), entry.get("code")
        if kind == "panonceau" and not entry["difficult"]:
            signs.append([*box, families.PLATE])
        elif kind == "front" and code and not entry["difficult"]:
            signs.append([*box, families.of_french_code(code)])
        else:
            ignored.append(box)
    signs = np.array(signs, np.float32).reshape(-1, 5)
    ignored = np.array(ignored, np.float32).reshape(-1, 4)
    return Picture(label["file"], view.cut(source), signs, ignored, partly_labelled=False)
