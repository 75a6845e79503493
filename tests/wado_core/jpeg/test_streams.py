"""Every stream is one that libjpeg-turbo decodes without a warning, and holds the coefficients of an exact DCT (A4.84, T.83)."""

from typing import Any

import imagecodecs
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.reference.jpeg import BASIS, take_apart
from tests.wado_core.jpeg.decoding import check_coefficients, decode
from tests.wado_core.jpeg.pictures import CONTENTS, SUBSAMPLINGS, Array, picture
from wado_core import encode_jpeg
from wado_core.jpeg.scratch import OUT_SIZE

sizes = st.integers(1, 70) | st.sampled_from([1, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65])


@st.composite
def tables(draw: st.DrawFn) -> list[Array] | None:
    """One or two quantisation tables, or that of the quality."""
    kind = draw(st.sampled_from(["none", "one", "two", "ones", "most"]))
    if kind == "none":
        return None
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    if kind in ("ones", "most"):
        return [np.full((8, 8), 1 if kind == "ones" else 255)]
    return [rng.integers(1, 256, (8, 8)) for _ in range(1 if kind == "one" else 2)]


def damaged() -> dict[str, bytes]:
    """What a decoder that warns must not take."""
    stream = encode_jpeg(picture("noise", 64, 64, color=False), restart_rows=2)
    first = stream.index(b"\xff\xd0")
    flipped = bytearray(stream)
    flipped[first - 60] ^= 0x55
    return {
        "a restart marker of another number": stream[: first + 1] + b"\xd3" + stream[first + 2 :],
        "no restart marker": stream[:first] + stream[first + 2 :],
        "too few bytes": stream[:-40] + stream[-2:],
        "no end": stream[:-2],
        "too many bytes": stream[:first] + b"\0\0\0" + stream[first:],
        "other bits": bytes(flipped),
        "no stuffing": stream.replace(b"\xff\x00", b"\xff\x01", 1),
    }


@pytest.mark.parametrize("name", damaged())
def test_the_decoder_of_these_tests_sees_damage(name: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(damaged()[name])


def test_what_the_decoder_does_not_see_is_seen_when_a_stream_is_taken_apart() -> None:
    stream = encode_jpeg(picture("noise", 20, 20, color=True))
    assert decode(stream[:-2] + b"\0\0" + stream[-2:]).shape == (20, 20, 3)
    with pytest.raises(AssertionError):
        take_apart(stream[:-2] + b"\0\0" + stream[-2:])


@settings(max_examples=500, deadline=None, derandomize=True)
@given(
    rows=sizes, columns=sizes, color=st.booleans(), subsampling=st.sampled_from(sorted(SUBSAMPLINGS)), content=st.sampled_from(CONTENTS),
    quality=st.integers(1, 100) | st.just(100), steps=tables(), restart_rows=st.none() | st.integers(1, 12),
)  # fmt: skip
@example(rows=9, columns=257, color=False, subsampling="4:2:0", content="noise", quality=100, steps=None, restart_rows=None)
@example(rows=3, columns=511, color=False, subsampling="4:2:0", content="bits", quality=50, steps=None, restart_rows=None)
@example(rows=17, columns=513, color=False, subsampling="4:2:0", content="noise", quality=90, steps=None, restart_rows=2)
@example(rows=513, columns=7, color=False, subsampling="4:2:0", content="cells", quality=100, steps=None, restart_rows=None)
@example(rows=9, columns=255, color=True, subsampling="4:4:4", content="bits", quality=100, steps=None, restart_rows=1)
@example(rows=17, columns=257, color=True, subsampling="4:2:0", content="noise", quality=80, steps=None, restart_rows=1)
@example(rows=9, columns=513, color=True, subsampling="4:2:2", content="gradient", quality=95, steps=None, restart_rows=None)
@example(rows=8, columns=1, color=True, subsampling="4:2:2", content="dot", quality=100, steps=None, restart_rows=None)
def test_every_stream(
    rows: int, columns: int, color: bool, subsampling: str, content: str, quality: int, steps: list[Array] | None, restart_rows: int | None
) -> None:
    source = picture(content, rows, columns, color=color)
    asked: dict[str, Any] = {"quality": quality, "subsampling": subsampling, "quantization_tables": steps}
    stream = encode_jpeg(source, **asked)
    apart = take_apart(stream)
    across, down = SUBSAMPLINGS[subsampling] if color else (1, 1)
    check_coefficients(apart, source, across, down)
    for number, table in enumerate(steps or []):
        if number in apart.quantisation:
            np.testing.assert_array_equal(apart.quantisation[number], table)
    decoded = decode(stream)
    assert decoded.shape == source.shape
    if not color:
        blocks = BASIS.T @ (apart.components[0].blocks * apart.quantisation[0]) @ BASIS + 128
        shown = blocks.swapaxes(1, 2).reshape(blocks.shape[0] * 8, -1)[:rows, :columns]
        assert np.abs(np.clip(shown, 0, 255) - decoded).max() <= 1
    if restart_rows is not None:
        cut = encode_jpeg(source, **asked, restart_rows=restart_rows)
        np.testing.assert_array_equal(decode(cut), decoded)
        again = take_apart(cut)
        assert again.restart_mcus == restart_rows * -(-columns // (8 * across))
        for one, other in zip(apart.components, again.components, strict=True):
            np.testing.assert_array_equal(one.blocks, other.blocks)


@pytest.mark.parametrize("content", ["noise", "bits", "checkers", "cells"])
@pytest.mark.parametrize("color", [False, True])
def test_streams_longer_than_a_call_of_the_kernel_writes(content: str, color: bool) -> None:
    """At steps of 1: the kernel is called again in the middle of a row of blocks."""
    source = picture(content, 500, 700, color=color)
    asked: dict[str, Any] = {"quality": 100, "subsampling": "4:4:4"}
    stream = encode_jpeg(source, **asked)
    if content in ("noise", "bits"):
        assert len(stream) > OUT_SIZE
        assert b"\xff\x00" in stream
    error = decode(stream).astype(int) - source
    assert np.abs(error).max() <= (4 if color else 3)
    assert (error**2).mean() < (0.7 if color else 0.2)
    np.testing.assert_array_equal(decode(encode_jpeg(source, **asked, restart_rows=3)), decode(stream))


@pytest.mark.parametrize("subsampling", ["gray", *SUBSAMPLINGS])
@pytest.mark.parametrize("quality", [5, 50, 90, 100])
def test_the_error_is_not_larger_than_that_of_the_library_s_own_stream(subsampling: str, quality: int) -> None:
    """Its encoder has an accurate integer DCT, but rounds samples and colours to integers before."""
    color = subsampling != "gray"
    noise = picture("noise", 200, 201, color=color)
    patches = noise[:20, :21].repeat(11, axis=0).repeat(11, axis=1)
    for source in (noise, patches):
        their_name = subsampling.replace(":", "") if color else None
        theirs = bytes(imagecodecs.jpeg8_encode(np.ascontiguousarray(source), level=quality, subsampling=their_name))
        ours = encode_jpeg(source, quality=quality, **({"subsampling": subsampling} if color else {}))  # type: ignore[arg-type]
        for one, other in zip(take_apart(ours).components, take_apart(theirs).components, strict=True):
            assert (one.horizontal, one.vertical) == (other.horizontal, other.vertical)
        errors = [float(((decode(stream).astype(float) - source) ** 2).mean()) for stream in (ours, theirs)]
        assert errors[0] <= errors[1] * 1.01 + 0.02


def forms(source: Array) -> dict[str, Array]:
    """The same pixels, laid out in other ways."""
    wide = np.zeros((2 * source.shape[0] + 3, 3 * source.shape[1] + 2, *source.shape[2:]), np.uint8)
    wide[3::2, 2::3] = source
    fixed = source.copy()
    fixed.flags.writeable = False
    return {
        "Fortran order": np.asfortranarray(source),
        "every other": wide[3::2, 2::3],
        "backwards": source[::-1, ::-1].copy()[::-1, ::-1],
        "transposed": source.swapaxes(0, 1).copy().swapaxes(0, 1),
        "read-only": fixed,
        "no array": memoryview(source),  # type: ignore[arg-type, dict-item]
    }


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("shape", [(1, 1), (19, 37)])
def test_any_strides(shape: tuple[int, int], color: bool) -> None:
    source = picture("noise", *shape, color=color)
    stream = encode_jpeg(source)
    for name, form in forms(source).items():
        assert encode_jpeg(form) == stream, name
    row = np.broadcast_to(source[:1], (30, *source.shape[1:]))
    assert encode_jpeg(row) == encode_jpeg(row.copy())
    if color:
        assert encode_jpeg(source[..., ::-1]) == encode_jpeg(source[..., ::-1].copy())
        gray = np.broadcast_to(source[..., :1], source.shape)
        assert encode_jpeg(gray) == encode_jpeg(gray.copy())
