"""Train a detector: python train.py signs --data ../../../data --run runs/signs"""

import argparse
from pathlib import Path

import numpy as np
import torch

import data
from loss import detection_loss
from net import Detector
from tasks import TASKS
from training import Training, add_options, begin, loader_of
from weights import load_into

LEARNING_RATE = 1.6e-3
LARGEST_GRADIENT = 8.0


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


def train(task, options):
    run = Path(options.run)
    state = begin(run, options.threads, options.seed, options.resume)
    maker = task.maker(options.data)
    loader = loader_of(Batches(task, maker), prefetch=6)
    net = Detector(len(task.classes))
    if options.start_from:
        print(load_into(net, options.start_from, maker, task), flush=True)
    crops = options.crops or task.crops
    training = Training(net, run, crops, options.rate, state, LARGEST_GRADIENT, task=task.name)
    for pixels, signs, ignored, partly_labelled in loader:
        if training.is_done:
            break
        raw = training.predict(pixels)
        loss, parts = detection_loss(raw, pixels.shape[1], signs, ignored, partly_labelled, task.unlabelled)
        training.learn(loss, len(pixels), parts)
    print(f"{training.crops} crops", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    data.add_option(parser)
    parser.add_argument("task", choices=sorted(TASKS))
    parser.add_argument("--crops", type=int, help="how many crops to train on [default: the task's own]")
    parser.add_argument("--from", type=Path, dest="start_from", help="model (.onnx) or checkpoint to start from")
    add_options(parser, LEARNING_RATE)
    options = parser.parse_args()
    train(TASKS[options.task], options)


if __name__ == "__main__":
    main()
