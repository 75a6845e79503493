"""Finished pixels to JPEG by the encoder of our own (docs/adr/0017)."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from wado_core.errors import InvalidRequest
from wado_core.jpeg.encoder import encode as encode_pieces
from wado_core.jpeg.layout import Layout, Subsampling
from wado_core.jpeg.samples import IDENTITY, ColorSamples, GraySamples, Samples
from wado_core.jpeg.tables import CHROMA_STEPS, LUMA_STEPS, Steps, scaled
from wado_core.model.geometry import Rectangle


def samples_of(picture: npt.NDArray[np.uint8]) -> Samples:
    """Return finished pixels, (rows, columns) or (rows, columns, 3) uint8, as what is coded."""
    everything = Rectangle(0, 0, picture.shape[1], picture.shape[0])
    if picture.ndim == 2:
        return GraySamples(np.ascontiguousarray(picture), IDENTITY, everything)
    return ColorSamples(np.ascontiguousarray(picture), everything)


def encode_samples(
    samples: npt.ArrayLike,
    quality: int,
    subsampling: str,
    quantization_tables: Sequence[npt.ArrayLike] | None,
    restart_rows: int | None,
) -> bytes:
    """Encode what a caller of the Python interface gives; see ``wado_core.encode_jpeg``. Raises InvalidRequest."""
    picture = np.asarray(samples)
    if picture.dtype != np.uint8 or not (picture.ndim == 2 or (picture.ndim == 3 and picture.shape[2] == 3)):
        raise InvalidRequest("Samples are uint8, (rows, columns) or (rows, columns, 3).")
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
