"""Planning: every default of a request resolved against an instance, without touching a pixel (PS3.4 N.2, part H)."""

from wado_core.codecs.registry import versions
from wado_core.dicom.decodable import check_frame, renderable_pixel
from wado_core.errors import InvalidRequest
from wado_core.model.geometry import Rectangle, fit, pixels_of
from wado_core.model.grayscale import FrameTransform, Rescale, Window
from wado_core.model.image_pixel import ImagePixel
from wado_core.model.instance import Instance
from wado_core.model.overlay import StoredOverlay
from wado_core.model.render import DEFAULT_QUALITY, AutomaticWindow, GrayscalePlan, MediaType, RenderPlan, RenderRequest
from wado_core.rendering.as_stored import changes_nothing
from wado_core.settings import Limits

# Pictures that were reduced to so many pixels each way, or fewer, are thumbnails.
LARGEST_THUMBNAIL = 256

WINDOW_ON_COLOR = "The window was ignored: the image is in colour."


def make_plan(instance: Instance, request: RenderRequest, limits: Limits, like: RenderPlan | None = None) -> RenderPlan:
    """Resolve a request for one frame of an instance.

    like: the plan of a request to the same instance that differs from this one in frame and window only; what neither decides is taken
        from it.
    Raises InvalidRequest (frame, sizes), NotSupported (no image, transfer syntax, photometric interpretation), DamagedObject
    (the pixel data contradicts its header, or lacks the frame), LimitExceeded (a frame too large to be decoded).
    """
    frame_number = 1 if request.frame_number is None else request.frame_number
    check_frame(instance, frame_number)
    if like is None:
        pixel = renderable_pixel(instance, limits)
        source = pixels_of(request.region, pixel.rows, pixel.columns)
        rows, columns = _picture_size(source.rows, source.columns, request, limits)
        codecs = versions(instance.transfer_syntax_uid)
    else:
        pixel, source, rows, columns, codecs = like.image_pixel, like.source, like.rows, like.columns, like.codecs
    warnings = list(instance.warnings)
    grayscale = None
    if pixel.monochrome:
        transform = instance.transform(frame_number)
        grayscale = _grayscale(instance, pixel, transform, request.window)
        problems = (transform.modality_problem, "" if request.window else transform.voi_problem)
        warnings += [problem for problem in problems if problem]
    elif request.window is not None:
        warnings.append(WINDOW_ON_COLOR)
    overlays: tuple[StoredOverlay, ...] = ()
    if request.overlays:
        overlays = tuple(overlay for overlay in instance.overlays if overlay.lies_over(frame_number))
        warnings += instance.overlay_problems
    profile = None if _is_thumbnail(request, source, rows, columns) else instance.icc_profile
    plain = not overlays and profile is None and instance.palette is None
    may_be_stored = plain and request.media_type is MediaType.JPEG and request.quality is None
    return RenderPlan(
        key=instance.key,
        version=instance.version,
        frame_number=frame_number,
        transfer_syntax_uid=instance.transfer_syntax_uid,
        image_pixel=pixel,
        code_stream=instance.code_stream,
        grayscale=grayscale,
        palette=instance.palette,
        source=source,
        rows=rows,
        columns=columns,
        media_type=request.media_type,
        quality=DEFAULT_QUALITY if request.quality is None else request.quality,
        codecs=codecs,
        overlays=overlays,
        icc_profile=profile,
        as_stored=may_be_stored and changes_nothing(instance.code_stream, pixel, grayscale, source, (rows, columns)),
        warnings=tuple(warnings),
    )


def _picture_size(rows: int, columns: int, request: RenderRequest, limits: Limits) -> tuple[int, int]:
    for name, value in (("rows", request.rows), ("columns", request.columns)):
        if value is not None and not 1 <= value <= limits.picture_edge:
            raise InvalidRequest(f"{name} must be 1 to {limits.picture_edge}.")
    size = fit(rows, columns, request.rows, request.columns)
    asked = request.rows is not None or request.columns is not None
    if asked and (max(size) > limits.picture_edge or size[0] * size[1] > limits.picture_pixels):
        raise InvalidRequest(f"The picture would be {size[0]} × {size[1]} pixels, more than is made.")
    return size


def _is_thumbnail(request: RenderRequest, source: Rectangle, rows: int, columns: int) -> bool:
    """Say whether a picture carries no ICC profile, which may be larger than itself (H3.6): a thumbnail, or reduced as far as one."""
    reduced = rows < source.rows or columns < source.columns
    return request.thumbnail or (reduced and max(rows, columns) <= LARGEST_THUMBNAIL)


def _grayscale(instance: Instance, pixel: ImagePixel, transform: FrameTransform, window: Window | None) -> GrayscalePlan:
    """Choose the pipeline's steps: a given window replaces the VOI transformation only (A4.63, A4.65)."""
    modality = transform.modality_lut or transform.rescale or Rescale()
    voi = window or transform.window or transform.voi_lut or AutomaticWindow.FULL_RANGE
    return GrayscalePlan(modality, voi, pixel.photometric_interpretation == "MONOCHROME1", instance.padding)
