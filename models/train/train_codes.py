"""Train the classifier of codes on so many crops: python train_codes.py --crops 1500000 --run runs/codes"""

import argparse
import copy
import gc
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

import data
from code_crops import CodeCrops
from code_net import Classifier
from train import average_into, learning_rate, optimizer_for, save

BATCH = 64
LEARNING_RATE = 2e-3
SMOOTHING = 0.03
STEPS_PER_LINE = 200
SECONDS_PER_CHECKPOINT = 60


class Batches(torch.utils.data.IterableDataset):
    def __init__(self, maker):
        self.maker = maker

    def __iter__(self):
        torch.set_num_threads(1)
        random = np.random.RandomState(torch.initial_seed() % 2**32)
        while True:
            crops, numbers = zip(*(self.maker.make(random) for _ in range(BATCH)))
            yield torch.from_numpy(np.stack(crops)), torch.tensor(numbers)


def train(folder, run, crops_wanted, threads, seed, start_from, resume):
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    run.mkdir(parents=True, exist_ok=True)
    checkpoint = run / "checkpoint.pt"
    state = torch.load(checkpoint, weights_only=True) if resume else None
    torch.manual_seed(seed + (state["step"] if state else 0))
    maker = CodeCrops(folder)
    gc.collect()
    gc.freeze()
    loader = torch.utils.data.DataLoader(Batches(maker), batch_size=None, num_workers=1, prefetch_factor=4)
    net = Classifier(len(maker.names))
    if start_from:
        net.load_state_dict(torch.load(start_from, weights_only=True)["net"])
    net = net.to(memory_format=torch.channels_last)
    averaged = copy.deepcopy(net).eval()
    optimizer = optimizer_for(net)
    step, crops, hours = 0, 0, 0.0
    if state:
        net.load_state_dict(state["trained"])
        averaged.load_state_dict(state["net"])
        optimizer.load_state_dict(state["optimizer"])
        step, crops, hours = state["step"], state["crops"], state["hours"]
    print(f"{sum(p.numel() for p in net.parameters()):,} parameters, {len(maker.names)} classes", flush=True)
    start = saved = time.monotonic()
    mean_loss, mean_right = 0.0, 0.0
    for pixels, numbers in loader:
        if crops >= crops_wanted:
            break
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(LEARNING_RATE, step, crops / crops_wanted)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = net(pixels.permute(0, 3, 1, 2).float())
        loss = functional.cross_entropy(logits.float(), numbers, label_smoothing=SMOOTHING)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        average_into(averaged, net, step)
        step, crops = step + 1, crops + len(pixels)
        right = (logits.argmax(1) == numbers).float().mean().item()
        mean_loss += 0.02 * (loss.item() - mean_loss)
        mean_right += 0.02 * (right - mean_right)
        now = time.monotonic()
        spent = hours + (now - start) / 3600
        if step % STEPS_PER_LINE == 0:
            print(f"{spent * 60:5.1f} min  crops {crops}  loss {mean_loss:.3f}  right {mean_right:.3f}", flush=True)
        if now - saved > SECONDS_PER_CHECKPOINT or crops >= crops_wanted:
            save(
                checkpoint,
                names=maker.names,
                net=averaged.state_dict(),
                trained=net.state_dict(),
                optimizer=optimizer.state_dict(),
                step=step,
                crops=crops,
                hours=spent,
            )
            saved = now


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    data.add_option(parser)
    parser.add_argument("--run", type=Path, required=True, help="folder of the checkpoint")
    parser.add_argument("--crops", type=int, default=1_500_000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--from", type=Path, dest="start_from", help="checkpoint whose weights to start from")
    parser.add_argument("--resume", action="store_true", help="go on with the checkpoint of the run")
    parser.add_argument("--seed", type=int, default=0)
    o = parser.parse_args()
    train(o.data, o.run, o.crops, o.threads, o.seed, o.start_from, o.resume)


if __name__ == "__main__":
    main()
