"""Perspective views of an equirectangular panorama."""

import math
from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class View:
    """A square pinhole view: where it looks, how wide (degrees), and its side in pixels."""

    yaw: float
    pitch: float
    fov: float
    side: int

    def to_panorama(self, x, y, width, height):
        """Panorama pixels seen at the pixels (x, y) of this view; x is within [0, width)."""
        focal = self.side / 2 / math.tan(math.radians(self.fov / 2))
        right, up = (x - self.side / 2) / focal, (self.side / 2 - y) / focal
        pitch = math.radians(self.pitch)
        ahead = math.cos(pitch) - up * math.sin(pitch)
        up = up * math.cos(pitch) + math.sin(pitch)
        azimuth = np.arctan2(right, ahead) + math.radians(self.yaw)
        elevation = np.arctan2(up, np.hypot(right, ahead))
        return (azimuth / (2 * math.pi) + 0.5) % 1 * width, (0.5 - elevation / math.pi) * height

    def cut(self, panorama):
        """The picture this view shows of the panorama."""
        height, width = panorama.shape[:2]
        x, y = np.meshgrid(np.arange(self.side) + 0.5, np.arange(self.side) + 0.5)
        px, py = self.to_panorama(x, y, width, height)
        px, py = (px - 0.5).astype(np.float32), (py - 0.5).astype(np.float32)
        return cv2.remap(panorama, px, py, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)

    def box_of_panorama(self, box, width, height):
        """A box of the panorama as one of this view, through the middles of its sides; None where it is not seen."""
        x0, y0, x1, y1 = box
        cx, cy = (x0 + x1) / 2, (y0 + y1) / 2
        xs, ys = np.array([cx, cx, x0, x1]), np.array([y0, y1, cy, cy])
        azimuth = (xs / width - 0.5) * 2 * math.pi - math.radians(self.yaw)
        elevation = (0.5 - ys / height) * math.pi
        pitch = math.radians(self.pitch)
        right, up, ahead = np.cos(elevation) * np.sin(azimuth), np.sin(elevation), np.cos(elevation) * np.cos(azimuth)
        up, ahead = up * math.cos(pitch) - ahead * math.sin(pitch), ahead * math.cos(pitch) + up * math.sin(pitch)
        if (ahead < 0.1).any():
            return None
        focal = self.side / 2 / math.tan(math.radians(self.fov / 2))
        u, v = self.side / 2 + focal * right / ahead, self.side / 2 - focal * up / ahead
        inside = u.max() > 0 and u.min() < self.side and v.max() > 0 and v.min() < self.side
        return [u.min(), v.min(), u.max(), v.max()] if inside else None


def shrink_for(panorama, fov, side):
    """The panorama resized so that a view of it is neither blurred nor aliased."""
    scale = min(1.0, side / fov * 360 * 1.1 / panorama.shape[1])
    return cv2.resize(panorama, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
