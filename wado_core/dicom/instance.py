"""From a stored object to its `Instance`: everything that rendering must know, in one pass over the header."""

from dataclasses import replace

from wado_core.codecs.code_stream import read_code_stream
from wado_core.dicom import tags
from wado_core.dicom.attributes import Attributes
from wado_core.dicom.decodable import PALETTE, has_picture
from wado_core.dicom.elements import PIXEL_DATA, UNDEFINED_LENGTH, Element
from wado_core.dicom.fragments import holds_fragments
from wado_core.dicom.frame_chunks import chunk_size, in_chunks
from wado_core.dicom.frame_index import find_frames, stated_frames
from wado_core.dicom.header import Header, read_header
from wado_core.dicom.lut import find_palette
from wado_core.dicom.text import decode_text
from wado_core.dicom.transforms import read_padding, read_transforms
from wado_core.errors import DamagedObject
from wado_core.model.color import StoredPalette
from wado_core.model.frame import FrameChunk, FrameLayout
from wado_core.model.image_pixel import CodeStream, ImagePixel
from wado_core.model.instance import Described, Instance, Listing
from wado_core.model.transfer_syntax import transfer_syntax
from wado_core.model.uid import LONGEST_UID, InstanceKey, is_uid
from wado_core.ports import ByteSource
from wado_core.settings import Limits

# Enough of the first frame to hold its SOF or SIZ behind application segments (an ICC profile takes 64 KB each).
_CODE_STREAM_HEAD = 4096
_CODE_STREAM_LONG_HEAD = 512 * 1024


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
    number_of_frames, ignored = stated_frames(attributes)
    pixel, problem = _image_pixel(header)
    layout, columns, code_stream = None, FrameChunk(1, 0), None
    warnings = [ignored] if ignored else []
    if pixel is not None and problem is None:
        pixel, problem, layout, columns, broken = _frames(header, pixel, number_of_frames)
        code_stream = _first_code_stream(header, columns)
        warnings += broken
        if layout is not None and not transfer_syntax(header.transfer_syntax_uid).video:
            number_of_frames = columns.count  # those that there are
    # Only for frames that are there: a header may claim any number of them.
    graded = pixel is not None and pixel.monochrome and problem is None and not transfer_syntax(header.transfer_syntax_uid).video
    transforms, of_frame = read_transforms(attributes, pixel, number_of_frames) if pixel and graded else ((), ())
    if layout is not None:
        layout = replace(layout, frames_of_a_chunk=chunk_size(columns, of_frame))
    instance = Instance(
        key=key,
        sop_class_uid=_uid(attributes, tags.SOP_CLASS_UID),
        transfer_syntax_uid=header.transfer_syntax_uid,
        version=version,
        modality=attributes.text(tags.MODALITY)[:16],
        number_of_frames=number_of_frames,
        has_preamble=header.has_preamble,
        data_set_offset=header.data_set_offset,
        image_pixel=pixel,
        image_problem=problem,
        code_stream=code_stream,
        frames=layout,
        padding=read_padding(attributes, pixel) if pixel and pixel.monochrome else None,
        palette=_palette(header, pixel),
        warnings=tuple(warnings),
        chunks=in_chunks(columns, transforms, of_frame, layout.frames_of_a_chunk) if layout else (),
    )
    return Described(instance, _listing(attributes), has_picture(instance, limits))


def _uid(attributes: Attributes, tag: int) -> str:
    return attributes.text(tag)[: LONGEST_UID + 1]  # one too many stays one too many


def check_key(key: InstanceKey) -> None:
    """Refuse an object that cannot be served under its UIDs (DamagedObject); it can still be rendered without an index."""
    for uid, name in ((key.study_uid, "Study"), (key.series_uid, "Series"), (key.object_uid, "SOP")):
        if not is_uid(uid):
            raise DamagedObject(f"The object has no valid {name} Instance UID.")


def _image_pixel(header: Header) -> tuple[ImagePixel | None, str | None]:
    """Return the Image Pixel module, or why the pixels cannot be rendered; neither for objects without pixels."""
    if header.pixel_data is None:
        return None, None
    if header.pixel_data.tag != PIXEL_DATA:
        return None, "Float pixel data is not rendered by this version."
    attributes = header.attributes
    allocated = attributes.integer(tags.BITS_ALLOCATED)
    rows, columns = attributes.integer(tags.ROWS), attributes.integer(tags.COLUMNS)
    if not rows or not columns or not allocated or min(rows, columns, allocated) < 1:
        return None, "The Image Pixel module lacks (0028,0010) Rows, (0028,0011) Columns or (0028,0100) Bits Allocated."
    samples = attributes.integer(tags.SAMPLES_PER_PIXEL) or 1
    stored = attributes.integer(tags.BITS_STORED) or allocated
    high = attributes.integer(tags.HIGH_BIT)
    high = stored - 1 if high is None else high
    photometric = attributes.text(tags.PHOTOMETRIC_INTERPRETATION)[:16] or ("RGB" if samples == 3 else "MONOCHROME2")
    if not 1 <= stored <= allocated <= 64 or not stored - 1 <= high < allocated:
        return None, f"Bits Allocated {allocated}, Bits Stored {stored} and High Bit {high} contradict each other."
    signed = attributes.integer(tags.PIXEL_REPRESENTATION) == 1
    planar = attributes.integer(tags.PLANAR_CONFIGURATION) or 0
    return ImagePixel(rows, columns, samples, photometric, allocated, stored, high, signed, planar), None


def _palette(header: Header, pixel: ImagePixel | None) -> StoredPalette | None:
    if pixel is None or pixel.photometric_interpretation != PALETTE:
        return None
    return find_palette(header.source, header.attributes, signed=pixel.signed)


_Frames = tuple[ImagePixel, str | None, FrameLayout | None, FrameChunk, tuple[str, ...]]


def _frames(header: Header, pixel: ImagePixel, stated: int) -> _Frames:
    """Find the frames, as many as are stated or fewer; what is wrong with all of them, or with some."""
    element, syntax = header.pixel_data, transfer_syntax(header.transfer_syntax_uid)
    assert element is not None  # noqa: S101 - there is no pixel without
    if not syntax.encapsulated and element.length != UNDEFINED_LENGTH:
        return _native_frames(header, element, pixel, stated)
    if not syntax.encapsulated:
        problem = "(7FE0,0010) Pixel Data has undefined length, but the object's Transfer Syntax is a native one (PS3.5 A.1 to A.4)."
        return pixel, problem, None, FrameChunk(1, 0), ()
    if not holds_fragments(header.scanner, element, syntax.uid):
        problem = "(7FE0,0010) Pixel Data holds no fragments, but the object's Transfer Syntax is an encapsulated one (PS3.5 A.4)."
        return pixel, problem, None, FrameChunk(1, 0), ()
    found = find_frames(header.scanner, element, header.attributes, syntax)
    return pixel, None, found.layout, found.columns, found.warnings


def _native_frames(header: Header, element: Element, pixel: ImagePixel, stated: int) -> _Frames:
    """Compare native frames with what the header says of their form; some writers store YBR_FULL_422 unsubsampled.

    Of an object that ends too early those that are whole are kept. Where its lengths agree, and header and pixel data contradict
    each other, nobody can tell which attribute is wrong.
    """
    held = min(element.length, header.scanner.size - element.offset)
    if pixel.photometric_interpretation == "YBR_FULL_422" and element.length * 8 >= pixel.native_frame_bits * 3 // 2 * stated:
        pixel = replace(pixel, photometric_interpretation="YBR_FULL")
    needed = (pixel.native_frame_bits * stated + 7) // 8
    there = min(stated, held * 8 // pixel.native_frame_bits)
    problem, warnings = None, []
    if element.length < needed:
        problem = f"(7FE0,0010) Pixel Data holds {element.length} bytes; the Image Pixel module asks for {needed} (PS3.5 8.2)."
    elif stated == 1 or not there:
        header.scanner.end_of_value(element)  # a file that was not copied to its end is no object
    elif there < stated:
        lost = f"(7FE0,0010) Pixel Data ends after {there} of {stated} frames of (0028,0008) Number of Frames (PS3.5 8.2)"
        warnings.append(f"{lost}: the others are refused.")
    swapped = header.encoding.big_endian and pixel.bits_allocated == 8 and element.vr == b"OW"
    layout = FrameLayout(element.offset, held, words_swapped=swapped)
    return pixel, problem, layout, FrameChunk(1, stated if problem else there), tuple(warnings)


def _first_code_stream(header: Header, columns: FrameChunk) -> CodeStream | None:
    if not columns.offsets:
        return None
    for most in (_CODE_STREAM_HEAD, _CODE_STREAM_LONG_HEAD):
        head = b""
        for one in columns.fragments(1):
            if len(head) >= most:
                break
            head += header.scanner.read(one.offset, min(one.length, most - len(head)))
        if found := read_code_stream(head):
            return found
    return None


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
