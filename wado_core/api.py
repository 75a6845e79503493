"""The Python interface for embedding: no server, no index (`wado_core` re-exports it)."""

import os
from collections.abc import Sequence

from wado_core.dicom.frames import read_frame
from wado_core.dicom.instance import describe
from wado_core.dicom.source import BytesSource
from wado_core.errors import InvalidRequest, Unavailable
from wado_core.model.geometry import Region
from wado_core.model.grayscale import VoiLutFunction, Window
from wado_core.model.instance import Instance
from wado_core.model.render import MediaType, RenderPlan, RenderRequest
from wado_core.ports import ByteSource
from wado_core.rendering.execute import execute
from wado_core.rendering.plan import make_plan
from wado_core.settings import Limits

Source = str | os.PathLike[str] | bytes


class FileSource:
    """A file that is read in place; close it, or use it in a ``with`` statement."""

    __slots__ = ("_file", "size")

    def __init__(self, path: str | os.PathLike[str]) -> None:
        try:
            self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise Unavailable(f"The file cannot be opened: {error.strerror}.") from error
        self.size = os.fstat(self._file).st_size

    def __enter__(self) -> "FileSource":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def read(self, offset: int, length: int) -> bytes:
        """Return ``length`` bytes from ``offset``, fewer at the end; Unavailable when the storage fails."""
        try:
            return os.pread(self._file, length, offset)
        except OSError as error:
            raise Unavailable(f"The file cannot be read: {error.strerror}.") from error


def open(source: Source) -> Instance:
    """Read what there is to know of a DICOM object without its pixels.

    source: a path, or the bytes of an object.  Raises WadoError: NotDicom, DamagedObject, LimitExceeded, Unavailable.
    """
    if isinstance(source, bytes):
        return _describe(BytesSource(source))
    with FileSource(source) as file:
        return _describe(file)


def _describe(source: ByteSource) -> Instance:
    return describe(source, "", Limits()).instance


def render(
    source: Source,
    *,
    frame_number: int = 1,
    window: Window | Sequence[float] | None = None,
    region: Region | Sequence[float] | None = None,
    rows: int | None = None,
    columns: int | None = None,
    quality: int = 90,
    media_type: str = "image/jpeg",
) -> bytes:
    """Render one frame of a DICOM object and return the encoded picture.

    source: a path, or the bytes of an object.
    frame_number: from 1.
    window: (center, width) in modality units, applied with the LINEAR function, or a Window with another; None takes the
        object's own, else its full range (A4.60 to A4.65).
    region: (xmin, ymin, xmax, ymax), each 0.0 to 1.0 from the top left corner (A4.50).
    rows, columns: most pixels of the picture; its aspect ratio is kept, and it is enlarged too (A4.41 to A4.44).
    quality: 1 to 100, for image/jpeg (A4.80).
    media_type: "image/jpeg" (8-bit baseline) or "image/png".

    Raises WadoError, whose text can be shown: InvalidRequest, NotDicom, DamagedObject, NotSupported, LimitExceeded, Unavailable.
    """
    request = RenderRequest(frame_number, _window(window), _region(region), rows, columns, _quality(quality), _media_type(media_type))
    return _render(source, request)


def thumbnail(source: Source, size: int = 128) -> bytes:
    """Render the middle frame as a JPEG that fits into ``size`` × ``size`` pixels.

    Raises WadoError as ``render`` does.
    """
    instance = open(source)
    middle = (instance.number_of_frames + 1) // 2
    return _render(source, RenderRequest(frame_number=middle, rows=size, columns=size))


def _render(source: Source, request: RenderRequest) -> bytes:
    if isinstance(source, bytes):
        return _picture(BytesSource(source), request)
    with FileSource(source) as file:
        return _picture(file, request)


def _picture(source: ByteSource, request: RenderRequest) -> bytes:
    limits = Limits()
    instance = describe(source, "", limits).instance
    plan: RenderPlan = make_plan(instance, request, limits)
    image, _ = execute(plan, lambda: read_frame(source, instance, plan.frame_number, limits))
    return image.data


def _window(window: Window | Sequence[float] | None) -> Window | None:
    if window is None:
        return None
    if not isinstance(window, Window):
        if len(window) != 2:
            raise InvalidRequest("A window is a center and a width.")
        window = Window(float(window[0]), float(window[1]))
    least = 1.0 if window.function is VoiLutFunction.LINEAR else 0.0
    if not abs(window.center) < 1e300 or not least <= window.width < 1e300 or window.width == 0:
        raise InvalidRequest("The width of a window must be at least 1, and its center a number.")
    return window


def _region(region: Region | Sequence[float] | None) -> Region | None:
    if region is None or isinstance(region, Region):
        return region
    try:
        return Region(*(float(edge) for edge in region))
    except (TypeError, ValueError) as error:
        raise InvalidRequest("A region is xmin, ymin, xmax, ymax with 0 <= xmin < xmax <= 1 and 0 <= ymin < ymax <= 1.") from error


def _quality(quality: int) -> int:
    if not 1 <= quality <= 100:
        raise InvalidRequest("The quality must be 1 to 100.")
    return quality


def _media_type(media_type: str) -> MediaType:
    try:
        return MediaType(media_type)
    except ValueError as error:
        raise InvalidRequest(f"The media type must be one of {', '.join(kind.value for kind in MediaType)}.") from error
