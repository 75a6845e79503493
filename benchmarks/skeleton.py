"""What the same server and framework do with nothing around the work: a constant answer, and pictures rendered in the event loop.

Applications for ``benchmarks.serving.asgi``; WADO_BENCHMARK_FILE names a CT image, WADO_BENCHMARK_BYTES the length of the constant.
"""

import os
from functools import cache, lru_cache
from urllib.parse import parse_qs

import numpy as np
import numpy.typing as npt
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from wado_core.codecs import jpeg_out
from wado_core.jpeg.samples import GraySamples
from wado_core.model.geometry import Rectangle
from wado_core.model.grayscale import Rescale, Window
from wado_core.model.image_pixel import ImagePixel
from wado_core.rendering.drawing import GrayDrawing
from wado_core.rendering.line import exact_line
from wado_core.rendering.table import Grayscale

STEPS = Grayscale(Rescale(1, -1024), inverted=False, padding=None)
FRAME_BYTES = 2 * 512 * 512


@lru_cache(maxsize=1)
def _file() -> tuple[int, int]:
    """Return descriptor and offset of the one frame, which ends the file."""
    descriptor = os.open(os.environ["WADO_BENCHMARK_FILE"], os.O_RDONLY)
    return descriptor, os.fstat(descriptor).st_size - FRAME_BYTES


@cache
def _pixel(edge: int) -> ImagePixel:
    return ImagePixel(edge, edge, 1, "MONOCHROME2", 16, 12, 11)


def cells_of(descriptor: int, offset: int, edge: int = 512) -> npt.NDArray[np.uint16]:
    """Read a square frame."""
    return np.frombuffer(os.pread(descriptor, 2 * edge * edge, offset), np.uint16).reshape(edge, edge)


def picture(cells: npt.NDArray[np.uint16], window: Window) -> bytes:
    """Code a square frame through a window as JPEG, Q90: the fused work alone."""
    edge = len(cells)
    line = exact_line(STEPS, window, _pixel(edge))
    assert line is not None
    return b"".join(jpeg_out.encode(GraySamples(cells, line, Rectangle(0, 0, edge, edge)), edge, edge, 90, in_strips=False))


def small_picture(cells: npt.NDArray[np.uint16], window: Window) -> bytes:
    """Code it at 128 × 128."""
    edge = len(cells)
    drawing = GrayDrawing(cells, STEPS, window, _pixel(edge), Rectangle(0, 0, edge, edge), 128, 128)
    return b"".join(jpeg_out.encode(drawing.samples(), 128, 128, 90, in_strips=False))


async def _rendered(request: Request) -> Response:
    asked = parse_qs(request.url.query)
    window = Window(float(asked["windowCenter"][0]), float(asked["windowWidth"][0]))
    make = small_picture if "rows" in asked else picture
    return Response(make(cells_of(*_file()), window), media_type="image/jpeg")


async def _constant(_: Request) -> Response:
    return Response(_body(), media_type="image/jpeg")


@lru_cache(maxsize=1)
def _body() -> bytes:
    return bytes(int(os.environ["WADO_BENCHMARK_BYTES"]))


async def _ready(_: Request) -> Response:
    return PlainTextResponse("ready")


app = Starlette(routes=[Route("/wado", _rendered), Route("/constant", _constant), Route("/ready", _ready)])
