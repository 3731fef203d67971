"""Weights of an earlier training to start from: a checkpoint, or a shipped model whose normalisations are folded."""

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn

CALIBRATION_BATCHES = 12


def load_into(net, path, maker, task):
    """Fill a net with the weights of `path`; classes it does not know begin anew. Returns what was done, in words."""
    if path.suffix == ".onnx":
        load_folded(net, path)
        unfold(net, maker, task)
        return f"started from {path.name}, normalisations measured anew"
    state = torch.load(path, weights_only=True)["net"]
    fill_head(net, state.pop("sign.weight"), state.pop("sign.bias"))
    net.load_state_dict(state, strict=False)
    return f"started from {path.name}"


def fill_head(net, weight, bias):
    """Copy the outputs that both nets have, in order; the others keep their small random weights."""
    known = min(len(bias), len(net.sign.bias))
    with torch.no_grad():
        net.sign.weight[:known] = weight[:known]
        net.sign.bias[:known] = bias[:known]


def load_folded(net, path):
    """Fill a net with an exported model's convolutions, into which the exporter folded the normalisations.

    Both list their convolutions in the order they run in, so they are paired by order and shape.
    """
    graph = onnx.load(path).graph
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    exported, scales = {}, []
    for node in graph.node:
        if node.op_type == "Identity" and node.input[0] in values:
            values[node.output[0]] = values[node.input[0]]
        elif node.op_type == "Conv":
            # A head runs once a stride with the same weights, under other names.
            weight, bias = values[node.input[1]], values[node.input[2]]
            exported.setdefault((weight.tobytes(), bias.tobytes()), (weight, bias))
        elif node.op_type == "Mul" and node.input[1] in values:
            scales.append(float(values[node.input[1]].item()))
    exported = list(exported.values())
    order = convolutions_in_order(net)
    if len(order) != len(exported):
        raise SystemExit(f"{path}: {len(exported)} convolutions, {len(order)} expected")
    with torch.no_grad():
        for (convolution, normalisation), (weight, bias) in zip(order, exported):
            weight, bias = torch.tensor(weight), torch.tensor(bias)
            if convolution is net.sign:
                fill_head(net, weight, bias)
                continue
            convolution.weight.copy_(weight)
            if normalisation is None:
                convolution.bias.copy_(bias)
            else:
                normalisation.weight.fill_(1)
                normalisation.bias.copy_(bias)
                normalisation.running_mean.zero_()
                normalisation.running_var.fill_(1 - normalisation.eps)
        net.box_scale.copy_(torch.tensor(scales[-len(net.box_scale) :]))


def convolutions_in_order(net):
    """Each convolution with the normalisation behind it, or None, in the order they first run."""
    pairs, behind = [], {}
    for module in net.modules():
        children = list(module.children())
        for child, after in zip(children, children[1:]):
            if isinstance(child, nn.Conv2d) and isinstance(after, nn.BatchNorm2d):
                behind[child] = after
    seen = set()

    def note(convolution, *_):
        if convolution not in seen:
            seen.add(convolution)
            pairs.append((convolution, behind.get(convolution)))

    hooks = [m.register_forward_hook(note) for m in net.modules() if isinstance(m, nn.Conv2d)]
    with torch.no_grad():
        net.eval()(torch.zeros(1, 3, 64, 64))
    for hook in hooks:
        hook.remove()
    return pairs


def unfold(net, maker, task):
    """Let every normalisation normalise again, by what runs through it, without changing what the net says."""
    random = np.random.RandomState(7)
    side, count = task.batches[0]
    moments = {}

    def measure(normalisation, inputs):
        values = inputs[0].double()
        total = moments.setdefault(normalisation, [0, 0.0, 0.0])
        total[0] += values.numel() // values.shape[1]
        total[1] = total[1] + values.sum((0, 2, 3))
        total[2] = total[2] + values.square().sum((0, 2, 3))

    hooks = [m.register_forward_pre_hook(measure) for m in net.modules() if isinstance(m, nn.BatchNorm2d)]
    net.eval()
    with torch.no_grad():
        for _ in range(CALIBRATION_BATCHES):
            pixels = np.stack([maker.make(side, random)[0].pixels for _ in range(count)])
            net(torch.from_numpy(pixels).permute(0, 3, 1, 2).float())
        for hook in hooks:
            hook.remove()
        for normalisation, (count, total, squares) in moments.items():
            mean = (total / count).float()
            variance = (squares / count).float() - mean.square()
            normalisation.running_mean.copy_(mean)
            normalisation.running_var.copy_(variance)
            normalisation.weight.copy_((variance + normalisation.eps).sqrt())
            normalisation.bias.add_(mean)
    net.train()
