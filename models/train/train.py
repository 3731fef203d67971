"""Train a detector on so many crops: python train.py signs --crops 500000 --run runs/signs"""

import argparse
import copy
import gc
import math
import time
from pathlib import Path

import numpy as np
import torch

import data
from loss import detection_loss
from net import Detector
from tasks import TASKS
from weights import load_into

LEARNING_RATE = 1.6e-3
LAST_SHARE = 0.02
WARM_UP_STEPS = 250
WEIGHT_DECAY = 0.03
LARGEST_GRADIENT = 8.0
AVERAGING = 0.999
STEPS_PER_LINE = 200
SECONDS_PER_CHECKPOINT = 120


class Batches(torch.utils.data.IterableDataset):
    """Endless batches of fresh crops."""

    def __init__(self, task, maker):
        self.task, self.maker = task, maker

    def __iter__(self):
        torch.set_num_threads(1)
        random = np.random.RandomState(torch.initial_seed() % 2**32)
        while True:
            side, count = self.task.batches[random.choice(len(self.task.batches), p=self.task.batch_chances)]
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


def learning_rate(highest, step, progress):
    """A short warm-up by steps, then a cosine to the end."""
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
    return highest * (LAST_SHARE + (1 - LAST_SHARE) * cosine) * min(1.0, (step + 1) / WARM_UP_STEPS)


@torch.no_grad()
def average_into(averaged, net, step):
    keep = min(AVERAGING, (1 + step) / (20 + step))
    for mean, value in zip(averaged.state_dict().values(), net.state_dict().values()):
        if mean.dtype.is_floating_point:
            mean.lerp_(value, 1 - keep)
        else:
            mean.copy_(value)


def save(path, **state):
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)


def train(task, folder, run, crops_wanted, highest_rate, threads, seed, start_from, resume):
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    run.mkdir(parents=True, exist_ok=True)
    checkpoint = run / "checkpoint.pt"
    state = torch.load(checkpoint, weights_only=True) if resume else None
    # A run taken up again draws other crops than those it has seen.
    torch.manual_seed(seed + (state["step"] if state else 0))
    maker = task.maker(folder)
    gc.collect()
    gc.freeze()
    loader = torch.utils.data.DataLoader(Batches(task, maker), batch_size=None, num_workers=1, prefetch_factor=6)
    net = Detector(len(task.classes))
    if start_from:
        print(load_into(net, start_from, maker, task), flush=True)
    net = net.to(memory_format=torch.channels_last)
    averaged = copy.deepcopy(net).eval()
    optimizer = optimizer_for(net)
    first, crops, hours = 0, 0, 0.0
    if state:
        net.load_state_dict(state["trained"])
        averaged.load_state_dict(state["net"])
        optimizer.load_state_dict(state["optimizer"])
        first, crops, hours = state["step"], state["crops"], state["hours"]
    print(f"{sum(p.numel() for p in net.parameters()):,} parameters", flush=True)

    start = saved = time.monotonic()
    running = {}
    step = first
    for pixels, signs, ignored, partly_labelled in loader:
        if crops >= crops_wanted:
            break
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(highest_rate, step, crops / crops_wanted)
        pictures = pixels.permute(0, 3, 1, 2).float()
        # Half as many bits for the convolutions: a third faster, no worse.
        with torch.autocast("cpu", dtype=torch.bfloat16):
            raw = net(pictures)
        loss, parts = detection_loss(
            raw.float(), pixels.shape[1], signs, ignored, partly_labelled, task.unlabelled
        )
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), LARGEST_GRADIENT)
        optimizer.step()
        average_into(averaged, net, step)

        step += 1
        crops += len(pixels)
        now = time.monotonic()
        spent = hours + (now - start) / 3600
        running = {name: 0.98 * running.get(name, value) + 0.02 * value for name, value in parts.items()}
        if step % STEPS_PER_LINE == 0:
            losses = "  ".join(f"{name} {value:.3f}" for name, value in running.items())
            print(f"{spent * 60:5.1f} min  step {step}  crops {crops}  {losses}", flush=True)
        if now - saved > SECONDS_PER_CHECKPOINT or crops >= crops_wanted:
            save(
                checkpoint,
                task=task.name,
                net=averaged.state_dict(),
                trained=net.state_dict(),
                optimizer=optimizer.state_dict(),
                step=step,
                crops=crops,
                hours=spent,
            )
            saved = now
    print(f"{crops} crops", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    data.add_option(parser)
    parser.add_argument("task", choices=sorted(TASKS))
    parser.add_argument("--run", type=Path, required=True, help="folder of the checkpoint")
    parser.add_argument("--crops", type=int, default=500_000)
    parser.add_argument("--rate", type=float, default=LEARNING_RATE, help="highest learning rate (%(default)s)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--from", type=Path, dest="start_from", help="model (.onnx) or checkpoint to start from")
    parser.add_argument("--resume", action="store_true", help="go on with the checkpoint of the run")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    train(
        TASKS[options.task],
        options.data,
        options.run,
        options.crops,
        options.rate,
        options.threads,
        options.seed,
        options.start_from,
        options.resume,
    )


if __name__ == "__main__":
    main()
