"""The classifier: a small residual net over one crop."""

from torch import nn

from net import Conv, Residual, scaled


class Classifier(nn.Module):
    """Logits of the classes for crops [B, 3, 64, 64] of RGB 0–255."""

    WIDTHS = (32, 48, 96, 160, 224)

    def __init__(self, classes):
        super().__init__()
        w = self.WIDTHS
        self.features = nn.Sequential(
            Conv(3, w[0], stride=2),
            Conv(w[0], w[1]),
            Residual(w[1]),
            Conv(w[1], w[2], stride=2),
            Residual(w[2]),
            Residual(w[2]),
            Conv(w[2], w[3], stride=2),
            Residual(w[3]),
            Residual(w[3]),
            Conv(w[3], w[4], stride=2),
            # A weighted mean over the 4 × 4 cells that keeps apart what stands where.
            nn.Conv2d(w[4], w[4], 4, groups=w[4], bias=False),
            nn.BatchNorm2d(w[4]),
            nn.ReLU(inplace=True),
            nn.Flatten(),
            nn.Dropout(0.1),
        )
        self.classes = nn.Linear(w[4], classes)

    def forward(self, crops):
        return self.classes(self.features(scaled(crops)))
