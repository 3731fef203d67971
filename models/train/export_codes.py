"""Export the classifier and calibrate it: python export_codes.py runs/codes/checkpoint.pt ../sign-codes-fp32.onnx

The temperature that makes its probabilities true is fitted on faces held out, and goes into the graph. The manifest
beside it names the classes and the probability from which a code counts.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

import codes
import data
from code_crops import MARGIN, SIDE, coded_faces, cut_box
from code_net import Classifier
from export import OPSET, fastest_ms, finish, session_of

TEMPERATURES = np.exp(np.linspace(np.log(0.4), np.log(3), 60))
# The share of wrong codes that is put up with, of all readable faces.
WRONG = 0.02
LEAST_CONFIDENCE = 0.7
LEAST_GTSDB_PX = 20


class Probabilities(nn.Module):
    def __init__(self, net, temperature):
        super().__init__()
        self.net, self.temperature = net, temperature

    def forward(self, crops):
        return (self.net(crops) / self.temperature).softmax(-1)


def held_out_faces(folder, names):
    """Crops of readable faces of held-out pictures, the numbers of their classes and the pictures' names."""
    numbers = {name: number for number, name in enumerate(names)}
    french, german = data.read_sy32(folder, held_out=True), data.read_gtsdb(folder, held_out=True)
    of_gtsdb = {picture.name for picture in german}
    crops, truth, where = [], [], []
    for picture, box, name in coded_faces(folder, french, german):
        # The codes of SY32 were read by eye; those of GTSDB are given for faces too small to read as well.
        if picture.name in of_gtsdb and max(box[2] - box[0], box[3] - box[1]) < LEAST_GTSDB_PX:
            continue
        crops.append(cut_box(picture.pixels, box))
        truth.append(numbers[name])
        where.append(picture.name)
    return np.stack(crops), torch.tensor(truth), where


def logits_of(net, crops):
    pixels = torch.from_numpy(crops).permute(0, 3, 1, 2).float()
    with torch.inference_mode():
        return torch.cat([net(part) for part in pixels.split(64)])


def rates(probabilities, truth, confidence):
    """Shares of faces whose code is right, wrong, and not told. `unknown` is never a wrong code."""
    best, number = probabilities.max(1)
    told = (best >= confidence) & (number > 0)
    right = (told & (number == truth)).float().mean().item()
    wrong = (told & (number != truth)).float().mean().item()
    return right, wrong, 1 - right - wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data.add_option(parser)
    parser.add_argument("--version", default="0.1.0")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("onnx", type=Path)
    options = parser.parse_args()
    state = torch.load(options.checkpoint, weights_only=True)
    names = state["names"]
    net = Classifier(len(names))
    net.load_state_dict(state["net"])
    net.eval()

    crops, truth, where = held_out_faces(options.data, names)
    logits = logits_of(net, crops)
    losses = [functional.cross_entropy(logits / float(t), truth).item() for t in TEMPERATURES]
    temperature = float(TEMPERATURES[int(np.argmin(losses))])
    probabilities = (logits / temperature).softmax(1)
    # Faces that are of no class cannot be told rightly; they count for the wrong ones alone.
    coded = truth > 0
    # The faces held out are few and mostly common signs: a low threshold would trust them too far.
    for confidence in np.arange(LEAST_CONFIDENCE, 0.99, 0.01):
        if rates(probabilities, truth, confidence)[1] <= WRONG:
            break
    confidence = round(float(confidence), 2)
    print(f"{len(truth)} held-out faces, {int(coded.sum())} with a code; temperature {temperature:.2f}")
    for level in (0.5, 0.6, 0.7, 0.8, 0.9, confidence):
        right, wrong, unknown = rates(probabilities[coded], truth[coded], level)
        print(f"  from {level:.2f} on: right {right:.3f}, wrong {wrong:.3f}, unknown {unknown:.3f}")
    best, number = probabilities.max(1)
    for i in np.flatnonzero((number != truth) & (number > 0) & (best >= confidence)):
        print(f"  {where[i]}: {names[truth[i]]} read as {names[number[i]]} {best[i]:.2f}")

    model = Probabilities(net, temperature).eval()
    torch.onnx.export(
        model,
        torch.zeros(1, 3, SIDE, SIDE),
        str(options.onnx),
        opset_version=OPSET,
        input_names=["crops"],
        output_names=["probabilities"],
        dynamic_axes={"crops": {0: "batch"}, "probabilities": {0: "batch"}},
    )
    finish(options.onnx, {"name": "arpent-sign-codes", "license": "MIT OR Apache-2.0"})
    write_manifest(options.onnx.with_name("sign-codes.json"), options.version, names, confidence)
    session = session_of(options.onnx)
    sample = crops[:1].transpose(0, 3, 1, 2).astype(np.float32)
    difference = np.abs(session.run(None, {"crops": sample})[0] - probabilities[:1].numpy()).max()
    if difference > 1e-3:
        raise SystemExit("the exported classifier differs from the trained one")
    took = fastest_ms(session, (1, 3, SIDE, SIDE))
    print(f"one crop on one thread: {took:.1f} ms; {options.onnx.stat().st_size / 1e6:.1f} MB")


def write_manifest(path, version, names, confidence):
    """One class a line, so that changes can be read."""
    rows = []
    for name in names:
        code, value = codes.split(name)
        if name == codes.UNKNOWN:
            row = {"name": name, "reject": True}
        else:
            row = {"name": name, "code": code} | ({"value": value} if value else {})
        rows.append("    " + json.dumps(row))
    head = {
        "name": "arpent-sign-codes",
        "version": version,
        "license": "MIT OR Apache-2.0",
        "side": SIDE,
        "margin": MARGIN,
        "confidence": confidence,
    }
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}," for key, value in head.items()]
    path.write_text("{\n" + "\n".join(lines) + '\n  "classes": [\n' + ",\n".join(rows) + "\n  ]\n}\n")


if __name__ == "__main__":
    main()
