"""Reads pictures with boxes that arpent wrote and compares them with the sightings of the survey:
python dataset.py SURVEY.gpkg COCO_FOLDER YOLO_FOLDER CROPS_FOLDER REFERENCES.coco.json"""

import json
import sys
from pathlib import Path

import pandas as pd
import pyogrio
import yaml
from PIL import Image, ImageOps
from pycocotools.coco import COCO

survey, coco_folder, yolo_folder, crops_folder, references = map(Path, sys.argv[1:])
pictures = pyogrio.read_dataframe(survey, layer="pictures")
sightings = pyogrio.read_dataframe(survey, layer="sightings")
by_picture = {}
for row in sightings.to_dict("records"):
    by_picture.setdefault(row["picture_id"], []).append(row)


def check_boxes(found, picture_id, tolerance):
    """Found boxes (class, x0, y0, x1, y1) of a flat picture against its sightings."""
    expected = sorted((r["class"], r["x0"], r["y0"], r["x1"], r["y1"]) for r in by_picture.get(picture_id, []))
    assert len(found) == len(expected), f"{picture_id}: {found} instead of {expected}"
    for a, b in zip(sorted(found), expected):
        assert a[0] == b[0] and all(abs(p - q) <= tolerance for p, q in zip(a[1:], b[1:])), f"{picture_id}: {a}, {b}"


def upright(path):
    """Pixels as a program that knows nothing of EXIF sees them; one that does must see the same."""
    image = Image.open(path)
    assert ImageOps.exif_transpose(image).size == image.size
    return image


listing = pd.read_csv(coco_folder / "pictures.csv", keep_default_na=False)
file_of = dict(zip(listing["file"], listing["picture_id"]))
coco = COCO(coco_folder / "annotations.json")
assert set(file_of) == {f"images/{image['file_name']}" for image in coco.loadImgs(coco.getImgIds())}
classes = {category["id"]: category["name"] for category in coco.loadCats(coco.getCatIds())}
for image in coco.loadImgs(coco.getImgIds()):
    assert upright(coco_folder / "images" / image["file_name"]).size == (image["width"], image["height"])
    found = coco.loadAnns(coco.getAnnIds(imgIds=image["id"]))
    assert file_of[f"images/{image['file_name']}"] == image["picture_id"]
    boxes = [(classes[b["category_id"]], *b["bbox"][:2], b["bbox"][0] + b["bbox"][2], b["bbox"][1] + b["bbox"][3])
             for b in found]
    check_boxes(boxes, image["picture_id"], 0.2)
    # The polygon of a box covers it, as whoever trains with masks will see it.
    assert all(abs(coco.annToMask(b).sum() / b["area"] - 1) < 0.5 for b in found if b["area"] > 400)
    assert all(b["attributes"]["code"] and 0 < b["attributes"]["score"] <= 1 for b in found)
assert {license["name"] for license in coco.dataset["licenses"]} == {name or "not stated" for name in listing["license"]}

data = yaml.safe_load((yolo_folder / "data.yaml").read_text())
names = sorted(path.stem for path in (yolo_folder / data["train"]).iterdir())
assert names == sorted(path.stem for path in (yolo_folder / "labels").iterdir())
assert set(data["names"].values()) == set(classes.values())
listing = pd.read_csv(yolo_folder / "pictures.csv", keep_default_na=False)
for file, picture_id in zip(listing["file"], listing["picture_id"]):
    width, height = upright(yolo_folder / file).size
    boxes = []
    for line in (yolo_folder / "labels" / f"{Path(file).stem}.txt").read_text().splitlines():
        number, x, y, w, h = map(float, line.split())
        box = (x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height
        boxes.append((data["names"][int(number)], *box))
    check_boxes(boxes, picture_id, 0.2)

listing = pd.read_csv(crops_folder / "pictures.csv", keep_default_na=False)
assert len(listing) == sum(len(by_picture.get(id, [])) for id in set(listing["picture_id"]))
for file in listing["file"]:
    assert min(Image.open(crops_folder / file).size) >= 2
assert {str(path.relative_to(crops_folder)) for path in crops_folder.glob("*/*")} == set(listing["file"])

alone = COCO(references)
for image in alone.loadImgs(alone.getImgIds()):
    [picture] = pictures[pictures["picture_id"] == image["picture_id"]].to_dict("records")
    assert (image["width"], image["height"]) == (picture["width"], picture["height"])
    assert image.get("coco_url", image["file_name"]) == picture["image"]
    boxes = alone.loadAnns(alone.getAnnIds(imgIds=image["id"]))
    expected = sorted(tuple(map(float, r["picture_box"].split(","))) for r in by_picture.get(image["picture_id"], []))
    found = sorted((x, y, x + w, y + h) for x, y, w, h in (b["bbox"] for b in boxes))
    assert len(found) == len(expected)
    assert all(abs(p - q) <= 0.7 for a, b in zip(found, expected) for p, q in zip(a, b)), (found, expected)
