"""The detector: a small residual backbone, a feature pyramid and two light heads, anchor-free."""

import torch
from torch import nn
from torch.nn import functional

STRIDES = (8, 16, 32)
# What pixels are scaled by: the manifests of the exported models say the same.
MEAN, SD = 114.0, 60.0


def scaled(pixels):
    """RGB 0–255 as the nets take it."""
    return (pixels - MEAN) / SD


class Conv(nn.Sequential):
    """Convolution, batch normalisation and, unless told otherwise, a rectifier."""

    def __init__(self, inputs, outputs, kernel=3, stride=1, groups=1, rectified=True):
        layers = [
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(outputs, momentum=0.03),
        ]
        super().__init__(*layers, *([nn.ReLU(inplace=True)] if rectified else []))


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.inner = nn.Sequential(
            Conv(channels, channels // 2, 1),
            Conv(channels // 2, channels, rectified=False),
        )
        nn.init.constant_(self.inner[1][1].weight, 0.3)

    def forward(self, x):
        return functional.relu(x + self.inner(x))


def separable(channels, kernel=3):
    return nn.Sequential(Conv(channels, channels, kernel, groups=channels), Conv(channels, channels, 1))


class Detector(nn.Module):
    """Raw predictions for pictures [B, 3, H, W] of RGB 0–255, H and W multiples of 32.

    The output is [B, N, 5 + classes]: per point, strides in order and cells row by row, the offset
    of the box's centre from the cell's centre and the logarithm of its size, both in strides, then
    the logits of there being a thing and of its class.
    """

    WIDTHS = (16, 32, 64, 112, 176)
    DEPTHS = (1, 2, 3, 2)
    NECK = 64

    def __init__(self, classes):
        super().__init__()
        neck = self.NECK
        self.stem = Conv(3, self.WIDTHS[0], stride=2)
        self.stages = nn.ModuleList(
            nn.Sequential(Conv(inputs, outputs, stride=2), *(Residual(outputs) for _ in range(depth)))
            for inputs, outputs, depth in zip(self.WIDTHS, self.WIDTHS[1:], self.DEPTHS)
        )
        self.lateral = nn.ModuleList(Conv(width, neck, 1) for width in self.WIDTHS[2:])
        self.context = separable(neck, 5)
        self.merge8, self.merge16 = Conv(neck, neck), Conv(neck, neck)
        self.down16, self.down32 = (Conv(neck, neck, stride=2, groups=neck) for _ in range(2))
        self.out16, self.out32 = Conv(neck, neck, 1), Conv(neck, neck, 1)
        self.box_tower = nn.Sequential(separable(neck), separable(neck))
        self.sign_tower = nn.Sequential(separable(neck), separable(neck))
        self.box = nn.Conv2d(neck, 4, 1)
        self.sign = nn.Conv2d(neck, 1 + classes, 1)
        self.box_scale = nn.Parameter(torch.ones(len(STRIDES)))
        self._start_heads()

    def _start_heads(self):
        """Begin with boxes of two strides and with signs being rare."""
        for layer in (self.box, self.sign):
            nn.init.normal_(layer.weight, 0, 0.01)
            nn.init.zeros_(layer.bias)
        with torch.no_grad():
            self.box.bias[2:] = 0.8
            self.sign.bias[0] = -4.0

    def forward(self, pictures):
        return self.of_scaled(scaled(pictures))

    def of_scaled(self, x):
        x = self.stem(x)
        features = []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        p8, p16, p32 = (lateral(f) for lateral, f in zip(self.lateral, features[1:]))
        p32 = p32 + self.context(p32)
        p16 = self.merge16(p16 + functional.interpolate(p32, scale_factor=2.0))
        p8 = self.merge8(p8 + functional.interpolate(p16, scale_factor=2.0))
        p16 = self.out16(p16 + self.down16(p8))
        p32 = self.out32(p32 + self.down32(p16))
        levels = []
        for level, p in enumerate((p8, p16, p32)):
            box = self.box(self.box_tower(p)) * self.box_scale[level]
            sign = self.sign(self.sign_tower(p))
            levels.append(torch.cat([box, sign], 1).flatten(2))
        return torch.cat(levels, 2).transpose(1, 2)
