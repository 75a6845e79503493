"""What callers of the Python interface give, checked: see ``wado_core.encode_jpeg``."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from wado_core.errors import InvalidRequest
from wado_core.jpeg.encoder import encode
from wado_core.jpeg.layout import Layout, Subsampling
from wado_core.jpeg.samples import samples_of
from wado_core.jpeg.tables import CHROMA_STEPS, LUMA_STEPS, Steps, scaled


def encode_picture(
    samples: npt.ArrayLike,
    quality: int,
    subsampling: str,
    quantization_tables: Sequence[npt.ArrayLike] | None,
    restart_rows: int | None,
) -> bytes:
    """Encode finished pixels. quality: 1 … 100.  Raises InvalidRequest where anything else is not as it should be."""
    picture = _picture(samples)
    layout = Layout(picture.shape[0], picture.shape[1], _subsampling(picture, subsampling), restart_rows)
    steps = (scaled(LUMA_STEPS, quality), scaled(CHROMA_STEPS, quality)) if quantization_tables is None else _steps(quantization_tables)
    return b"".join(encode(samples_of(picture), layout, steps[: 1 if picture.ndim == 2 else 2]))


def _picture(samples: npt.ArrayLike) -> npt.NDArray[np.uint8]:
    picture = _array(samples)
    if picture is None or picture.dtype != np.uint8 or not (picture.ndim == 2 or (picture.ndim == 3 and picture.shape[2] == 3)):
        raise InvalidRequest("Samples are uint8, (rows, columns) or (rows, columns, 3).")
    return picture


def _array(given: npt.ArrayLike) -> npt.NDArray[Any] | None:
    """Return an array, None for what is none: lists of unequal lengths, or samples of which some are masked."""
    try:
        return None if isinstance(given, np.ma.MaskedArray) else np.asarray(given)
    except (TypeError, ValueError):
        return None


def _subsampling(picture: npt.NDArray[np.uint8], name: str) -> Subsampling:
    if name not in (Subsampling.FULL, Subsampling.HALF_ACROSS, Subsampling.HALF):
        raise InvalidRequest("The subsampling must be 4:4:4, 4:2:2 or 4:2:0.")
    return Subsampling.GRAY if picture.ndim == 2 else Subsampling(name)


def _steps(tables: Sequence[npt.ArrayLike]) -> tuple[Steps, Steps]:
    arrays = [_array(table) for table in tables] if hasattr(tables, "__iter__") else []
    luma, chroma = (arrays[0], arrays[-1]) if 1 <= len(arrays) <= 2 else (None, None)
    return _table(luma), _table(chroma)


def _table(table: npt.NDArray[Any] | None) -> Steps:
    if table is None or table.shape != (8, 8) or table.dtype.kind not in "iu":
        raise InvalidRequest("Quantization tables are one or two 8 × 8 tables of whole numbers.")
    steps = tuple(int(step) for step in table.ravel())
    if not (min(steps) >= 1 and max(steps) <= 255):
        raise InvalidRequest("The steps of a quantization table must be 1 to 255.")
    return steps
