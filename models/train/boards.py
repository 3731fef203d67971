"""Boards with words, drawn anew each time: plates under signs, direction signs, place names, works."""

import cv2
import numpy as np

from families import DIRECTION, OTHER, PLATE

FONT = cv2.FontFace("sans")
WORDS = (
    "SAUF RIVERAINS|SAUF|RAPPEL|100 m|150 m|50 m|200 m|300 m|SUR 800 m|SUR 2 km|BUS|TAXIS|LIVRAISONS|STOP 150 m|"
    "CÉDEZ LE PASSAGE|INTERDIT|PAYANT|SAUF CYCLES|ACCÈS POMPIERS|ÉCOLE|PASSAGE PIÉTONS|8h-19h|GÊNANT|À DROITE|"
    "TOUTES DIRECTIONS|CENTRE VILLE|Gare|Mairie|Église|Stade|Z.I.|HÔPITAL|PARIS|LYON|Compiègne|Vendenheim|St-Jean|"
    "La Croix|Le Bourg|Route barrée|DÉVIATION|TRAVAUX|ATTENTION|CHAUSSÉE DÉFORMÉE|Cimetière|Piscine|Camping|Médiathèque"
).split("|")
WHITE, BLACK, BLUE, GREEN, YELLOW = (245, 245, 242), (15, 15, 15), (20, 50, 150), (10, 110, 60), (240, 200, 20)


def lines(random, most):
    return [WORDS[random.randint(len(WORDS))] for _ in range(random.randint(1, most + 1))]


def board(random, texts, ground, ink, border, height=96, point=None):
    """An RGBA board with texts under each other, as wide as the widest; it may point left or right."""
    size = int(height * 0.72 / len(texts))
    weight = int(random.choice([400, 600, 800]))
    spans = [cv2.getTextSize((4000, 200), text, (0, 0), FONT, size, weight)[2] for text in texts]
    margin = int(height * random.uniform(0.1, 0.3))
    body = int(max(max(spans), height * random.uniform(0.5, 1.2)) + 2 * margin)
    tip = height // 2 if point else 0
    width = body + tip
    outline = np.array([[0, 0], [body, 0], [width, height // 2], [body, height], [0, height]])
    start = 0
    if point == "left":
        outline, start = [width, 0] + outline * [-1, 1], tip
    outline = outline.astype(np.int32)
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [outline], 255, cv2.LINE_AA)
    colour = np.empty((height, width, 3), np.uint8)
    colour[:] = ground
    if border is not None:
        cv2.polylines(colour, [outline], True, border, max(2, int(height * 0.08)), cv2.LINE_AA)
    for number, (text, span) in enumerate(zip(texts, spans)):
        x = start + (margin if random.rand() < 0.3 else (body - span) // 2)
        y = int(height * (number + 0.78) / len(texts))
        cv2.putText(colour, text, (x, y), ink, FONT, size, weight)
    return np.dstack([colour, mask])


def plate(random):
    """A small white plate with words, a distance or an arrow."""
    texts = lines(random, 2)
    if random.rand() < 0.15:
        texts = [random.choice(["→", "←", "↑", "↓", "M", "P"])]
    ground = WHITE if random.rand() < 0.85 else [YELLOW, BLUE, BLACK][random.randint(3)]
    ink = BLACK if ground in (WHITE, YELLOW) else WHITE
    return board(random, texts, ground, ink, ink if random.rand() < 0.7 else None), PLATE


def direction(random):
    """A direction or place-name board."""
    kind = random.randint(5)
    if kind == 4:
        return board(random, lines(random, 1), WHITE, BLACK, (200, 20, 30)), DIRECTION
    ground, ink = [(WHITE, BLACK), (GREEN, WHITE), (BLUE, WHITE), (YELLOW, BLACK)][kind]
    border = ink if random.rand() < 0.7 else None
    point = random.choice([None, "left", "right"])
    return board(random, lines(random, 3), ground, ink, border, point=point), DIRECTION


def works(random):
    """A yellow board of works: KC and its kin."""
    return board(random, lines(random, 2), YELLOW, BLACK, BLACK if random.rand() < 0.6 else None), OTHER
