"""List what a detector finds in pictures that show nothing of it: python mine.py ARPENT MODEL.onnx OUT.json FOLDER…

For modules: the pictures of the sign sets and the background views are taken to show none, so every find on those
that are not held out is a look-alike, which the next training is shown more often.
"""

import json
import subprocess
import sys
from pathlib import Path

from held_out import is_held_out

LOWEST_SCORE = 0.28


def main():
    arpent, model, out, *folders = sys.argv[1:]
    paths = []
    for folder in map(Path, folders):
        files = sorted(folder.iterdir())
        # The background views are named after panoramas, and all of them are trained on.
        paths += [path for path in files if not path.stem.isdigit() or not is_held_out(path.name)]
    paths = [str(path) for path in paths if path.suffix in (".webp", ".jpg")]
    command = [arpent, "detect", "--json", "--confidence", str(LOWEST_SCORE), "--model", model, *paths]
    finds = {}
    for line in subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines():
        found = json.loads(line)
        boxes = [[round(side) for side in detection["box"]] for detection in found["detections"]]
        if boxes:
            # The sets number their pictures alike: the folder's set tells them apart.
            path = Path(found["picture"])
            finds[f"{path.parts[-3]}/{path.name}" if path.stem.isdigit() else path.name] = boxes
    rows = ",\n".join(f"  {json.dumps(name)}: {json.dumps(boxes)}" for name, boxes in sorted(finds.items()))
    Path(out).write_text("{\n" + rows + "\n}\n")
    print(f"{sum(map(len, finds.values()))} finds in {len(finds)} of {len(paths)} pictures")


if __name__ == "__main__":
    main()
