"""Train the classifier of codes: python train_codes.py --data ../../../data --run runs/codes"""

import argparse
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

import data
from code_crops import CodeCrops
from code_net import Classifier
from training import Training, add_options, begin, loader_of

BATCH = 64
LEARNING_RATE = 2e-3
SMOOTHING = 0.03


class Batches(torch.utils.data.IterableDataset):
    """Endless batches of fresh crops with the numbers of their classes."""

    def __init__(self, maker):
        self.maker = maker

    def __iter__(self):
        torch.set_num_threads(1)
        random = np.random.RandomState(torch.initial_seed() % 2**32)
        while True:
            crops, numbers = zip(*(self.maker.make(random) for _ in range(BATCH)))
            yield torch.from_numpy(np.stack(crops)), torch.tensor(numbers)


def train(options):
    run = Path(options.run)
    state = begin(run, options.threads, options.seed, options.resume)
    maker = CodeCrops(options.data)
    loader = loader_of(Batches(maker), prefetch=4)
    net = Classifier(len(maker.names))
    if options.start_from:
        net.load_state_dict(torch.load(options.start_from, weights_only=True)["net"])
    training = Training(net, run, options.crops, options.rate, state, names=maker.names)
    for pixels, numbers in loader:
        if training.is_done:
            break
        logits = training.predict(pixels)
        loss = functional.cross_entropy(logits, numbers, label_smoothing=SMOOTHING)
        right = (logits.argmax(1) == numbers).float().mean().item()
        training.learn(loss, len(pixels), {"loss": loss.item(), "right": right})


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    data.add_option(parser)
    parser.add_argument("--crops", type=int, default=350_000, help="how many crops to train on (%(default)s)")
    parser.add_argument("--from", type=Path, dest="start_from", help="checkpoint whose weights to start from")
    add_options(parser, LEARNING_RATE)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
