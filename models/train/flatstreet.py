"""Drawn streets in flat colours: the detector should also read drawings and maps of streets."""

import cv2
import numpy as np

from synth import log_uniform


def draw_street(side, random):
    """A sky, some façades with windows, a road and some greenery, in an RGB square."""
    horizon = int(side * random.uniform(0.35, 1.1))
    pixels = draw_sky(side, random)
    if random.rand() < 0.8:
        draw_facades(pixels, horizon, random)
    if random.rand() < 0.4:
        draw_greenery(pixels, horizon, random)
    if horizon < side:
        draw_ground(pixels, horizon, random)
    return pixels


def draw_sky(side, random):
    top = np.array([random.uniform(90, 200), random.uniform(140, 215), random.uniform(190, 255)])
    bottom = top + (255 - top) * random.uniform(0, 0.9)
    share = np.linspace(0, 1, side)[:, None, None]
    return np.broadcast_to(top * (1 - share) + bottom * share, (side, side, 3)).astype(np.uint8).copy()


def draw_facades(pixels, horizon, random):
    side = len(pixels)
    x = -random.randint(side)
    while x < side:
        width, height = int(side * log_uniform(random, 0.3, 2)), int(side * log_uniform(random, 0.2, 1.5))
        wall = random.uniform(110, 245) + random.uniform(-35, 35, 3)
        top = horizon - height
        cv2.rectangle(pixels, (x, top), (x + width, horizon), wall.clip(0, 255).tolist(), -1)
        draw_windows(pixels, (x, top, x + width, horizon), random)
        x += width


def draw_windows(pixels, facade, random):
    x0, y0, x1, y1 = facade
    step = len(pixels) * log_uniform(random, 0.1, 0.6)
    width, height = step * random.uniform(0.25, 0.6), step * random.uniform(0.35, 0.75)
    glass = (random.uniform(30, 210) + random.uniform(-30, 30, 3)).clip(0, 255).tolist()
    frame = random.uniform(60, 255, 3).tolist() if random.rand() < 0.5 else None
    for y in np.arange(y0 + step * 0.3, y1 - height, step):
        for x in np.arange(x0 + step * 0.3, x1 - width, step):
            corners = (int(x), int(y)), (int(x + width), int(y + height))
            cv2.rectangle(pixels, *corners, glass, -1)
            if frame:
                cv2.rectangle(pixels, *corners, frame, max(1, int(step * 0.05)))


def draw_greenery(pixels, horizon, random):
    side = len(pixels)
    green = random.uniform([30, 80, 30], [110, 170, 90])
    centre = random.uniform([0, horizon - side * 0.4], [side, horizon])
    for _ in range(random.randint(1, 12)):
        at = (centre + random.normal(0, side * 0.1, 2)).astype(int).tolist()
        colour = (green * random.uniform(0.85, 1.15)).clip(0, 255).tolist()
        cv2.circle(pixels, at, int(side * random.uniform(0.03, 0.2)), colour, -1, cv2.LINE_AA)


def draw_ground(pixels, horizon, random):
    side = len(pixels)
    grey = random.uniform(60, 170)
    cv2.rectangle(pixels, (0, horizon), (side, side), (grey + random.uniform(-8, 8, 3)).tolist(), -1)
    if random.rand() < 0.5:
        kerb = int(horizon + (side - horizon) * random.uniform(0.05, 0.4))
        paving = (grey + random.uniform(20, 70) + random.uniform(-8, 8, 3)).clip(0, 255).tolist()
        cv2.rectangle(pixels, (0, horizon), (side, kerb), paving, -1)
    if random.rand() < 0.5:
        foot = np.array([[0.45, 0], [0.55, 0], [0.7, 1], [0.4, 1]]) + [random.uniform(-0.5, 0.5), 0]
        marking = foot * [side, side - horizon] + [0, horizon]
        cv2.fillPoly(pixels, [marking.astype(np.int32)], (235, 235, 235), cv2.LINE_AA)
