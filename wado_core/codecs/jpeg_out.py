"""Finished pixels to JPEG by the encoder of our own (docs/adr/0017)."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from wado_core.errors import InvalidRequest
from wado_core.jpeg.encoder import encode as encode_pieces
from wado_core.jpeg.layout import MOST_MCUS, Layout, Subsampling
from wado_core.jpeg.samples import GraySamples, Samples, samples_of
from wado_core.jpeg.tables import CHROMA_STEPS, LUMA_STEPS, Steps, scaled
from wado_core.ports import Lend

# From this quality on chroma keeps its full resolution: fine coloured text (ultrasound) survives.
FULL_CHROMA_QUALITY = 90

# Rows of the picture in a strip, which is a restart interval. Of 13 megapixels the first is a hundredth; all markers and the DC
# values that begin anew cost less than a thousandth of the size.
STRIP_ROWS = 32


def encode(
    samples: Samples, rows: int, columns: int, quality: int, *, in_strips: bool, lend: Lend | None = None
) -> Iterator[bytes]:
    """Yield a picture in pieces: gray as one component, colour as YCbCr with JFIF (A3.5, A3.7).

    quality: 1 … 100, the scale of the IJG; chroma is subsampled 4:2:0 below 90 (A4.82).
    in_strips: with restart markers, a piece for each of some strips; else one piece.  lend: lets idle threads help with strips.
    """
    if isinstance(samples, GraySamples):
        subsampling = Subsampling.GRAY
    else:
        subsampling = Subsampling.FULL if quality >= FULL_CHROMA_QUALITY else Subsampling.HALF
    layout = Layout(rows, columns, subsampling, _strip(columns, subsampling) if in_strips else 0)
    return encode_pieces(samples, layout, (scaled(LUMA_STEPS, quality), scaled(CHROMA_STEPS, quality))[: layout.components], lend)


def _strip(columns: int, subsampling: Subsampling) -> int:
    """Return the MCU rows of a strip, fewer where a picture is so wide that an interval would have too many MCUs."""
    mcus = -(-columns // (8 * subsampling.across))
    return min(STRIP_ROWS // (8 * subsampling.down), MOST_MCUS // mcus)


_KINDS = "Samples are uint8, (rows, columns) or (rows, columns, 3)."


def encode_samples(
    samples: npt.ArrayLike,
    quality: int,
    subsampling: str,
    quantization_tables: Sequence[npt.ArrayLike] | None,
    restart_rows: int | None,
) -> bytes:
    """Encode what a caller of the Python interface gives; see ``wado_core.encode_jpeg``. Raises InvalidRequest."""
    try:
        picture = np.asarray(samples)
    except ValueError as error:  # lists of unequal lengths
        raise InvalidRequest(_KINDS) from error
    if picture.dtype != np.uint8 or not (picture.ndim == 2 or (picture.ndim == 3 and picture.shape[2] == 3)):
        raise InvalidRequest(_KINDS)
    layout = Layout(picture.shape[0], picture.shape[1], _subsampling(picture, subsampling), 0 if restart_rows is None else restart_rows)
    if restart_rows == 0:
        raise InvalidRequest("A restart interval is at least one row of MCUs.")
    steps = (scaled(LUMA_STEPS, quality), scaled(CHROMA_STEPS, quality))
    if quantization_tables is not None:
        steps = _given_steps(quantization_tables)
    return b"".join(encode_pieces(samples_of(picture), layout, steps[: 1 if picture.ndim == 2 else 2]))


def _subsampling(picture: npt.NDArray[np.uint8], name: str) -> Subsampling:
    try:
        chosen = Subsampling(name)
    except ValueError:
        chosen = Subsampling.GRAY
    if chosen is Subsampling.GRAY:
        raise InvalidRequest("The subsampling must be 4:4:4, 4:2:2 or 4:2:0.")
    return Subsampling.GRAY if picture.ndim == 2 else chosen


def _given_steps(tables: Sequence[npt.ArrayLike]) -> tuple[Steps, Steps]:
    arrays = [np.asarray(table) for table in tables]
    if not 1 <= len(arrays) <= 2 or any(array.shape != (8, 8) or array.dtype.kind not in "iu" for array in arrays):
        raise InvalidRequest("Quantization tables are one or two 8 × 8 tables of whole numbers.")
    if any(array.min() < 1 or array.max() > 255 for array in arrays):
        raise InvalidRequest("The steps of a quantization table must be 1 to 255.")
    first, last = (tuple(int(step) for step in array.ravel()) for array in (arrays[0], arrays[-1]))
    return first, last
