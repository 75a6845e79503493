"""Twins of the JPEG kernels' coding: symbols, codes, bits and bytes, in whole numbers and strings of digits (T.81 Annexes B, C, F)."""

from collections.abc import Sequence

import numpy as np

from tests.reference.rounding import Array

# Code and length of each symbol of a Huffman table.
Codes = dict[int, tuple[int, int]]


def category(value: int) -> int:
    """Bits that the magnitude of a number needs (T.81 Tables F.1, F.2)."""
    return abs(value).bit_length()


def extra_bits(value: int) -> str:
    """Write the digits behind a code: those of the number, of a negative one less 1 in two's complement (T.81 F.1.2.1.1)."""
    size = category(value)
    return f"{(value if value >= 0 else value - 1) % (1 << size):0{size}b}" if size else ""


def runs_and_values(block: Sequence[int]) -> list[tuple[int, int]]:
    """Return the AC symbols of a block in zig-zag order, without end-of-block: run of zeros and value, ZRL as (15, 0) (T.81 F.1.2.2.1)."""
    symbols, run = [], 0
    for value in block[1:]:
        if value == 0:
            run += 1
            continue
        symbols += [(15, 0)] * (run // 16) + [(run % 16, value)]
        run = 0
    return symbols


def places_with_zrl(mask: int) -> int:
    """Return the places of a block's coefficients that are coded, the lowest bit for DC, which always is.

    mask: those that are not 0. ZRL is at every sixteenth zero of a run that another coefficient follows.
    """
    last, places = 0, mask | 1
    for place in range(1, 64):
        if mask >> place & 1:
            for zero in range(last + 16, place, 16):
                places |= 1 << zero
            last = place
    return places


def coded_block(block: Sequence[int], prediction: int, dc: Codes, ac: Codes) -> str:
    """Write the digits of one block (T.81 F.1.2)."""
    difference = block[0] - prediction
    digits = [_digits(dc[category(difference)]), extra_bits(difference)]
    for run, value in runs_and_values(block):
        digits += [_digits(ac[run << 4 | category(value)]), extra_bits(value)]
    if block[63] == 0:
        digits.append(_digits(ac[0]))
    return "".join(digits)


def _digits(code: tuple[int, int]) -> str:
    return f"{code[0]:0{code[1]}b}"


def whole_bytes(digits: str) -> bytes:
    """Make bytes of digits, of which there are eight for each."""
    return int(digits, 2).to_bytes(len(digits) // 8, "big") if digits else b""


def stuffed(octets: bytes) -> bytes:
    """Put a 0 behind each 0xFF (T.81 B.1.1.5)."""
    return octets.replace(b"\xff", b"\xff\x00")


def coded_scan(
    blocks: Array, order: Sequence[int], component: Sequence[int], tables: Sequence[tuple[Codes, Codes]], interval: int
) -> bytes:
    """Code blocks in the order of a scan.

    blocks: (n, 64), zig-zag.  component: of each block in the scan.  tables: DC and AC of each component.
    interval: blocks between restart markers, 0 for none.
    """
    scan = bytearray()
    for start in range(0, len(order), interval or len(order)):
        if start:
            scan += bytes([0xFF, 0xD0 + (start // interval - 1) % 8])
        predictions, digits = [0] * 4, ""
        for place in range(start, min(start + (interval or len(order)), len(order))):
            block, number = [int(value) for value in blocks[order[place]]], component[place]
            digits += coded_block(block, predictions[number], *tables[number])
            predictions[number] = block[0]
        scan += stuffed(whole_bytes(digits + "1" * (-len(digits) % 8)))
    return bytes(scan)


def joined(codes: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Write codes, each a number and how many bits it has, one behind the other into one of them."""
    whole, size = 0, 0
    for code, length in codes:
        whole, size = whole << length | code, size + length
    return whole, size


def mask_of(block: Sequence[int]) -> int:
    """Say which coefficients are not 0, the first in the lowest bit."""
    return sum(1 << place for place, value in enumerate(block) if value != 0)


def full_places(octets: bytes) -> int:
    """Say which bytes are 0xFF, the first in the lowest bit."""
    return mask_of([int(octet == 0xFF) for octet in octets])


def masks_of(blocks: Array) -> Array:
    """Do that for blocks, (n, 64): (n,) uint64."""
    return np.array([mask_of(block) for block in blocks.tolist()], np.uint64)
