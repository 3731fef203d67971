"""Export a checkpoint to ONNX and check it: python export.py runs/signs/checkpoint.pt ../signs.onnx"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import nn

from families import FAMILIES
from net import STRIDES, Detector

OPSET = 17
CHECKED_SIZES = [(640, 640), (640, 384)]
TOLERANCE = 1e-4
METADATA = {
    "name": "arpent-signs",
    "license": "MIT OR Apache-2.0",
    "classes": json.dumps(FAMILIES),
    "strides": json.dumps(STRIDES),
    "input": "RGB 0-255, height and width multiples of 32",
    "output": "per grid point: dx, dy, log w, log h, objectness, class probabilities",
}


class RawGrid(nn.Module):
    """The detector speaking the YOLOX raw grid: offsets from the cell's corner, probabilities."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, images):
        offset, size, sign, family = self.net(images).split((2, 2, 1, len(FAMILIES)), -1)
        return torch.cat([offset + 0.5, size.clamp(-4, 4), sign.sigmoid(), family.softmax(-1)], -1)


def load(checkpoint):
    net = Detector()
    net.load_state_dict(torch.load(checkpoint, weights_only=True)["net"])
    return RawGrid(net).eval()


def export(model, path):
    torch.onnx.export(
        model,
        torch.zeros(1, 3, 640, 640),
        str(path),
        opset_version=OPSET,
        input_names=["images"],
        output_names=["output"],
        dynamic_axes={"images": {2: "height", 3: "width"}, "output": {1: "points"}},
    )
    exported = onnx.load(path)
    onnx.checker.check_model(exported)
    onnx.helper.set_model_props(exported, METADATA)
    onnx.save(exported, path)


def check(model, path):
    """Compare with torch on random pictures, and time one picture on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    random = np.random.RandomState(0)
    for height, width in CHECKED_SIZES:
        images = random.uniform(0, 255, (1, 3, height, width)).astype(np.float32)
        with torch.inference_mode():
            expected = model(torch.from_numpy(images)).numpy()
        difference = np.abs(session.run(None, {"images": images})[0] - expected).max()
        print(f"{height} × {width}: {expected.shape[1]} points, largest difference {difference:.1e}")
        if difference > TOLERANCE:
            raise SystemExit("the exported model differs from the trained one")
    images = np.zeros((1, 3, 640, 640), np.float32)
    times = []
    for _ in range(10):
        start = time.perf_counter()
        session.run(None, {"images": images})
        times.append(time.perf_counter() - start)
    print(f"640 × 640 on one thread: {1e3 * min(times):.0f} ms; {path.stat().st_size / 1e6:.1f} MB")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("onnx", type=Path)
    options = parser.parse_args()
    model = load(options.checkpoint)
    export(model, options.onnx)
    check(model, options.onnx)


if __name__ == "__main__":
    main()
