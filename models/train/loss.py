"""Which point answers for which sign, and how far off the predictions are."""

from functools import cache

import torch
from torch.nn import functional

from net import STRIDES

# The sizes of sign (longer side, pixels) each stride answers for; they overlap.
SIZES = {8: (0, 56), 16: (36, 140), 32: (100, float("inf"))}
CENTRE_RADIUS = 1.2
NEGATIVE, IGNORED = -1, -2


@cache
def points(side):
    """The points of a square crop: x and y of the cell's centre, stride, smallest and largest sign."""
    grids = []
    for stride in STRIDES:
        centres = (torch.arange(side // stride) + 0.5) * stride
        y, x = torch.meshgrid(centres, centres, indexing="ij")
        constants = [torch.full((x.numel(),), float(value)) for value in (stride, *SIZES[stride])]
        grids.append(torch.stack([x.flatten(), y.flatten(), *constants], 1))
    return torch.cat(grids)


def decode(raw, grid):
    """Boxes (x0, y0, x1, y1) from raw predictions."""
    stride = grid[:, 2:3]
    centre = grid[:, :2] + raw[:, :2] * stride
    half = raw[:, 2:4].clamp(-4, 4).exp() * stride / 2
    return torch.cat([centre - half, centre + half], 1)


def assign(grid, signs, ignored):
    """For each point the number of its sign, NEGATIVE or IGNORED."""
    assigned = torch.full((len(grid),), NEGATIVE)
    x, y, stride = (grid[:, None, column] for column in range(3))
    if len(ignored):
        x0, y0, x1, y1 = ignored.T
        inside = (x > x0 - 2) & (x < x1 + 2) & (y > y0 - 2) & (y < y1 + 2)
        assigned[inside.any(1)] = IGNORED
    if len(signs):
        x0, y0, x1, y1 = signs[:, :4].T
        dx, dy = (x - (x0 + x1) / 2).abs(), (y - (y0 + y1) / 2).abs()
        size = torch.maximum(x1 - x0, y1 - y0).expand(len(grid), -1)
        fits = (
            (torch.maximum(dx, dy) < CENTRE_RADIUS * stride)
            & (dx < torch.maximum((x1 - x0) / 2, 0.55 * stride))
            & (dy < torch.maximum((y1 - y0) / 2, 0.55 * stride))
            & (size >= grid[:, 3:4])
            & (size < grid[:, 4:5])
        )
        smallest, number = torch.where(fits, size, float("inf")).min(1)
        assigned = torch.where(smallest < float("inf"), number, assigned)
    return assigned


def overlaps(boxes, targets):
    """IoU and generalised IoU of boxes with the targets of the same row."""
    corner0, corner1 = torch.maximum(boxes[:, :2], targets[:, :2]), torch.minimum(boxes[:, 2:], targets[:, 2:])
    hull0, hull1 = torch.minimum(boxes[:, :2], targets[:, :2]), torch.maximum(boxes[:, 2:], targets[:, 2:])
    shared = (corner1 - corner0).clamp(0).prod(1)
    union = (boxes[:, 2:] - boxes[:, :2]).prod(1) + (targets[:, 2:] - targets[:, :2]).prod(1) - shared
    hull = (hull1 - hull0).prod(1).clamp(1e-6)
    iou = shared / union.clamp(1e-6)
    return iou, iou - (hull - union) / hull


def detection_loss(raw, side, signs, ignored, partly_labelled, unlabelled):
    """The loss of a batch, and its parts for the log.

    Where a picture is only partly labelled, a point that is fairly sure of a sign of the families
    `unlabelled` is not taught otherwise: mostly the sign is there and nobody labelled it.
    """
    grid = points(side)
    assigned = torch.stack([assign(grid, s, i) for s, i in zip(signs, ignored)])
    picture, point = (assigned >= 0).nonzero(as_tuple=True)
    count = max(1, len(picture))
    quality = torch.zeros(assigned.shape)
    box_loss = offset_loss = family_loss = raw.sum() * 0
    if len(picture):
        target = torch.stack([signs[b][assigned[b, p]] for b, p in zip(picture.tolist(), point.tolist())])
        chosen, at = raw[picture, point], grid[point]
        iou, giou = overlaps(decode(chosen, at), target[:, :4])
        quality[picture, point] = 0.3 + 0.7 * iou.detach().clamp(0, 1)
        box_loss = (1 - giou).mean()
        offset_loss = functional.smooth_l1_loss(chosen[:, :4], encode(target, at), beta=0.3)
        family_loss = functional.cross_entropy(chosen[:, 5:], target[:, 4].long())
    logit = raw[..., 4]
    score = logit.sigmoid()
    excused = torch.isin(raw[..., 5:].argmax(-1), torch.tensor(unlabelled, dtype=torch.long))
    excused &= (score > 0.25) & partly_labelled[:, None]
    counted = (assigned != IGNORED) & ~((assigned == NEGATIVE) & excused)
    entropy = functional.binary_cross_entropy_with_logits(logit, quality, reduction="none")
    sign_loss = (entropy * (score - quality).square() * counted).sum() / count
    total = 2 * sign_loss + 2 * box_loss + 0.5 * offset_loss + 0.3 * family_loss
    return total, {"sign": sign_loss.item(), "box": box_loss.item(), "family": family_loss.item()}


def encode(target, at):
    """What the net should say of the targets at these points; the inverse of `decode`."""
    stride = at[:, 2:3]
    offset = ((target[:, :2] + target[:, 2:4]) / 2 - at[:, :2]) / stride
    size = ((target[:, 2:4] - target[:, :2]) / stride).clamp(0.05).log()
    return torch.cat([offset, size], 1)
