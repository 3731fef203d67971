"""Views per second of detectors beside a graph as large as YOLO11n: python speed.py ../signs.onnx ../solar.onnx

The peer is built here with random weights: a plain net of 2.6 million parameters and 6.5 GFLOPs at 640 × 640, the
figures that YOLO11n is published with. As arpent does, as many sessions of one thread run at a time as there are
cores; the models take turns.
"""

import argparse
import os
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from export import OPSET, session_of

SIDE = 640
ROUNDS, SECONDS = 3, 3.0


def conv(inputs, outputs, kernel=3, stride=1):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs), nn.SiLU()
    )


class Peer(nn.Module):
    """Five strides of two and residual blocks between them, sized by `main` to the published figures."""

    def __init__(self):
        super().__init__()
        widths, depths = (20, 40, 80, 144, 288), (0, 2, 3, 3, 3)
        stages = [conv(3, widths[0], 3, 2)]
        for inputs, outputs, depth in zip(widths, widths[1:], depths[1:]):
            stages.append(conv(inputs, outputs, 3, 2))
            stages += [
                nn.Sequential(conv(outputs, outputs // 2, 1), conv(outputs // 2, outputs, 3)) for _ in range(depth)
            ]
        self.stages = nn.Sequential(*stages)
        self.to_head = conv(widths[-1], 64, 1)
        self.head = nn.Sequential(conv(64, 64), conv(64, 80))

    def forward(self, images):
        x = self.stages(images)
        x = nn.functional.interpolate(self.to_head(x), scale_factor=4.0)
        return self.head(x)


def flops(net):
    """Multiplications and additions for one picture."""
    total = 0

    def count(layer, _, output):
        nonlocal total
        total += 2 * layer.weight.numel() * output.shape[2] * output.shape[3]

    hooks = [m.register_forward_hook(count) for m in net.modules() if isinstance(m, nn.Conv2d)]
    with torch.no_grad():
        net(torch.zeros(1, 3, SIDE, SIDE))
    for hook in hooks:
        hook.remove()
    return total


def export_peer(path):
    net = Peer().eval()
    print(f"peer: {sum(p.numel() for p in net.parameters()) / 1e6:.1f} M parameters, {flops(net) / 1e9:.1f} GFLOPs")
    torch.onnx.export(net, torch.zeros(1, 3, SIDE, SIDE), str(path), opset_version=OPSET, input_names=["images"])


def views_per_second(path):
    """All cores, one session with one thread each."""
    done = []

    def work(session):
        images = np.random.RandomState(0).uniform(0, 255, (1, 3, SIDE, SIDE)).astype(np.float32)
        name = session.get_inputs()[0].name
        session.run(None, {name: images})
        start, runs = time.perf_counter(), 0
        while time.perf_counter() - start < SECONDS:
            session.run(None, {name: images})
            runs += 1
        done.append(runs / (time.perf_counter() - start))

    threads = [threading.Thread(target=work, args=(session_of(path),)) for _ in range(os.cpu_count())]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="+")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        peer = Path(folder) / "peer.onnx"
        export_peer(peer)
        results = {path: [] for path in (peer, *options.models)}
        for _ in range(ROUNDS):
            for path, rates in results.items():
                rates.append(views_per_second(path))
    base = float(np.median(results[peer]))
    for path, rates in results.items():
        rate = float(np.median(rates))
        print(f"{path.name:<20} {rate:6.1f} views of {SIDE} × {SIDE} a second, {rate / base:.2f} of the peer")


if __name__ == "__main__":
    main()
