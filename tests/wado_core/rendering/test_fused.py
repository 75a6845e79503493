"""JPEG pictures are made without their pixels: the samples that are coded are those of the PNG, exactly, and so are the bytes."""

from typing import Any

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.fixtures import build, file_bytes, image, lookup_table
from tests.reference.rounding import Array
from wado_core import encode_jpeg
from wado_core.codecs.jpeg_out import FULL_CHROMA_QUALITY, STRIP_ROWS
from wado_core.dicom.frames import FrameReader
from wado_core.dicom.instance import describe
from wado_core.dicom.source import BytesSource
from wado_core.jpeg.scratch import scratch_of_thread
from wado_core.model import render
from wado_core.model.geometry import Region
from wado_core.model.grayscale import Window
from wado_core.model.render import MediaType, RenderRequest
from wado_core.rendering.execute import execute
from wado_core.rendering.plan import make_plan
from wado_core.settings import Limits

IMPLICIT, EXPLICIT, BIG_ENDIAN = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
EVERYTHING = Region(0.0, 0.0, 1.0, 1.0)


def made(data: bytes, media_type: MediaType, **asked: Any) -> bytes:
    source, limits = BytesSource(data), Limits()
    instance = describe(source, "v1", limits).instance
    plan = make_plan(instance, RenderRequest(media_type=media_type, **asked), limits)
    return execute(plan, FrameReader(source, instance, limits))[0].data


def pixels(data: bytes, **asked: Any) -> Array:
    return np.asarray(imagecodecs.png_decode(made(data, MediaType.PNG, **asked)))


def encoded(picture: Array, quality: int, restart_rows: int | None = None) -> bytes:
    """Encode finished pixels as the server does."""
    subsampling = "4:4:4" if quality >= FULL_CHROMA_QUALITY else "4:2:0"
    return encode_jpeg(picture, quality=quality, subsampling=subsampling, restart_rows=restart_rows)


@st.composite
def gray_objects(draw: st.DrawFn) -> Dataset:
    """A grayscale object whose cells hold anything, of all depths and with all transformations."""
    allocated = draw(st.sampled_from([8, 16]))
    stored = draw(st.integers(1, allocated))
    high = draw(st.just(stored - 1) | st.integers(stored - 1, allocated - 1))
    signed = draw(st.booleans())
    low, top = (-(1 << (stored - 1)), (1 << (stored - 1)) - 1) if signed else (0, (1 << stored) - 1)
    values = st.integers(low, top)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    cells = rng.integers(low, top + 1, (draw(st.integers(1, 40)), draw(st.integers(1, 40))))
    slope = draw(st.sampled_from([1.0, -1.0, 0.5, 2.0, 0.37, -1.25]))
    near, widths = st.integers(low, top).map(float), st.sampled_from([1.0, 2.0, 400.0, float(1 << stored)])
    ds = image(
        cells, bits_allocated=allocated, bits_stored=stored, high_bit=high, pixel_representation=int(signed),
        garbage=draw(st.sampled_from([0, 7])), photometric=draw(st.sampled_from(["MONOCHROME1", "MONOCHROME2"])),
        padding=draw(st.none() | values | st.tuples(values, values)),
        window=draw(st.none() | st.tuples(near | st.integers(-2000, 2000).map(float), widths)),
        voi_function=draw(st.sampled_from([None, "LINEAR", "LINEAR_EXACT", "SIGMOID"])),
        rescale=draw(st.none() | st.tuples(st.just(slope), st.integers(-2000, 2000).map(float))),
        transfer_syntax=draw(st.sampled_from([IMPLICIT, EXPLICIT, BIG_ENDIAN])),
    )  # fmt: skip
    if draw(st.integers(0, 3)) == 0 and ds.file_meta.TransferSyntaxUID != BIG_ENDIAN and "RescaleSlope" not in ds:
        table = lookup_table(rng.integers(0, 4096, 50).tolist(), first=-20 if signed else 3, bits=12, signed=signed)
        setattr(ds, draw(st.sampled_from(["VOILUTSequence", "ModalityLUTSequence"])), Sequence([table]))
    return ds


def regions() -> st.SearchStrategy[Region | None]:
    edges = st.tuples(st.floats(0, 0.6), st.floats(0.1, 0.4))
    return st.none() | st.tuples(edges, edges).map(lambda xy: Region(xy[0][0], xy[1][0], sum(xy[0]), sum(xy[1])))


@settings(max_examples=250, deadline=None, derandomize=True)
@given(
    ds=gray_objects(), region=regions(), quality=st.integers(1, 100), rows=st.none() | st.none() | st.integers(1, 50),
    window=st.none() | st.builds(Window, st.floats(-500, 3000), st.floats(1, 3000)),
)  # fmt: skip
def test_random_grayscale_objects(ds: Dataset, region: Region | None, quality: int, rows: int | None, window: Window | None) -> None:
    data = file_bytes(ds)
    asked: dict[str, Any] = {"region": region, "rows": rows, "window": window}
    picture = pixels(data, **asked)
    assert made(data, MediaType.JPEG, quality=quality, **asked) == encoded(picture, quality)
    whole = pixels(data, window=window)
    check_tile(data, whole, window)


def check_tile(data: bytes, whole: Array, window: Window | None) -> None:
    """What the kernel has coded last is still in its tile: the last rows of blocks of the picture, side by side."""
    made(data, MediaType.JPEG, window=window)
    rows, columns = whole.shape
    blocks, of_tile = -(-columns // 8), scratch_of_thread().gray.shape[1] // 8
    lines = -(-rows // 8) % (of_tile // blocks) or of_tile // blocks
    lines = min(lines, -(-rows // 8))
    first = (-(-rows // 8) - lines) * 8
    padded = np.pad(whole[first:], ((0, -rows % 8), (0, -columns % 8)), mode="edge")
    for line in range(lines):
        tile = scratch_of_thread().gray[:, line * blocks * 8 : (line + 1) * blocks * 8]
        np.testing.assert_array_equal(tile, padded[8 * line : 8 * line + 8])


@pytest.mark.parametrize(
    "name", ["ct", "mono1", "pad", "mono1_pad", "sig", "exact", "lut", "mlut", "negslope", "signed_garbage", "highbit", "us10"]
)
def test_fixtures_in_grayscale(name: str) -> None:
    data = build(name)
    for asked in ({}, {"region": Region(0.07, 0.33, 0.61, 0.9)}, {"window": Window(-20.5, 333)}):
        assert made(data, MediaType.JPEG, quality=95, **asked) == encoded(pixels(data, **asked), 95)


@pytest.mark.parametrize("quality", [FULL_CHROMA_QUALITY - 1, FULL_CHROMA_QUALITY])
@pytest.mark.parametrize("name", ["rgb0", "rgb1", "rgb12", "ybr", "ybr422", "pal", "pal16", "rle_rgb"])
def test_fixtures_in_color(name: str, quality: int) -> None:
    data = build(name)
    for region in (None, Region(0.07, 0.33, 0.61, 0.9)):
        asked = {"region": region}
        assert made(data, MediaType.JPEG, quality=quality, **asked) == encoded(pixels(data, **asked), quality)


@pytest.mark.parametrize("size", [{}, {"rows": 101}, {"columns": 333}], ids=["as it is", "smaller", "larger"])
@pytest.mark.parametrize("color", [False, True])
def test_pictures_in_strips(color: bool, size: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """A large picture, that is: what is large is made small here."""
    monkeypatch.setattr(render, "STREAMED_PIXELS", 1000)
    data = build("rgb0" if color else "ct")
    asked = {"region": Region(0.1, 0.05, 0.93, 0.97), **size}
    expected = encoded(pixels(data, **asked), 80, STRIP_ROWS // (16 if color else 8))
    assert b"\xff\xdd" in expected
    assert made(data, MediaType.JPEG, quality=80, **asked) == expected
