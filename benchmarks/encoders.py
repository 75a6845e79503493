"""From samples to JPEG: the ways of others beside ours, and the pictures on which they are compared.

All begin with the same samples: stored cells of 16 bits with a window or a table, or finished pixels of 8 bits. The others get
display values from a compiled loop, in their time, and then encode with the same quality, subsampling and kind of Huffman tables.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from io import BytesIO
from itertools import cycle
from threading import Lock

import cv2
import imagecodecs
import numpy as np
import numpy.typing as npt
import simplejpeg
from numba import njit
from PIL import Image

import wado_core
from benchmarks.objects import phantom, ultrasound
from wado_core.codecs import jpeg_out
from wado_core.jpeg.samples import Samples, samples_of
from wado_core.model.geometry import Rectangle
from wado_core.model.grayscale import Lut, Rescale, VoiLutFunction, Window
from wado_core.model.image_pixel import ImagePixel
from wado_core.model.render import STREAMED_PIXELS
from wado_core.ports import Helper, Lend
from wado_core.rendering.drawing import GrayDrawing
from wado_core.rendering.table import Grayscale, cell_table

Picture = npt.NDArray[np.uint8]
Cells = npt.NDArray[np.uint16]

_SUBSAMPLINGS = {"4:4:4": "444", "4:2:0": "420"}
_SAMPLING_FACTORS = {"4:4:4": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444, "4:2:0": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420}

_STEPS = Grayscale(Rescale(1, -1024), inverted=False, padding=None)
_WINDOW = Window(40, 400)


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A picture to encode.

    samples: makes what our encoder takes, as the pipeline does.  display: makes the (rows, columns[, 3]) uint8 that the others take.
    subsampling: "gray", "4:2:0" or "4:4:4".
    """

    label: str
    rows: int
    columns: int
    samples: Callable[[], Samples]
    display: Callable[[], Picture]
    quality: int = 90
    subsampling: str = "gray"

    def pieces(self, lend: Lend | None = None) -> Iterator[bytes]:
        """Encode with the encoder of our own, in strips where the server does."""
        streamed = self.rows * self.columns >= STREAMED_PIXELS
        return jpeg_out.encode(self.samples(), self.rows, self.columns, self.quality, in_strips=streamed, lend=lend)

    def own(self, lend: Lend | None = None) -> bytes:
        """Encode with the encoder of our own; the server takes 4:4:4 for colour of the quality that is compared here."""
        if self.subsampling == "4:2:0":
            return wado_core.encode_jpeg(self.display(), quality=self.quality, subsampling="4:2:0")
        return b"".join(self.pieces(lend))

    def other(self, name: str) -> bytes:
        """Encode with one of OTHERS."""
        return OTHERS[name](self.display(), self.quality, self.subsampling)


def _imagecodecs(picture: Picture, quality: int, subsampling: str) -> bytes:
    return bytes_of(imagecodecs.jpeg8_encode(picture, level=quality, subsampling=_SUBSAMPLINGS.get(subsampling)))


def _simplejpeg(picture: Picture, quality: int, subsampling: str) -> bytes:
    """With the fast integer DCT, whatever it is asked for: up to 26 off at Q95 (docs/adr/0009)."""
    if subsampling == "gray":
        return bytes_of(simplejpeg.encode_jpeg(picture[..., np.newaxis], quality, "GRAY", "Gray"))
    return bytes_of(simplejpeg.encode_jpeg(picture, quality, "RGB", _SUBSAMPLINGS[subsampling]))


def _pillow(picture: Picture, quality: int, subsampling: str) -> bytes:
    stream = BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=quality, **({} if subsampling == "gray" else {"subsampling": subsampling}))
    return stream.getvalue()


def _opencv(picture: Picture, quality: int, subsampling: str) -> bytes:
    """Takes red for blue, which spares it a copy that is not the encoder's."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    if subsampling != "gray":
        options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, _SAMPLING_FACTORS[subsampling]]
    return cv2.imencode(".jpg", picture, options)[1].tobytes()


def bytes_of(encoded: object) -> bytes:
    """Return what a library without types has returned."""
    assert isinstance(encoded, bytes)
    return encoded


# The one to be compared with, libjpeg-turbo with its accurate DCT; and more ways to it.
LIBRARY = "libjpeg-turbo"
OTHERS: dict[str, Callable[[Picture, int, str], bytes]] = {
    LIBRARY: _imagecodecs,
    "simplejpeg": _simplejpeg,
    "Pillow": _pillow,
    "OpenCV": _opencv,
}


def _draw_window(cells, slope, offset, display):  # type: ignore[no-untyped-def]
    for i in range(cells.shape[0]):
        for j in range(cells.shape[1]):
            display[i, j] = np.uint8(min(max(np.float32(cells[i, j]) * slope + offset, np.float32(0)), np.float32(255)))


def _draw_table(cells, table, display):  # type: ignore[no-untyped-def]
    for i in range(cells.shape[0]):
        for j in range(cells.shape[1]):
            display[i, j] = table[cells[i, j]]


def _spin(steps):  # type: ignore[no-untyped-def]
    x = 0.0
    for _ in range(steps):
        x = x * 0.999 + 1.0
    return x


_compiled = partial(njit, nogil=True, error_model="numpy")
_window_loop = _compiled("void(uint16[:, ::1], float32, float32, uint8[:, ::1])")(_draw_window)
_table_loop = _compiled("void(uint16[:, ::1], Array(uint8, 1, 'C', readonly=True), uint8[:, ::1])")(_draw_table)
# Keeps a core busy, without memory and without the interpreter.
spin: Callable[[int], float] = _compiled("float64(int64)")(_spin)


def windowed(label: str, cells: Cells, *, quality: int = 90, new: bool = False) -> Case:
    """Return a case of 12 bits with a window, or with another one at each call that none of our tables and lines is kept for."""
    own, others = _windows(new), _windows(new)
    display = np.empty(cells.shape, np.uint8)

    def draw() -> Picture:
        window = next(others)
        slope = 255 / (window.width - 1)
        offset = (0.5 - (1024 + window.center - 0.5) / (window.width - 1)) * 255 + 0.5
        _window_loop(cells, np.float32(slope), np.float32(offset), display)
        return display

    return Case(label, cells.shape[0], cells.shape[1], lambda: _drawing(cells, next(own)).samples(), draw, quality)


def _windows(new: bool) -> Iterator[Window]:
    """Yield windows much like 40/400: whole numbers, as of somebody who drags a mouse; more than are remembered."""
    if new:
        return cycle([Window(40 + center, 400 + width) for width in range(-15, 16) for center in range(-10, 11)])
    return cycle([_WINDOW])


def by_table(label: str, cells: Cells, voi: Window | Lut) -> Case:
    """Return a case of 12 bits with a VOI transformation that no line stands for; both ways take the same table."""
    table, display = cell_table(_STEPS, voi, _pixel(cells)), np.empty(cells.shape, np.uint8)

    def draw() -> Picture:
        _table_loop(cells, table, display)
        return display

    return Case(label, cells.shape[0], cells.shape[1], _drawing(cells, voi).samples, draw)


def finished(label: str, picture: Picture, subsampling: str) -> Case:
    """Return a case of pixels of 8 bits."""
    return Case(label, picture.shape[0], picture.shape[1], lambda: samples_of(picture), lambda: picture, subsampling=subsampling)


def _drawing(cells: Cells, voi: Window | Lut) -> GrayDrawing:
    rows, columns = cells.shape
    return GrayDrawing(cells, _STEPS, voi, _pixel(cells), Rectangle(0, 0, columns, rows), rows, columns)


def _pixel(cells: Cells) -> ImagePixel:
    return ImagePixel(cells.shape[0], cells.shape[1], 1, "MONOCHROME2", 16, 12, 11)


@cache
def _ct() -> Cells:
    return phantom(512, 512, 14)


@cache
def _mr() -> Cells:
    return phantom(256, 256, 25)


@cache
def _mammogram() -> Cells:
    return phantom(4096, 3328, 6)


def _thumbnail() -> Picture:
    return replace(_drawing(_ct(), _WINDOW), rows=128, columns=128).picture()


def _s_shaped() -> Lut:
    """Return a VOI LUT of 12 bits, as detectors of X-rays come with them."""
    entries = 4095 / (1 + np.exp(-(np.arange(512) - 256) / 60))
    return Lut(-216, 12, entries.astype("<u2").tobytes())


# Made when they are asked for: a mammogram takes a second.
CASES: dict[str, Callable[[], Case]] = {
    "ct": lambda: windowed("CT 512×512", _ct()),
    "ct_new": lambda: windowed("CT, always a new window", _ct(), new=True),
    "ct_q75": lambda: windowed("CT at Q75", _ct(), quality=75),
    "ct_q95": lambda: windowed("CT at Q95", _ct(), quality=95),
    "ct_lut": lambda: by_table("CT with a VOI LUT", _ct(), _s_shaped()),
    "ct_sigmoid": lambda: by_table("CT with a sigmoid", _ct(), Window(40, 400, VoiLutFunction.SIGMOID)),
    "ct_odd": lambda: windowed("CT of 509×511", phantom(509, 511, 14)),
    "mr": lambda: windowed("MR 256×256, noisy", _mr()),
    "mr_new": lambda: windowed("MR, always a new window", _mr(), new=True),
    "thumbnail": lambda: finished("thumbnail of 128×128, 8 bits", _thumbnail(), "gray"),
    "ultrasound_420": lambda: finished("ultrasound 640×480, RGB, 4:2:0", ultrasound(), "4:2:0"),
    "ultrasound_444": lambda: finished("the same, 4:4:4", ultrasound(), "4:4:4"),
    "mammogram": lambda: windowed("mammogram 4096×3328", _mammogram()),
    "mammogram_new": lambda: windowed("mammogram, always a new window", _mammogram(), new=True),
}


class IdleThread:
    """A thread that takes work when it is idle, as the server's lend theirs."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "helper")
        self._busy = Lock()

    def lend(self, work: Helper) -> None:
        """Take work, or drop it."""
        if self._busy.acquire(blocking=False):
            self._pool.submit(self._run, work)

    def close(self) -> None:
        """Wait until it is idle, for good."""
        self._pool.shutdown()

    def _run(self, work: Helper) -> None:
        try:
            work(lambda: True)
        finally:
            self._busy.release()
