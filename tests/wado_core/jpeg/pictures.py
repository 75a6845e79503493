"""Pictures that are hard on an encoder: contents by name, shapes at the edges of blocks, MCUs and tiles."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

SUBSAMPLINGS = {"4:4:4": (1, 1), "4:2:2": (2, 1), "4:2:0": (2, 2)}
CONTENTS = ("noise", "bits", "flat", "black", "white", "checkers", "cells", "gradient", "lines", "dot")


def picture(content: str, rows: int, columns: int, *, color: bool, seed: int = 1) -> Array:
    """Make a picture, (rows, columns) or (rows, columns, 3) uint8."""
    rng = np.random.default_rng(seed)
    shape = (rows, columns, 3) if color else (rows, columns)
    y, x = np.indices((rows, columns))
    planes = {
        "checkers": (y + x) % 2 * 255,  # the highest frequencies at their greatest
        "cells": (y // 8 + x // 8) % 2 * 255,  # the greatest differences of DC
        "gradient": (3 * y + 5 * x) % 256,
        "lines": (x % 3 == 0) * 255,
        "dot": (y == rows - 1) * (x == columns - 1) * 255,  # in the last place
    }
    if content == "noise":
        made = rng.integers(0, 256, shape)
    elif content == "bits":
        made = rng.choice([0, 255], shape)  # the longest codes there are
    elif content in planes:
        plane = planes[content]
        made = np.stack((plane, 255 - plane, np.roll(plane, 1, axis=0)), axis=-1) if color else plane
    else:
        made = np.full(shape, {"flat": 77, "black": 0, "white": 255}[content])
    return made.astype(np.uint8)
