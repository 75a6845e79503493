"""The objects that are rendered in benchmarks: synthetic, and of realistic content (body, organs, noise)."""

from functools import cache

import imagecodecs
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont
from pydicom.uid import HTJ2K, JPEG2000, HTJ2KLossless, JPEG2000Lossless, JPEGBaseline8Bit

from tests.fixtures import file_bytes
from tests.fixtures.image import image

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
ULTRASOUND_IMAGE = "1.2.840.10008.5.1.4.1.1.3.1"
MAMMOGRAPHY_IMAGE = "1.2.840.10008.5.1.4.1.1.1.2"


def phantom(rows: int, columns: int, noise: float) -> npt.NDArray[np.uint16]:
    """Return 12-bit samples of a body with forty organs and film-like grain: (rows, columns) uint16."""
    rng = np.random.default_rng(3)
    y, x = np.ogrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    samples = np.where((x / 0.85) ** 2 + (y / 0.7) ** 2 < 1, 1064.0, 24.0)
    for _ in range(40):
        center_x, center_y = rng.uniform(-0.6, 0.6, 2)
        width, height = rng.uniform(0.02, 0.25, 2)
        across, down = ((x - center_x) / width) ** 2, ((y - center_y) / height) ** 2
        box = np.ix_(down[:, 0] < 1, across[0] < 1)  # outside of it, nothing is inside
        samples[box] += np.where(across[:, across[0] < 1] + down[down[:, 0] < 1] < 1, rng.uniform(-60, 80), 0.0)
    grain = rng.normal(0, 1, (rows, columns))
    grain = grain + np.roll(grain, 1, 0) + np.roll(grain, 1, 1)
    result: npt.NDArray[np.uint16] = np.clip(samples + grain / grain.std() * noise, 0, 4095).astype(np.uint16)
    return result


def ultrasound(rows: int = 480, columns: int = 640) -> npt.NDArray[np.uint8]:
    """Return the screen of a scanner: a sector with speckle, a vessel in the colours of Doppler, scales, text: (rows, columns, 3) uint8."""
    rng = np.random.default_rng(5)
    y, x = np.mgrid[0:rows, 0:columns]
    depth = np.hypot(x - columns / 2, y + rows / 12) / rows
    angle = np.arctan2(x - columns / 2, y + rows / 12)
    sector = (np.abs(angle) < 0.62) & (depth > 0.16) & (depth < 1.0)
    picture = np.repeat(np.where(sector, _speckle(rng, depth, angle), 0)[..., np.newaxis], 3, axis=2)

    box = sector & (np.abs(angle - 0.1) < 0.26) & (depth > 0.42) & (depth < 0.78)
    off_axis = depth - 0.6 - 0.25 * angle + 0.04 * np.sin(9 * angle)  # of a vessel that crosses the sector
    velocity = 1 - (off_axis / 0.055) ** 2 + rng.normal(0, 0.08, depth.shape)
    flow = box & (velocity > 0.15)
    turns = np.sin(7 * angle) > -0.2
    speed = np.clip(velocity, 0, 1)
    red, blue = (np.stack((255 * speed**low, 220 * speed**2.2, 255 * speed**high), axis=-1) for low, high in ((0.6, 4), (4, 0.6)))
    picture = np.where(flow[..., np.newaxis], np.where(turns[..., np.newaxis], red, blue), picture).clip(0, 255).astype(np.uint8)

    ramp = np.linspace(255, 0, rows // 3).astype(np.uint8)[:, np.newaxis, np.newaxis]
    picture[rows // 6 : rows // 6 + ramp.shape[0], columns - 24 : columns - 12] = ramp
    picture[rows // 6 : rows // 6 + ramp.shape[0], 12:24] = ramp * np.array([1, 0, 0], np.uint8)
    return _with_text(picture)


def _speckle(rng: np.random.Generator, depth: npt.NDArray[np.float64], angle: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return what an echo leaves on the screen: the logarithm of the magnitude of a random wave, finer along the beam than across."""
    wave = rng.normal(size=(2, 400, 200))
    wave = (wave + np.roll(wave, 1, 1) + np.roll(wave, 1, 2) + np.roll(wave, (1, 1), (1, 2))) / 2
    magnitude = np.hypot(*wave)[np.clip(depth * 399, 0, 399).astype(int), np.clip((angle + 0.65) / 1.3 * 199, 0, 199).astype(int)]
    tissue = 0.8 + 0.5 * np.sin(11 * depth + 3 * angle) + 0.3 * np.sin(29 * depth - 7 * angle)
    tissue[np.hypot(depth - 0.35, angle + 0.3) < 0.09] = -2.5  # a cyst
    echo: npt.NDArray[np.float64] = 95 + 24 * tissue + 26 * np.log(magnitude + 0.05) - 45 * depth + rng.normal(0, 1.5, depth.shape)
    return echo


def _with_text(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    drawn = Image.fromarray(picture)
    pen, font = ImageDraw.Draw(drawn), ImageFont.load_default_imagefont()
    for number, line in enumerate(("C5-2  ABD GEN  MI 1.1  TIS 0.8", "2D 62%  C 55  P Med  HGen", "Col 71%  WF 90Hz  PRF 1500Hz")):
        pen.text((40, 4 + 12 * number), line, "white", font)
    pen.text((picture.shape[1] - 130, 4), "12/03/2019 14:07:33", (120, 200, 255), font)
    pen.text((40, picture.shape[0] - 16), "RT LOBE LIVER  SAG", (255, 220, 80), font)
    for number in range(9):
        pen.text((picture.shape[1] - 60, 40 + number * 50), f"{2 * number:>2}-", "white", font)
    return np.asarray(drawn)


@cache
def ct() -> bytes:
    """Return a plain CT image, 512 × 512, 12 bits, window 40/400."""
    return file_bytes(
        image(
            phantom(512, 512, 14), name="bench-ct", sop_class=CT_IMAGE, modality="CT", bits_stored=12,
            rescale=(1, -1024), window=(40, 400),
        )
    )  # fmt: skip


@cache
def mammogram() -> bytes:
    """Return a mammogram, 4096 × 3328, 12 bits."""
    return file_bytes(
        image(phantom(4096, 3328, 6), name="bench-mg", sop_class=MAMMOGRAPHY_IMAGE, modality="MG", bits_stored=12, window=(1064, 400))
    )


@cache
def jpeg_2000_mammogram(*, reversible: bool = True) -> bytes:
    """Return the mammogram in JPEG 2000 as encoders of this field write it: one tile and layer, five levels, blocks of 64 × 64, LRCP.

    reversible: 8 MB; otherwise by the irreversible wavelet to 1.2 MB.
    """
    samples = phantom(4096, 3328, 6)
    stream = imagecodecs.jpeg2k_encode(samples, level=0 if reversible else 60, codecformat="J2K", reversible=reversible, bitspersample=12)
    return _compressed(samples, bytes(stream), JPEG2000Lossless if reversible else JPEG2000, f"bench-mg-j2k-{reversible}")


@cache
def htj2k_radiograph(*, reversible: bool = True) -> bytes:
    """Return an image of 2048 × 2048 in High-Throughput JPEG 2000: one tile and layer, five levels, blocks of 64 × 64, RPCL.

    reversible: 3 MB; otherwise by the irreversible wavelet to some 400 KB.
    """
    samples = phantom(2048, 2048, 10)
    stream = imagecodecs.htj2k_encode(samples, level=0 if reversible else 0.0002, reversible=reversible)
    return _compressed(samples, bytes(stream), HTJ2KLossless if reversible else HTJ2K, f"bench-dx-htj2k-{reversible}")


def _compressed(samples: npt.NDArray[np.uint16], stream: bytes, syntax: str, name: str) -> bytes:
    return file_bytes(
        image(
            samples, name=name, sop_class=MAMMOGRAPHY_IMAGE, modality="MG", bits_stored=12, window=(1064, 400),
            transfer_syntax=syntax, code_streams=[stream],
        )
    )  # fmt: skip


@cache
def stored_jpeg(frames: int = 1000) -> bytes:
    """Return a multi-frame ultrasound object of baseline JPEG frames, YBR_FULL_422, 640 × 480, alike but each its own frame."""
    stream = bytes(imagecodecs.jpeg8_encode(ultrasound(), level=90, subsampling="422"))
    # A comment in each tells them apart.
    streams = [stream[:2] + b"\xff\xfe\x00\x06" + number.to_bytes(4) + stream[2:] for number in range(frames)]
    return file_bytes(
        image(
            np.broadcast_to(np.uint8(0), (frames, 480, 640, 3)),
            name="bench-us",
            sop_class=ULTRASOUND_IMAGE,
            modality="US",
            photometric="YBR_FULL_422",
            transfer_syntax=JPEGBaseline8Bit,
            code_streams=streams,
        )
    )
