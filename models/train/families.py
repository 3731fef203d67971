"""The families of signs the detector tells apart, and how each data set names them."""

import re

FAMILIES = ["danger", "prohibition", "obligation", "stop", "yield", "other", "plate", "direction"]
DANGER, PROHIBITION, OBLIGATION, STOP, YIELD, OTHER, PLATE, DIRECTION = range(len(FAMILIES))
# What SY32 and GTSDB leave without a label wherever it stands in their pictures.
UNLABELLED = (OTHER, PLATE, DIRECTION)

# SY32 numbers its families in our order: danger, interdiction, obligation, stop, ceder.
SY32 = {0: DANGER, 1: PROHIBITION, 2: OBLIGATION, 3: STOP, 4: YIELD}


def of_gtsdb(number):
    """The family of one of the 43 classes of the German benchmark."""
    if number == 11 or 18 <= number <= 31:
        return DANGER
    if 33 <= number <= 40:
        return OBLIGATION
    return {12: OTHER, 13: YIELD, 14: STOP}.get(number, PROHIBITION)


FRENCH = [
    (r"AB4", STOP),
    (r"AB3|AB5", YIELD),
    (r"AB[67]", OTHER),
    (r"A\d|AB|AK", DANGER),
    (r"B2[1-9]|B4\d", OBLIGATION),
    (r"B6b|B30|B5\d", OTHER),
    (r"B", PROHIBITION),
    (r"M", PLATE),
    (r"D|E|ID", DIRECTION),
]


def of_french_code(code):
    """The family of a French sign from its code, such as `AB3a` or `B14_(30)`."""
    return next((family for start, family in FRENCH if re.match(start, code)), OTHER)
