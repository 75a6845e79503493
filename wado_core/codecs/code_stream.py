"""What a code stream says of itself, whichever codec wrote it."""

from wado_core.codecs.jpeg_2000_markers import MOST_HT_PRECISION, MOST_PRECISION, jpeg_2000_problem, read_jpeg_2000_facts
from wado_core.codecs.jpeg_markers import BASELINE, SOI, JpegFacts, jpeg_problem, read_jpeg_facts
from wado_core.codecs.jpeg_xl_head import read_jpeg_xl_head
from wado_core.model.image_pixel import CodeStream


def read_code_stream(data: bytes) -> CodeStream | None:
    """Read the head of a JPEG, JPEG-LS, JPEG 2000 or JPEG XL stream; None for other streams, or when ``data`` ends too early."""
    if data.startswith(SOI):
        facts = read_jpeg_facts(data)
        return None if facts is None else _of_jpeg(facts)
    if found := read_jpeg_2000_facts(data):
        return CodeStream(
            found.rows, found.columns, found.components, found.precision, found.signed, found.color_transform, found.levels,
            lossy=not found.reversible, problem=jpeg_2000_problem(found, MOST_HT_PRECISION if found.high_throughput else MOST_PRECISION),
        )  # fmt: skip
    if head := read_jpeg_xl_head(data):
        return CodeStream(head.rows, head.columns, head.components, head.precision)
    return None


def _of_jpeg(facts: JpegFacts) -> CodeStream:
    color_transform = facts.adobe_transform == 1 or facts.hp_transform > 0
    return CodeStream(
        facts.rows, facts.columns, len(facts.component_ids), facts.precision,
        color_transform=color_transform, lossy=facts.lossy, problem=jpeg_problem(facts), is_picture=_is_picture(facts),
    )  # fmt: skip


def _is_picture(facts: JpegFacts) -> bool:
    """Say whether a JPEG frame can be shown as it is: an Adobe segment, JFIF, or its components 1, 2, 3 alone say that it is YCbCr.

    Not where Exif could have browsers turn it, or a profile of its own change its colours: no other picture of the frame has that.
    """
    if facts.sof != BASELINE or facts.precision != 8 or facts.instructed:
        return False
    if len(facts.component_ids) == 1:
        return True
    said = facts.adobe_transform == 1 or (facts.adobe_transform is None and (facts.jfif or facts.component_ids == (1, 2, 3)))
    return len(facts.component_ids) == 3 and said and facts.component_ids != (ord("R"), ord("G"), ord("B"))
