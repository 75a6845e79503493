"""Coefficients read back, and coded anew, by a program that is not ours: libjpeg, through jpeglib from PyPI."""

from pathlib import Path
from tempfile import NamedTemporaryFile

import jpeglib
import numpy as np

from conformance.jpeg.streams import Array
from conformance.jpeg.transform import ORDER


def read_back(data: bytes) -> list[tuple[Array, Array]]:
    """Return coefficients and quantization table of each component of a stream of up to four, as libjpeg 6b reads them.

    The coefficients are (block rows, block columns, 64) int16 without the blocks that only complete an MCU, the table is (64,) int64;
    both in zigzag order. The stream has to be valid: libjpeg ends the process over one that is not.
    """
    with NamedTemporaryFile(suffix=".jpg") as file:
        file.write(data)
        file.flush()
        image = jpeglib.read_dct(file.name)
        planes = [plane for plane in (image.Y, image.Cb, image.Cr, image.K) if plane is not None]
    tables = [image.qt[number].reshape(64)[ORDER].astype(np.int64) for number in image.quant_tbl_no]
    return [(plane.reshape(*plane.shape[:2], 64)[..., ORDER], table) for plane, table in zip(planes, tables, strict=True)]


def with_arithmetic_coding(data: bytes) -> bytes:
    """Return a stream with the same coefficients, coded anew by libjpeg 9e: sequential, with arithmetic coding (SOF9)."""
    with NamedTemporaryFile(suffix=".jpg") as source, NamedTemporaryFile(suffix=".jpg") as target:
        source.write(data)
        source.flush()
        with jpeglib.version("9e"):
            jpeglib.read_dct(source.name).write_dct(target.name, flags=["+ARITH_CODE"])
        return Path(target.name).read_bytes()
