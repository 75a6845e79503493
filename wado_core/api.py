"""The Python interface for embedding: no server, no index (`wado_core` re-exports it)."""

from __future__ import annotations  # so that help() shows types as they are written here

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from operator import index
from typing import SupportsIndex, cast

import numpy.typing as npt

from wado_core.dicom.frames import FrameReader
from wado_core.dicom.instance import describe
from wado_core.errors import InvalidRequest
from wado_core.jpeg.arguments import encode_picture
from wado_core.model.geometry import Region
from wado_core.model.grayscale import ValueRange, VoiLutFunction, Window
from wado_core.model.instance import Instance
from wado_core.model.render import AutomaticWindow, MediaType, RenderRequest
from wado_core.rendering.execute import execute
from wado_core.rendering.plan import make_plan
from wado_core.settings import Limits
from wado_core.sources import Choice, FileSource, Path, Source, choose, opened

__all__ = ["Choice", "FileSource", "Source", "encode_jpeg", "open", "render", "thumbnail", "value_range"]


def open(source: Source) -> Instance:
    """Read what there is to know of a DICOM object without its pixels.

    source: a path, or the bytes of an object.  Raises WadoError: NotDicom, DamagedObject, LimitExceeded, Unavailable.
    """
    with opened(source) as stored:
        return describe(stored, "", Limits()).instance


def render(
    source: Source,
    *,
    frame_number: int = 1,
    window: Window | Sequence[float] | None = None,
    region: Region | Sequence[float] | None = None,
    rows: int | None = None,
    columns: int | None = None,
    quality: int | None = None,
    media_type: str = "image/jpeg",
    overlays: bool = False,
    on_warning: Callable[[str], object] | None = None,
) -> bytes:
    """Render one frame of a DICOM object and return the encoded picture.

    source: a path, or the bytes of an object.
    frame_number: from 1.
    window: (center, width) in modality units, applied with the LINEAR function, or a ``wado_core.model.grayscale.Window`` with
        another; None takes the object's own, else its full range (A4.60 to A4.65).
    region: (xmin, ymin, xmax, ymax), each 0.0 to 1.0 from the top left corner (A4.50).
    rows, columns: most pixels of the picture; its aspect ratio is kept, and it is enlarged too (A4.41 to A4.44).
    quality: 1 to 100, for image/jpeg (A4.80); None is 90, but a stored JPEG whose samples nothing changes is returned as it is (A4.83).
    media_type: "image/jpeg" (8-bit baseline) or "image/png".
    overlays: draw the overlays of type G that the object holds, in white (PS3.3 C.9.2); most hold none.
    on_warning: called, before the picture is made, with each text that tells what of the object is broken and was left out.

    Raises WadoError, whose text can be shown: InvalidRequest, NotDicom, DamagedObject, NotSupported, LimitExceeded, Unavailable.
    """
    request = RenderRequest(
        _whole(frame_number, "frame_number"),
        _window(window),
        _region(region),
        None if rows is None else _whole(rows, "rows"),
        None if columns is None else _whole(columns, "columns"),
        None if quality is None else _quality(quality),
        _media_type(media_type),
        overlays=bool(overlays),
    )
    return _render(source, lambda _: request, on_warning)


def thumbnail(
    source: Source | Iterable[Path],
    size: int = 128,
    *,
    on_warning: Callable[[str], object] | None = None,
    on_choice: Callable[[Choice], object] | None = None,
) -> bytes:
    """Render what stands for an object, or for all in a folder, as a JPEG that fits into ``size`` × ``size`` pixels, without ICC profile.

    source: as for ``render``; or a folder, searched at every depth, or several files and folders.
    The picture is that of the middle frame, of a video the first. Among several objects that have a picture the newest study is taken, by
    Study Date, of it the series with most frames, and of this the middle instance by Instance Number; UIDs decide between equals.
    At most 10,000 files are looked at.
    on_warning: as in ``render``.  on_choice: called with what was chosen among several, before the picture is made.
    Raises WadoError as ``render`` does, and NotFound when no file holds a picture.
    """
    edge = _whole(size, "size")
    several = _several(source)
    if several is not None:
        choice = choose(several, Limits())
        if on_choice is not None:
            on_choice(choice)
        source = choice.path

    def request_for(instance: Instance) -> RenderRequest:
        return RenderRequest(instance.representative_frame, rows=edge, columns=edge, thumbnail=True)

    return _render(cast("Source", source), request_for, on_warning)


def value_range(source: Source, frame_number: int = 1) -> ValueRange | None:
    """Return the smallest and largest value of a frame in modality units, padding left out (H2.15); None where it is in colour.

    source: as for ``render``, which raises the same.
    """
    limits = Limits()
    with opened(source) as stored:
        instance = describe(stored, "", limits).instance
        plan = make_plan(instance, RenderRequest(_whole(frame_number, "frame_number"), rows=1, columns=1), limits)
        if plan.grayscale is None:
            return None
        automatic = replace(plan, grayscale=replace(plan.grayscale, voi=AutomaticWindow.FULL_RANGE))
        _, found = execute(automatic, FrameReader(stored, instance, limits))
    return found


def _several(source: Source | Iterable[Path]) -> list[Path] | None:
    """Return the files and folders of which one object is to be chosen; None when one object is named."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        return None
    if isinstance(source, (str, os.PathLike)):
        return [source] if os.path.isdir(source) else None
    if not isinstance(source, Iterable):
        raise InvalidRequest("A source is a path, the bytes of an object, or several paths.")
    paths = list(source)
    if not all(isinstance(path, (str, os.PathLike)) for path in paths):
        raise InvalidRequest("Several sources are given as paths.")
    return paths


def encode_jpeg(
    samples: npt.ArrayLike,
    *,
    quality: int = 90,
    subsampling: str = "4:2:0",
    quantization_tables: Sequence[npt.ArrayLike] | None = None,
    restart_rows: int | None = None,
) -> bytes:
    """Encode 8-bit samples as baseline JPEG (SOF0, T.81 process 1) with a JFIF header.

    samples: uint8, (rows, columns) gray or (rows, columns, 3) RGB, 1 to 65,535 each way, any strides; what is not C-contiguous is
        copied first. Many decoders stop at libjpeg's 65,500.
    quality: 1 to 100, the scale of the Independent JPEG Group.
    subsampling: of colour, "4:4:4", "4:2:2" or "4:2:0".
    quantization_tables: one (8, 8) table of steps 1 to 255, rows of vertical frequency, or two, for luma and chroma; instead of the
        quality.
    restart_rows: rows of MCUs between restart markers: a row of MCUs is 8 rows of the image, 16 at 4:2:0.

    Each coefficient is within 1 of the exact one (T.83). The bytes are the same on every processor. It works in the calling thread,
    without the GIL, in memory of about twice the stream's size; several threads may call it at once. The first call of a process
    loads the compiled kernels (a third of a second), the first of an installation compiles them (some ten seconds, once).
    Raises InvalidRequest, also where an interval would have more than 65,535 MCUs.
    """
    rows = None if restart_rows is None else _whole(restart_rows, "restart_rows")
    return encode_picture(samples, _quality(quality), subsampling, quantization_tables, rows)


def _render(source: Source, request_for: Callable[[Instance], RenderRequest], on_warning: Callable[[str], object] | None) -> bytes:
    limits = Limits()
    with opened(source) as stored:
        instance = describe(stored, "", limits).instance
        plan = make_plan(instance, request_for(instance), limits)
        if on_warning is not None:
            for warning in plan.warnings:
                on_warning(warning)
        image, _ = execute(plan, FrameReader(stored, instance, limits))
    return image.data


def _whole(number: SupportsIndex, name: str) -> int:
    if isinstance(number, bool) or not isinstance(number, SupportsIndex):  # numpy's integers are taken too
        raise InvalidRequest(f"{name} must be a whole number, of the type int.")
    return index(number)


def _window(window: Window | Sequence[float] | None) -> Window | None:
    if window is None:
        return None
    if not isinstance(window, Window):
        try:
            center, width = window
            window = Window(float(center), float(width))
        except (TypeError, ValueError) as error:
            raise InvalidRequest("A window is a center and a width.") from error
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
    if not 1 <= _whole(quality, "quality") <= 100:
        raise InvalidRequest("The quality must be 1 to 100.")
    return quality


def _media_type(media_type: str) -> MediaType:
    try:
        return MediaType(media_type)
    except ValueError as error:
        raise InvalidRequest(f"The media type must be one of {', '.join(kind.value for kind in MediaType)}.") from error
