"""Export a detector to ONNX and check it: python export.py runs/signs/checkpoint.pt ../signs.onnx"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import nn

from net import MEAN, SD, STRIDES, Detector, scaled
from tasks import TASKS

OPSET = 17
CHECKED_SIZES = [(640, 640), (640, 384)]
TOLERANCE = 1e-4


class RawGrid(nn.Module):
    """The detector speaking the YOLOX raw grid: offsets from the cell's corner, probabilities.

    It takes pixels as scaled: whoever lays them into a tensor does that on the way, a net takes 4 % of its time for it.
    """

    def __init__(self, net, classes):
        super().__init__()
        self.net, self.classes = net, classes

    def forward(self, images):
        offset, size, sign, family = self.net.of_scaled(images).split((2, 2, 1, self.classes), -1)
        return torch.cat([offset + 0.5, size.clamp(-4, 4), sign.sigmoid(), family.softmax(-1)], -1)


def load(checkpoint):
    """The averaged net of a checkpoint as it is exported, and its task."""
    state = torch.load(checkpoint, weights_only=True)
    task = TASKS[state["task"]]
    net = Detector(len(task.classes))
    net.load_state_dict(state["net"])
    return RawGrid(net, len(task.classes)).eval(), task


def export(model, task, path):
    torch.onnx.export(
        model,
        torch.zeros(1, 3, 640, 640),
        str(path),
        opset_version=OPSET,
        input_names=["images"],
        output_names=["output"],
        dynamic_axes={"images": {2: "height", 3: "width"}, "output": {1: "points"}},
    )
    finish(
        path,
        {
            "name": f"arpent-{task.name}",
            "license": "MIT OR Apache-2.0",
            "classes": json.dumps(task.classes),
            "strides": json.dumps(STRIDES),
            "input": f"RGB 0-255 less {MEAN:.0f}, by {SD:.0f}, height and width multiples of 32",
            "output": "per grid point: dx, dy, log w, log h, objectness, class probabilities",
        },
    )


def finish(path, metadata):
    """Check an exported file and write what it is into it."""
    exported = onnx.load(path)
    onnx.checker.check_model(exported)
    onnx.helper.set_model_props(exported, metadata)
    onnx.save(exported, path)


def session_of(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def check(model, path):
    """Compare with torch on random pictures, and time one picture on one thread."""
    session = session_of(path)
    random = np.random.RandomState(0)
    for height, width in CHECKED_SIZES:
        images = scaled(random.uniform(0, 255, (1, 3, height, width)).astype(np.float32))
        with torch.inference_mode():
            expected = model(torch.from_numpy(images)).numpy()
        difference = np.abs(session.run(None, {"images": images})[0] - expected).max()
        print(f"{height} × {width}: {expected.shape[1]} points, largest difference {difference:.1e}")
        if difference > TOLERANCE:
            raise SystemExit("the exported model differs from the trained one")
    print(f"640 × 640 on one thread: {fastest_ms(session, (1, 3, 640, 640)):.0f} ms; {path.stat().st_size / 1e6:.1f} MB")


def fastest_ms(session, shape, runs=10):
    images = np.zeros(shape, np.float32)
    name = session.get_inputs()[0].name
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        session.run(None, {name: images})
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("onnx", type=Path)
    options = parser.parse_args()
    model, task = load(options.checkpoint)
    export(model, task, options.onnx)
    check(model, options.onnx)


if __name__ == "__main__":
    main()
