"""What every training here does around its own loss: rate, step, averaged weights, log, checkpoint."""

import copy
import gc
import math
import time

import torch

LAST_SHARE = 0.02
WARM_UP_STEPS = 250
WEIGHT_DECAY = 0.03
AVERAGING = 0.999
STEPS_PER_LINE = 200
SECONDS_PER_CHECKPOINT = 120


def begin(run, threads, seed, resume):
    """Set up torch and the folder of a run; the state to go on from, if that is asked for."""
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    run.mkdir(parents=True, exist_ok=True)
    state = torch.load(run / "checkpoint.pt", weights_only=True) if resume else None
    # A run taken up again draws other crops than those it has seen.
    torch.manual_seed(seed + (state["step"] if state else 0))
    return state


def loader_of(batches, prefetch):
    """Batches drawn by one worker, which shares the pictures in memory."""
    gc.collect()
    gc.freeze()
    return torch.utils.data.DataLoader(batches, batch_size=None, num_workers=1, prefetch_factor=prefetch)


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


class Training:
    """A net in training, its averaged twin, its optimizer, and how far it is."""

    def __init__(self, net, run, crops_wanted, highest_rate, state=None, largest_gradient=None, **about):
        """`state` is a checkpoint to go on from; `about` goes into the checkpoints as it is."""
        self.net = net.to(memory_format=torch.channels_last)
        self.averaged = copy.deepcopy(self.net).eval()
        self.optimizer = optimizer_for(self.net)
        self.checkpoint, self.about = run / "checkpoint.pt", about
        self.crops_wanted, self.highest_rate, self.largest_gradient = crops_wanted, highest_rate, largest_gradient
        self.step, self.crops, self.hours = 0, 0, 0.0
        if state:
            self.net.load_state_dict(state["trained"])
            self.averaged.load_state_dict(state["net"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step, self.crops, self.hours = state["step"], state["crops"], state["hours"]
        self.running = {}
        self.started = self.saved = time.monotonic()
        print(f"{sum(p.numel() for p in self.net.parameters()):,} parameters", flush=True)

    @property
    def is_done(self):
        return self.crops >= self.crops_wanted

    def predict(self, pixels):
        """What the net says of a batch [B, H, W, 3] of bytes, as floats."""
        # Half as many bits for the convolutions: a third faster, no worse.
        with torch.autocast("cpu", dtype=torch.bfloat16):
            raw = self.net(pixels.permute(0, 3, 1, 2).float())
        return raw.float()

    def learn(self, loss, count, parts):
        """Take a step down a loss of `count` crops, log its parts now and then, and write a checkpoint in time."""
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.highest_rate, self.step, self.crops / self.crops_wanted)
        self.optimizer.zero_grad()
        loss.backward()
        if self.largest_gradient:
            torch.nn.utils.clip_grad_norm_(self.net.parameters(), self.largest_gradient)
        self.optimizer.step()
        average_into(self.averaged, self.net, self.step)
        self.step, self.crops = self.step + 1, self.crops + count
        self.running = {name: 0.98 * self.running.get(name, part) + 0.02 * part for name, part in parts.items()}
        now = time.monotonic()
        spent = self.hours + (now - self.started) / 3600
        if self.step % STEPS_PER_LINE == 0:
            told = "  ".join(f"{name} {value:.3f}" for name, value in self.running.items())
            print(f"{spent * 60:5.1f} min  step {self.step}  crops {self.crops}  {told}", flush=True)
        if now - self.saved > SECONDS_PER_CHECKPOINT or self.is_done:
            self._save(spent)
            self.saved = now

    def _save(self, hours):
        state = {
            "net": self.averaged.state_dict(),
            "trained": self.net.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "crops": self.crops,
            "hours": hours,
        }
        partial = self.checkpoint.with_suffix(".partial")
        torch.save(self.about | state, partial)
        partial.replace(self.checkpoint)


def add_options(parser, rate):
    """The options that every training has."""
    parser.add_argument("--run", required=True, help="folder of the checkpoint")
    parser.add_argument("--rate", type=float, default=rate, help="highest learning rate (%(default)s)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--resume", action="store_true", help="go on with the checkpoint of the run")
    parser.add_argument("--seed", type=int, default=0)
