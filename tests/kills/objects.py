"""Objects whose every answer tells which object it is of, and in which version."""

import io
from functools import lru_cache

import imagecodecs
import numpy as np
from pydicom import dcmread

from tests import reference
from tests.wado_core.services.plain_ct import ct_key, plain_ct
from wado_core.model.uid import InstanceKey

EDGE = 16
# Stored values that the window of the template shows apart: one for each pair of object and version, again and again.
_FIRST, _STEP, _VALUES = 870, 2, 180


def key_of(number: int) -> InstanceKey:
    """Return the UIDs of an object."""
    return ct_key(1 + number // 100, 1 + number // 20, number)


def stored_value(number: int, version: int) -> int:
    """Return the value of all pixels of an object in a version."""
    return _FIRST + _STEP * ((number * 37 + version * 53) % _VALUES)


def content(number: int, version: int) -> bytes:
    """Return the file of an object in a version; later versions may have other lengths, so that offsets differ."""
    data = plain_ct(1 + number // 100, 1 + number // 20, number, edge=EDGE)
    pixels = np.full((EDGE, EDGE), stored_value(number, version), "<u2").tobytes()
    if version % 3 == 0:
        return data[: -len(pixels)] + pixels
    dataset = dcmread(io.BytesIO(data))
    dataset.ImageComments = "x" * (version % 3) * 100
    dataset.PixelData = pixels
    out = io.BytesIO()
    dataset.save_as(out)
    return out.getvalue()


@lru_cache(maxsize=100_000)
def shown_level(value: int) -> int:
    """Return the display value that pixels of a stored value have, by the oracle."""
    pixels = np.full((EDGE, EDGE), value, "<u2").tobytes()
    return int(reference.render(plain_ct(edge=EDGE)[: -len(pixels)] + pixels)[0, 0])


def level_of_png(body: bytes) -> int:
    """Return the one level of a picture; raises ValueError when it has several."""
    levels = np.unique(imagecodecs.png_decode(body))
    if levels.size != 1:
        raise ValueError("the picture is made of several versions")
    return int(levels[0])


def value_of_dicom(body: bytes, key: InstanceKey) -> int:
    """Return the one stored value of an object; raises ValueError when it is another object, or has several."""
    dataset = dcmread(io.BytesIO(body))
    if InstanceKey(dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID) != key:
        raise ValueError("the answer is another object")
    values = np.unique(dataset.pixel_array)
    if values.size != 1:
        raise ValueError("the object is made of several versions")
    return int(values[0])
