"""Coefficients that reach every rule of Huffman coding (T.81 F.1.2)."""

import numpy as np

from conformance.jpeg.streams import Array

LARGEST_AC, LEAST_DC, GREATEST_DC = 1023, -1024, 1023
RUNS = (14, 15, 16, 17, 30, 31, 32, 33, 46, 47, 48, 49, 61, 62)
"""Zeros between coefficients: at the borders of ZRL, which stands for sixteen, and up to all."""


def hard_blocks(count: int) -> Array:
    """Return blocks that reach every rule of F.1.2: (count, 64) int16, zigzag order.

    In turn: empty ones; the last coefficient alone, behind three ZRL; the RUNS of zeros, at the borders of ZRL; full blocks of the largest
    values, whose bits are all ones or all zeros; and random ones. DC jumps between its limits, so that differences reach ±2047.
    """
    random = np.random.default_rng(1992)
    blocks = np.zeros((count, 64), np.int64)
    for number, block in enumerate(blocks):
        kind = number % 8
        if kind == 1:
            block[63] = (-1) ** (number // 8)
        elif kind == 2:
            step = RUNS[number // 8 % len(RUNS)] + 1
            block[step::step] = random.choice([-1, 1, LARGEST_AC, -LARGEST_AC])
        elif kind == 3:
            block[1:] = LARGEST_AC
        elif kind == 4:
            block[1:] = -LARGEST_AC
        elif kind >= 5:
            sizes = random.integers(0, 11, 64)
            block[:] = random.integers(-(1 << sizes) + 1, 1 << sizes)
            block[random.random(64) < (0.95, 0.6, 0.0)[kind - 5]] = 0
        block[0] = random.choice([LEAST_DC, GREATEST_DC, 0, int(random.integers(LEAST_DC, GREATEST_DC + 1))], p=[0.35, 0.35, 0.1, 0.2])
    return blocks.astype(np.int16)
