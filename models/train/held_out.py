"""Which pictures are held out of the training: python held_out.py FOLDER lists their names."""

import sys
from pathlib import Path


def is_held_out(name):
    """Every ninth block of twenty consecutive numbers, because consecutive numbers often show the same place."""
    return int(Path(name).stem) // 20 % 9 == 4


if __name__ == "__main__":
    names = sorted(path.name for path in (Path(sys.argv[1]) / "images").iterdir())
    print("\n".join(name for name in names if is_held_out(name)))
