"""From a stored object to its `Instance`: everything that rendering must know, in one pass over the header."""

from dataclasses import replace

from wado_core.dicom import tags
from wado_core.dicom.attributes import Attributes
from wado_core.dicom.decodable import has_picture
from wado_core.dicom.frame_chunks import chunk_size, in_chunks
from wado_core.dicom.frame_index import stated_frames
from wado_core.dicom.header import Header, read_header
from wado_core.dicom.icc_profile import find_icc_profile
from wado_core.dicom.lut import find_palette
from wado_core.dicom.overlays import find_overlays
from wado_core.dicom.photometric import PALETTE, as_code_stream_says, interpretation, missing, without_codec
from wado_core.dicom.pixel_data import first_code_stream, read_frames, with_sign_of
from wado_core.dicom.text import decode_text
from wado_core.dicom.transforms import read_padding, read_transforms
from wado_core.errors import DamagedObject
from wado_core.model.color import StoredPalette
from wado_core.model.frame import FrameChunk
from wado_core.model.image_pixel import ImagePixel
from wado_core.model.instance import Described, Instance, Listing
from wado_core.model.overlay import StoredOverlay
from wado_core.model.transfer_syntax import transfer_syntax
from wado_core.model.uid import LONGEST_UID, InstanceKey, is_uid
from wado_core.ports import ByteSource
from wado_core.settings import Limits

DRAWN_AS_GRAY = "Stored values are drawn as gray values."

# Width of the cells of the elements that hold floats (PS3.5 6.2, OF and OD).
_FLOAT_BITS = {tags.FLOAT_PIXEL_DATA: 32, tags.DOUBLE_FLOAT_PIXEL_DATA: 64}

_BITS_STORED_MISSING = "(0028,0101) Bits Stored is missing or 0 (PS3.3 C.7.6.3.1): {}, as (0028,0100) Bits Allocated says, was used."

_NO_PIXEL_REPRESENTATION = "(0028,0103) Pixel Representation is missing or neither 0 nor 1 (PS3.3 C.7.6.3.1): 0, unsigned, was used."


def describe(source: ByteSource, version: str, limits: Limits) -> Described:
    """Read what rendering and listings need of a stored object.

    version: identity of the stored bytes, part of every ETag.
    The UIDs are taken as they stand: see ``check_key``.
    Raises NotDicom, DamagedObject (naming the element), LimitExceeded, Unavailable.
    """
    header = read_header(source, limits)
    attributes = header.attributes
    key = InstanceKey(
        _uid(attributes, tags.STUDY_INSTANCE_UID), _uid(attributes, tags.SERIES_INSTANCE_UID), _uid(attributes, tags.SOP_INSTANCE_UID)
    )
    stated, ignored = stated_frames(attributes)
    number_of_frames = stated
    warnings = [ignored] if ignored else []
    pixel, problem = _image_pixel(header)
    layout, columns, code_stream = None, FrameChunk(1, 0), None
    if pixel is not None and problem is None:
        if not attributes.text(tags.PHOTOMETRIC_INTERPRETATION):
            warnings.append(missing(pixel.photometric_interpretation))
        if not pixel.floating and not attributes.integer(tags.BITS_STORED):
            warnings.append(_BITS_STORED_MISSING.format(pixel.bits_stored))
        if not pixel.floating and attributes.integer(tags.PIXEL_REPRESENTATION) not in (0, 1):
            warnings.append(_NO_PIXEL_REPRESENTATION)
        pixel = _noted(warnings, without_codec(pixel, header.transfer_syntax_uid))
        pixel, problem, layout, columns = read_frames(header, pixel, stated, warnings)
        code_stream = first_code_stream(header, columns)
        if layout is not None and not transfer_syntax(header.transfer_syntax_uid).video:
            number_of_frames = columns.count  # those that there are
        if code_stream is not None:
            pixel = _noted(warnings, as_code_stream_says(pixel, code_stream.components, header.transfer_syntax_uid))
            pixel = _noted(warnings, with_sign_of(pixel, code_stream))
    # Only for frames that are there: a header may claim any number of them.
    graded = pixel is not None and pixel.monochrome and problem is None and not transfer_syntax(header.transfer_syntax_uid).video
    transforms, of_frame = read_transforms(attributes, pixel, number_of_frames) if pixel and graded else ((), ())
    padding = read_padding(attributes, pixel) if pixel and pixel.monochrome else None
    palette, profile = None, None
    overlays: tuple[StoredOverlay, ...] = ()
    overlay_problems: tuple[str, ...] = ()
    if pixel is not None and problem is None:
        pixel, palette = _palette(header, pixel, warnings)
        profile, profile_problem = find_icc_profile(header.source, attributes, gray=pixel.monochrome and palette is None)
        warnings += [profile_problem] if profile_problem else []
        syntax = transfer_syntax(header.transfer_syntax_uid)
        overlays, overlay_problems = find_overlays(attributes, pixel, syntax, limits.frame_pixels)
    if layout is not None:
        layout = replace(layout, frames_of_a_chunk=chunk_size(columns, of_frame))
    instance = Instance(
        key=key,
        sop_class_uid=_uid(attributes, tags.SOP_CLASS_UID),
        transfer_syntax_uid=header.transfer_syntax_uid,
        version=version,
        modality=attributes.text(tags.MODALITY)[:16],
        number_of_frames=number_of_frames,
        missing_frames=max(0, stated - number_of_frames),
        has_preamble=header.has_preamble,
        data_set_offset=header.data_set_offset,
        image_pixel=pixel,
        image_problem=problem,
        code_stream=code_stream,
        frames=layout,
        padding=padding,
        palette=palette,
        icc_profile=profile,
        overlays=overlays,
        overlay_problems=overlay_problems,
        warnings=tuple(warnings),
        chunks=in_chunks(columns, transforms, of_frame, layout.frames_of_a_chunk) if layout else (),
    )
    return Described(instance, _listing(attributes), has_picture(instance, limits))


def _uid(attributes: Attributes, tag: int) -> str:
    return attributes.text(tag)[: LONGEST_UID + 1]  # one too many stays one too many


def check_key(key: InstanceKey) -> None:
    """Refuse an object that cannot be served under its UIDs (DamagedObject); it can still be rendered without an index."""
    for uid, tag_and_name in (
        (key.study_uid, "(0020,000D) Study"),
        (key.series_uid, "(0020,000E) Series"),
        (key.object_uid, "(0008,0018) SOP"),
    ):
        if not is_uid(uid):
            raise DamagedObject(f"{tag_and_name} Instance UID is missing or no valid UID (PS3.5 9.1).")


def _image_pixel(header: Header) -> tuple[ImagePixel | None, str | None]:
    """Return the Image Pixel module, or why the pixels cannot be rendered; neither for objects without pixels."""
    if header.pixel_data is None:
        return None, None
    attributes, width_of_float = header.attributes, _FLOAT_BITS.get(header.pixel_data.tag)
    allocated = width_of_float or attributes.integer(tags.BITS_ALLOCATED)
    rows, columns = attributes.integer(tags.ROWS), attributes.integer(tags.COLUMNS)
    if not rows or not columns or not allocated or min(rows, columns, allocated) < 1:
        return None, "(0028,0010) Rows, (0028,0011) Columns or (0028,0100) Bits Allocated is missing or 0 (PS3.3 C.7.6.3.1)."
    samples = attributes.integer(tags.SAMPLES_PER_PIXEL) or 1
    stored = attributes.integer(tags.BITS_STORED) or allocated
    high = attributes.integer(tags.HIGH_BIT)
    high = stored - 1 if high is None else high
    photometric = interpretation(attributes.text(tags.PHOTOMETRIC_INTERPRETATION), samples)
    planar = attributes.integer(tags.PLANAR_CONFIGURATION) or 0
    if width_of_float:  # Float and Double Float Image Pixel have no Bits Stored, and say so themselves (PS3.3 C.7.6.24, C.7.6.25)
        return ImagePixel(rows, columns, samples, photometric, allocated, allocated, allocated - 1, True, planar, True), None
    if not 1 <= stored <= allocated <= 64 or not stored - 1 <= high < allocated:
        return None, (
            f"(0028,0100) Bits Allocated {allocated}, (0028,0101) Bits Stored {stored} and (0028,0102) High Bit {high} contradict each "
            "other (PS3.5 8.1.1)."
        )
    # A cell of one bit has no room for a sign: with one, ones would be less than zeros.
    signed = allocated > 1 and attributes.integer(tags.PIXEL_REPRESENTATION) == 1
    return ImagePixel(rows, columns, samples, photometric, allocated, stored, high, signed, planar), None


def _noted(warnings: list[str], found: tuple[ImagePixel, str]) -> ImagePixel:
    pixel, warning = found
    warnings += [warning] if warning else []
    return pixel


def _palette(header: Header, pixel: ImagePixel, warnings: list[str]) -> tuple[ImagePixel, StoredPalette | None]:
    """Find the palette; without a usable one, the indices of PALETTE COLOR are drawn as gray values (H3.1)."""
    of_indices = pixel.photometric_interpretation == PALETTE
    if not of_indices and not _has_supplemental_palette(header.attributes, pixel):
        return pixel, None
    if pixel.floating:
        palette, problem = None, "(0028,1101) Palette Color Lookup Table Descriptor: float pixel data has no palette (PS3.3 C.7.6.24)."
    else:
        palette, problem = find_palette(header.source, header.attributes, signed=pixel.signed)
    if palette is None:
        problem = f"{problem} {DRAWN_AS_GRAY}"
        pixel = replace(pixel, photometric_interpretation="MONOCHROME2") if of_indices else pixel
    warnings += [problem] if problem else []
    return pixel, palette


def _has_supplemental_palette(attributes: Attributes, pixel: ImagePixel) -> bool:
    """Say whether a gray image has colours besides, for the stored values from the first one that its palette maps on (H2.18)."""
    if pixel.photometric_interpretation != "MONOCHROME2" or tags.RED_PALETTE_DESCRIPTOR not in attributes:
        return False
    return attributes.text(tags.PIXEL_PRESENTATION).upper() in ("COLOR", "MIXED")


def _listing(attributes: Attributes) -> Listing:
    charset = attributes.texts(tags.SPECIFIC_CHARACTER_SET)

    def text(tag: int) -> str:
        value = attributes.value(tag)
        return decode_text(value.data, charset, person_name=tag == tags.PATIENT_NAME) if value else ""

    return Listing(
        patient_name=text(tags.PATIENT_NAME),
        patient_id=text(tags.PATIENT_ID),
        study_date=attributes.text(tags.STUDY_DATE)[:10],
        study_description=text(tags.STUDY_DESCRIPTION),
        accession_number=text(tags.ACCESSION_NUMBER),
        series_number=attributes.whole_number(tags.SERIES_NUMBER),
        series_description=text(tags.SERIES_DESCRIPTION),
        instance_number=attributes.whole_number(tags.INSTANCE_NUMBER),
    )
