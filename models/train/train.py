"""Train the sign detector for a given time: python train.py --minutes 80 --run runs/signs"""

import argparse
import copy
import gc
import math
import time
from pathlib import Path

import numpy as np
import torch

import data
from crops import CropMaker
from loss import detection_loss
from net import Detector

# Most batches are of small crops; now and then larger ones show the large signs.
BATCHES = [(256, 16), (384, 7)]
BATCH_CHANCES = [0.85, 0.15]
LEARNING_RATE = 1.6e-3
LAST_LEARNING_RATE = 0.02 * LEARNING_RATE
WARM_UP_STEPS = 250
WEIGHT_DECAY = 0.03
LARGEST_GRADIENT = 8.0
AVERAGING = 0.999
STEPS_PER_LINE = 100
SECONDS_PER_CHECKPOINT = 180


class Batches(torch.utils.data.IterableDataset):
    """Endless batches of fresh crops."""

    def __init__(self, maker):
        self.maker = maker

    def __iter__(self):
        torch.set_num_threads(1)
        random = np.random.RandomState(torch.initial_seed() % 2**32)
        while True:
            side, count = BATCHES[random.choice(len(BATCHES), p=BATCH_CHANCES)]
            yield self.batch(side, count, random)

    def batch(self, side, count, random):
        scenes, partly = zip(*(self.maker.make(side, random) for _ in range(count)))
        pixels = torch.from_numpy(np.stack([scene.pixels for scene in scenes]))
        signs = [torch.tensor(scene.signs).reshape(-1, 5) for scene in scenes]
        ignored = [torch.tensor(scene.ignored).reshape(-1, 4) for scene in scenes]
        return pixels, signs, ignored, torch.tensor(partly)


def optimizer_for(net):
    """AdamW that decays the kernels alone, not the biases and normalisations."""
    kernels = [p for p in net.parameters() if p.ndim > 1]
    others = [p for p in net.parameters() if p.ndim <= 1]
    groups = [{"params": kernels, "weight_decay": WEIGHT_DECAY}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, betas=(0.9, 0.99))


def learning_rate(step, progress):
    """A short warm-up by steps, then a cosine to the end of the time."""
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
    rate = LAST_LEARNING_RATE + (LEARNING_RATE - LAST_LEARNING_RATE) * cosine
    return rate * min(1.0, (step + 1) / WARM_UP_STEPS)


@torch.no_grad()
def average_into(averaged, net, step):
    keep = min(AVERAGING, (1 + step) / (20 + step))
    for mean, value in zip(averaged.state_dict().values(), net.state_dict().values()):
        if mean.dtype.is_floating_point:
            mean.lerp_(value, 1 - keep)
        else:
            mean.copy_(value)


def save(averaged, path, **about):
    partial = path.with_suffix(".partial")
    torch.save({"net": averaged.state_dict(), **about}, partial)
    partial.replace(path)


def train(folder, run, minutes, threads, seed, start_from):
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(seed)
    maker = CropMaker(folder)
    gc.collect()
    gc.freeze()
    loader = torch.utils.data.DataLoader(Batches(maker), batch_size=None, num_workers=1, prefetch_factor=6)
    net = Detector()
    if start_from:
        net.load_state_dict(torch.load(start_from, weights_only=True)["net"])
    net = net.to(memory_format=torch.channels_last)
    averaged = copy.deepcopy(net).eval()
    optimizer = optimizer_for(net)
    run.mkdir(parents=True, exist_ok=True)
    print(f"{sum(p.numel() for p in net.parameters()):,} parameters", flush=True)

    start = saved = time.monotonic()
    crops, running = 0, {}
    for step, (pixels, signs, ignored, partly_labelled) in enumerate(loader):
        now = time.monotonic()
        elapsed = (now - start) / 60
        if elapsed >= minutes:
            break
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, elapsed / minutes)
        pictures = pixels.permute(0, 3, 1, 2).float()
        loss, parts = detection_loss(net(pictures), pixels.shape[1], signs, ignored, partly_labelled)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), LARGEST_GRADIENT)
        optimizer.step()
        average_into(averaged, net, step)

        crops += len(pixels)
        running = {name: 0.98 * running.get(name, value) + 0.02 * value for name, value in parts.items()}
        if (step + 1) % STEPS_PER_LINE == 0:
            losses = "  ".join(f"{name} {value:.3f}" for name, value in running.items())
            print(f"{elapsed:5.1f} min  step {step + 1}  crops {crops}  {losses}", flush=True)
        if now - saved > SECONDS_PER_CHECKPOINT:
            save(averaged, run / "checkpoint.pt", crops=crops, minutes=elapsed)
            saved = now
    save(averaged, run / "checkpoint.pt", crops=crops, minutes=minutes)
    print(f"{crops} crops in {minutes:.0f} minutes", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    data.add_option(parser)
    parser.add_argument("--run", type=Path, required=True, help="folder of the checkpoint")
    parser.add_argument("--minutes", type=float, default=80)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--from", type=Path, dest="start_from", help="checkpoint whose weights to start from")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    train(options.data, options.run, options.minutes, options.threads, options.seed, options.start_from)


if __name__ == "__main__":
    main()
