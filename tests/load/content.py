"""Objects in all encodings whose every answer tells the object, the version of its header, and that of each pixel."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    EnhancedCTImageStorage,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    RLELossless,
)

from tests import reference
from tests.fixtures import file_bytes, image
from tests.fixtures.code_streams import jpeg, jpeg_2000, rle
from tests.fixtures.identity import object_uid, series_uid, study_uid
from tests.fixtures.multi_frame_images import set_value_groups
from wado_core.model.render import STREAMED_PIXELS
from wado_core.model.uid import InstanceKey

VERSIONS = 10
"""Later versions are these once more; those that follow each other differ in stored value, rescale and window."""
FRAMES = 300
"""Of objects with many: more than the index keeps in one piece."""
WIDTH = 24.0
"""Of every stored window: what a header of one version makes of the pixels of another lies outside of it, and is black or white."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How an object is stored.  edge: rows and columns.  frames: 1 for a class without a number of frames."""

    name: str
    syntax: str
    edge: int
    frames: int = 1
    encode: Callable[[NDArray[Any]], bytes] | None = None
    enhanced: bool = False

    @property
    def streamed(self) -> bool:
        """Whether JPEG pictures of it are made in pieces, while it is read."""
        return self.edge * self.edge >= STREAMED_PIXELS and self.encode is None

    @property
    def converted(self) -> bool:
        """Whether the object is sent in another transfer syntax than it has."""
        return self.syntax != ExplicitVRLittleEndian


def _jpeg_2000(frame: NDArray[Any]) -> bytes:
    return jpeg_2000(frame, bits_stored=8)


KINDS = {
    kind.name: kind
    for kind in (
        Kind("native", ExplicitVRLittleEndian, 300),
        Kind("large", ExplicitVRLittleEndian, 1024),  # sent in several chunks
        Kind("deflated", DeflatedExplicitVRLittleEndian, 64),
        Kind("jpeg", JPEGBaseline8Bit, 64, encode=jpeg),
        Kind("rle", RLELossless, 64, encode=rle),
        Kind("j2k", JPEG2000Lossless, 64, encode=_jpeg_2000),
        Kind("enhanced", ExplicitVRLittleEndian, 16, FRAMES, enhanced=True),
        Kind("rle frames", RLELossless, 16, FRAMES, encode=rle),
    )
}


@dataclass(frozen=True, slots=True)
class Subject:
    """One object, whatever its version."""

    name: str
    kind: Kind

    @property
    def key(self) -> InstanceKey:
        return InstanceKey(study_uid(), series_uid(self.name), object_uid(self.name))


def stored_value(version: int) -> int:
    """Return the value of every pixel."""
    return 16 + 32 * (version % 7)


def window_center(version: int) -> int:
    """Return the center of the stored window."""
    return 40 + 48 * (version % 5)


def intercept(version: int, frame_number: int = 1) -> int:
    """Return the rescale intercept: with it, the pixels lie somewhere within the window, frame by frame elsewhere."""
    return window_center(version) + (3 * version + frame_number) % 17 - 8 - stored_value(version)


@lru_cache(maxsize=1000)
def content(subject: Subject, version: int) -> bytes:
    """Return the file in a version; some follow each other in length, and some have the same."""
    version %= VERSIONS
    kind = subject.kind
    shape = (kind.edge, kind.edge) if kind.frames == 1 else (kind.frames, kind.edge, kind.edge)
    cells = np.full(shape, stored_value(version), np.uint8 if kind.encode or kind.frames > 1 else np.uint16)
    streams = [kind.encode(cells.reshape(-1, kind.edge, kind.edge)[0])] * kind.frames if kind.encode else None
    sop_class = CTImageStorage if kind.frames == 1 else MultiFrameGrayscaleByteSecondaryCaptureImageStorage
    by_frame = {"window": None, "rescale": None} if kind.enhanced else {
        "window": (window_center(version), WIDTH), "rescale": (1, intercept(version)),
    }  # fmt: skip
    ds = image(
        cells,
        name=subject.name,
        sop_class=EnhancedCTImageStorage if kind.enhanced else sop_class,
        modality="CT",
        transfer_syntax=kind.syntax,
        code_streams=streams,
        **by_frame,
    )
    ds.ImageComments = f"version {version} " + "x" * (version % 4 // 2 * 200)
    if kind.enhanced:
        ds.PerFrameFunctionalGroupsSequence = Sequence([_groups(version, number) for number in range(1, kind.frames + 1)])
    elif kind.frames > 1:
        ds.FrameTime, ds.FrameIncrementPointer = 40, Tag("FrameTime")
    return file_bytes(ds)


def _groups(version: int, frame_number: int) -> Dataset:
    item = Dataset()
    set_value_groups(item, (1, intercept(version, frame_number)), (window_center(version), WIDTH))
    return item


def padding(length: int) -> bytes:
    """Return an element that may follow any data set that is not deflated, and means nothing (PS3.10 7.2)."""
    return b"\xfc\xff\xfc\xffOB\0\0" + length.to_bytes(4, "little") + bytes(length)


def level(subject: Subject, version: int, frame_number: int, window: tuple[float, float] | None) -> int:
    """Return the one level of a picture of a version, by the oracle.  window: asked for; None for the stored one."""
    version %= VERSIONS
    frame = frame_number if subject.kind.enhanced else 1
    return _shown(stored_value(version), intercept(version, frame), window or (window_center(version), WIDTH))


@lru_cache(maxsize=100_000)
def _shown(value: int, shift: int, window: tuple[float, float]) -> int:
    ds = image(np.full((1, 1), value, np.uint16), window=window, rescale=(1, shift))
    return int(reference.render(ds)[0, 0])


def level_of(body: bytes) -> int:
    """Return the one level of a PNG or, of the highest quality, a JPEG picture; raises ValueError when it has several."""
    levels = np.unique(imagecodecs.jpeg8_decode(body) if body.startswith(b"\xff\xd8") else imagecodecs.png_decode(body))
    if levels.size != 1:
        raise ValueError(f"the picture has the levels {levels.tolist()[:5]}")
    return int(levels[0])


def version_of_object(body: bytes, subject: Subject) -> int:
    """Return the version of an object that was sent; raises ValueError when it is another object, or of several versions."""
    ds = dcmread(io.BytesIO(body))
    if InstanceKey(ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID) != subject.key:
        raise ValueError("the answer is another object")
    version = int(ds.ImageComments.split()[1])
    values = np.unique(ds.pixel_array).tolist()
    if values != [stored_value(version)]:
        raise ValueError(f"the header is of version {version}, the pixels are {values[:5]}")
    frames = enumerate(ds.PerFrameFunctionalGroupsSequence, 1) if subject.kind.enhanced else [(1, None)]
    for number, item in frames:
        rescale = ds if item is None else item.PixelValueTransformationSequence[0]
        voi = ds if item is None else item.FrameVOILUTSequence[0]
        if (rescale.RescaleIntercept, voi.WindowCenter) != (intercept(version, number), window_center(version)):
            raise ValueError(f"rescale or window of frame {number} are not of version {version}")
    return version
