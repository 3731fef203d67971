#!/usr/bin/env python3
"""Most memory that `arpent survey` holds over few and over many pictures of a simulated server.

    benches/memory.py ARPENT [--pictures 1000 100000] [--keep FILE.gpkg]

The server offers the first pass of the sample street again and again, each copy in a place of its own, as pictures of
480 × 270 pixels. It answers as Panoramax does: a search gives so many pictures of a box and no second page. The
shipped detector looks at all of them with a worker for each core, and what it sees becomes landmarks. `--keep` keeps
the file of the last survey.
"""

import argparse
import csv
import http.server
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from pathlib import Path

import cv2

ROOT = Path(__file__).resolve().parents[1]
STREET = ROOT / "examples" / "street"
SIZE = (480, 270)
# Of the focal length of its camera, 24 mm on film of 36 mm.
FOV_DEG = 2 * math.degrees(math.atan(18 / 24))
# From one copy of the street to the next, degrees: 300 and 440 m.
STEP = 0.004
COLUMNS = 100


class Town:
    """Copies of the first pass of the street, as many as give that many pictures."""

    def __init__(self, pictures):
        with open(STREET / "poses.csv", newline="") as file:
            self.poses = [row for row in csv.DictReader(file) if row["picture"].startswith("pass-1/")]
        self.pictures = pictures
        self.files = []
        for pose in self.poses:
            small = cv2.resize(cv2.imread(str(STREET / pose["picture"])), SIZE, interpolation=cv2.INTER_AREA)
            self.files.append(cv2.imencode(".jpg", small)[1].tobytes())
        self.box = [min(self.lon(0, pose) for pose in self.poses), min(self.lat(0, pose) for pose in self.poses)]
        copies = math.ceil(pictures / len(self.poses))
        self.box += [self.box[0] + STEP * COLUMNS, self.box[1] + STEP * math.ceil(copies / COLUMNS)]

    def lon(self, copy, pose):
        return float(pose["lon"]) + STEP * (copy % COLUMNS)

    def lat(self, copy, pose):
        return float(pose["lat"]) + STEP * (copy // COLUMNS)

    def found(self, box, limit):
        west, south, east, north = box
        row, column = (math.floor((v - o) / STEP) for v, o in ((south, self.box[1]), (west, self.box[0])))
        last_row, last_column = (math.floor((v - o) / STEP) for v, o in ((north, self.box[1]), (east, self.box[0])))
        found = []
        for y in range(max(row - 1, 0), last_row + 1):
            for x in range(max(column - 1, 0), min(last_column, COLUMNS - 1) + 1):
                copy = y * COLUMNS + x
                for place, pose in enumerate(self.poses):
                    if copy * len(self.poses) + place >= self.pictures:
                        return found
                    lon, lat = self.lon(copy, pose), self.lat(copy, pose)
                    if west <= lon <= east and south <= lat <= north:
                        found.append(item(copy, place, pose, lon, lat))
                        if len(found) == limit:
                            return found
        return found


def item(copy, place, pose, lon, lat):
    return {
        "type": "Feature",
        "id": f"{copy:06}-{place:02}",
        "collection": f"{copy:06}",
        "geometry": {"type": "Point", "coordinates": [lon, lat]},
        "properties": {
            "datetime": pose["taken_at"],
            "license": "etalab-2.0",
            "geovisio:producer": "Ada",
            "geovisio:rank_in_collection": place + 1,
            "view:azimuth": round(float(pose["heading_deg"])),
            "pers:interior_orientation": {"field_of_view": FOV_DEG},
        },
        "assets": {"hd": {"href": f"/files/{place}/{copy:06}.jpg"}},
        "links": [],
    }


def handler(town):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self):
            url = urllib.parse.urlsplit(self.path)
            if url.path.startswith("/files/"):
                body, kind = town.files[int(url.path.split("/")[2])], "image/jpeg"
            else:
                asked = dict(urllib.parse.parse_qsl(url.query))
                box = [float(side) for side in asked["bbox"].split(",")]
                found = town.found(box, int(asked.get("limit", 10)))
                body = json.dumps({"type": "FeatureCollection", "features": found, "links": []}).encode()
                kind = "application/geo+json"
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler


def survey(program, town, file):
    """Surveys the town; the most memory that it took, bytes, and the seconds."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(town))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    api = f"http://127.0.0.1:{server.server_port}/api"
    bbox = ",".join(f"{side:.8f}" for side in town.box)
    environment = {"ORT_DYLIB_PATH": str(ROOT / ".onnxruntime" / "libonnxruntime.so")} | os.environ
    arguments = [program, "survey", "--api", api, "--bbox", bbox, "--rate", "1000", "--connections", "8", "-o", file]
    began = time.perf_counter()
    process = subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    server.shutdown()
    if status != 0:
        sys.exit(f"the survey ended with {os.waitstatus_to_exitcode(status)}")
    return usage.ru_maxrss * 1024, time.perf_counter() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path, metavar="ARPENT")
    parser.add_argument("--pictures", type=int, nargs="+", default=[1000, 100_000])
    parser.add_argument("--keep", type=Path, metavar="FILE.gpkg")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for pictures in options.pictures:
            file = Path(folder) / f"{pictures}.gpkg"
            most, took = survey(options.program, Town(pictures), file)
            size = file.stat().st_size / 1e6
            print(f"{pictures} pictures: {most / 2**20:.0f} MB of memory, {took:.0f} s, a file of {size:.0f} MB", flush=True)
        if options.keep:
            shutil.copyfile(file, options.keep)


if __name__ == "__main__":
    main()
