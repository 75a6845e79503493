"""Coefficients read back by a program that is not ours: libjpeg 6b, through jpeglib from PyPI."""

from tempfile import NamedTemporaryFile

import jpeglib
import numpy as np

from conformance.jpeg.streams import Array
from conformance.jpeg.transform import ORDER


def read_back(data: bytes) -> list[tuple[Array, Array]]:
    """Return coefficients and quantization table of each component of a stream of up to four.

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
