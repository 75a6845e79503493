"""The conformance statement, written from the tables that the code itself uses: ``python -m conformance.statement --write``.

PS3.2-style tables for the URI service (A.9); a test holds docs/conformance.md to what this module writes.
"""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from wado_core.codecs.jpeg_out import FULL_CHROMA_QUALITY
from wado_core.codecs.registry import DECODERS, Decoder
from wado_core.dicom.icc_profile import LARGEST_BYTES
from wado_core.model.render import DEFAULT_QUALITY, STREAMED_PIXELS
from wado_core.model.sheet import COLUMNS, LARGEST_EDGE, SMALLEST_EDGE, THUMBNAIL_EDGE
from wado_core.model.transfer_syntax import TRANSFER_SYNTAXES
from wado_core.rendering.plan import LARGEST_THUMBNAIL
from wado_core.settings import Limits
from wado_http.errors import STATUSES
from wado_http.negotiation import PRODUCIBLE
from wado_http.params.thumbnails import DEFAULT_TILES

PATH = Path(__file__).parent.parent / "docs" / "conformance.md"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _media_types() -> str:
    rows = [(category.value, types[0], ", ".join(types)) for category, types in PRODUCIBLE.items()]
    return _table(("category", "default", "served as"), rows)


def _place(row: Decoder) -> str:
    return "program" if row.program else "child" if row.heavy else "slot"


def _transfer_syntaxes() -> str:
    def decoded(uid: str) -> tuple[str, ...]:
        row = DECODERS.get(uid)
        if row is None:
            return ("handed out as stored" if TRANSFER_SYNTAXES[uid].video else "not decoded (501)", "", "", "", "")
        parts = "yes" if row.regions else "no"
        return (row.library, "held" if row.holds_gil else "free", parts, row.reduction.value, _place(row))

    rows = [(uid, syntax.name, *decoded(uid)) for uid, syntax in TRANSFER_SYNTAXES.items()]
    return _table(("Transfer Syntax UID", "name", "decoded by", "GIL", "regions", "smaller sizes", "runs in"), rows)


_QUALITY = (
    f"1 to 100 of the IJG's scale; default {DEFAULT_QUALITY}; chroma is 4:2:0 below {FULL_CHROMA_QUALITY}; ignored otherwise. Without it, "
    "a stored baseline JPEG frame whose samples nothing changes, and that has neither Exif nor a profile of its own, is sent as it is "
    "stored (A4.83)."
)


def _parameters(limits: Limits) -> str:
    rows = [
        ("`requestType`", "`WADO`; required"),
        ("`studyUID`, `seriesUID`, `objectUID`", "required; the object must exist under exactly these three"),
        ("`contentType`", "list of media types with q; no wildcards; `image/jpg` is read as `image/jpeg`"),
        ("`charset`", "accepted; objects keep their stored character set"),
        ("`anonymize`", "only `yes`, only with application/dicom; answered 501: not supported yet"),
        ("`annotation`", "`patient`, `technique`; answered 501: not supported yet"),
        ("`rows`, `columns`", f"1 to {limits.picture_edge}; maxima, the aspect ratio is kept, enlarging included; one alone is allowed"),
        ("`region`", "`xmin,ymin,xmax,ymax`, 0.0 to 1.0; rounded outwards to whole pixels; cut before scaling"),
        (
            "`windowCenter`, `windowWidth`",
            "decimals, both or none, width at least 1; LINEAR on modality values; ignored with a Warning on colour images",
        ),
        ("`frameNumber`", "1 to the number of frames; ignored for objects that are not multi-frame"),
        ("`imageQuality`", _QUALITY),
        ("`presentationUID`, `presentationSeriesUID`", "both or none; answered 501: not supported yet"),
        (
            "`overlays`",
            "vendor parameter: `true` or `false` (default); overlay planes of type G are drawn in white; not with application/dicom",
        ),
        ("`transferSyntax`", "one UID, only with application/dicom; Explicit VR Little Endian is sent whichever was asked for"),
    ]  # fmt: skip
    return _table(("parameter", "rule"), rows)


# What is said of each status that a refusal may have; every status of wado_http.errors.STATUSES needs its words.
CONDITIONS = {
    400: "a parameter is missing, malformed, out of range, given twice, or must not stand beside another",
    404: "no object under these three UIDs; only once all folders have been looked through",
    406: "none of the media types asked for can be made of the object; the answer lists those that can",
    410: "the object was here; its last copy has been deleted, and is nowhere else",
    500: "the object is damaged, or the server failed; the answer names the line of the log",
    501: "a valid request or object that this version does not serve, or one beyond a configured limit",
    503: "the server is busy, or holds too much that clients have not taken yet, the storage or the index does not answer, folders are "
    "still being indexed, or an object that is not where it was is being looked for; with Retry-After",
}


def _statuses() -> str:
    found = sorted({status.value: status.phrase for status in STATUSES.values()}.items())
    return _table(("status", "", "when"), [(str(value), phrase, CONDITIONS[value]) for value, phrase in found])


def _resources(limits: Limits) -> str:
    one = "image/jpeg: the picture that stands for the study, series or object; that of `/wado` with `rows` and `columns` of `size`"
    many = f"image/jpeg: a contact sheet of up to {limits.sheet_tiles} thumbnails, {COLUMNS} in a row"
    rows = [
        ("`/thumbnail`", f"{one}, never with an ICC profile"),
        ("`/thumbnails`", f"{many}; application/json: what lies where in it"),
    ]
    return _table(("resource", "answers"), rows)


def _resource_parameters(limits: Limits) -> str:
    part = f"of `/thumbnails`: which part of the list; 1 to {limits.sheet_tiles}, default {DEFAULT_TILES}"
    rows = [
        ("`studyUID`, `seriesUID`, `objectUID`", "the first is required, the third needs the second"),
        ("`size`", f"{SMALLEST_EDGE} to {LARGEST_EDGE}, default {THUMBNAIL_EDGE}: edge of the square that each thumbnail fits into"),
        ("`offset`, `limit`", part),
        ("`list`", "of `/thumbnails`: name of the list that the client shows, from a map; 404 when it is another by now"),
    ]
    return _table(("parameter", "rule"), rows)


def statement() -> str:
    """Write the statement as Markdown."""
    limits = Limits()
    return f"""# Conformance statement: URI service (WADO-URI)

Generated by `python -m conformance.statement --write` from the tables of the code; do not edit.

wado is an origin server of the URI service as GB/T 40421-2021 = ISO 17432:2004 = DICOM PS3.18-2004 defines it, at `/wado` and at
`/?requestType=WADO…`. It is a server only, and acts on no other DICOM application. Objects of every Storage SOP Class can be
retrieved as application/dicom and rendered when their pixel data is in a form listed here; others are refused by name (501). What
came out of each of some four hundred real files stands in [conformance/files.md](../conformance/files.md).

## Media types

{_media_types()}

A multi-frame object is a single-frame image when it holds one frame, or when `frameNumber` picks one. image/jpeg is baseline
(SOF0, 8 bits, Huffman), gray as one component, colour as YCbCr with JFIF. image/png has 8 bits a sample.
application/dicom is a Part 10 file in Explicit VR Little Endian; video is sent in its stored transfer syntax. No Accept header means `*/*`.

image/jpeg of {STREAMED_PIXELS:,} pixels or more is sent while it is being made: in chunks to HTTP/1.1, whole to HTTP/1.0. An answer
that fails after its first byte ends without the last chunk, and its connection is closed. Everything else has a Content-Length.

## Parameters

{_parameters(limits)}

A parameter given twice, or an empty value, is 400. Unknown parameters are ignored. A query may be
{limits.query_characters} characters long (414).

## Transfer syntaxes of stored objects

{_transfer_syntaxes()}

*slot*: in the server's process, in one of its bounded slots. *child*: in a child process that is killed at its deadline
([ADR 10](adr/0010-heavy-frames-in-a-child-process.md)). *program*: by a program of its own, killed likewise
([ADR 18](adr/0018-video-by-an-installed-ffmpeg.md)); where it is not installed, frames are refused by its name (501).
*smaller sizes*: what a picture smaller than its frame may be decoded at. The syntaxes of hierarchical JPEG are decoded where
their frames are not hierarchical after all, and refused by that name (501) where they are.

Rendered are MONOCHROME1, MONOCHROME2, PALETTE COLOR, RGB, YBR_FULL, YBR_FULL_422, uncompressed YBR_PARTIAL_422 and, within
JPEG 2000, YBR_ICT and YBR_RCT, within JPEG XL, XYB, with 1, 8, 16, 32 or 64 Bits Allocated, and Float and Double Float Pixel Data; frames
of up to {limits.frame_pixels // 1_000_000} million pixels. Of native pixel data that was cut short, the frames before the cut.

## Rendering

- Grayscale: padding, Modality LUT or rescale, window (LINEAR, LINEAR_EXACT, SIGMOID) or VOI LUT, inversion of MONOCHROME1; the
  exact equation, rounded once ([ADR 5](adr/0005-one-rounding-rule.md)). Per-frame functional groups come before shared ones,
  and those before the image's own.
- Of several windows or tables the first is used, and a window before a table. Without any, the full range of the frame's values
  ([ADR 12](adr/0012-the-automatic-window-is-a-plan-value.md)).
- Presentation LUT Shape (2050,0020) changes no picture: INVERSE says of MONOCHROME1, and IDENTITY of MONOCHROME2, what is done anyhow,
  and where the two contradict each other Photometric Interpretation counts. Real world values and pixel intensity relationships are not
  for display.
- Images of 1 bit and binary segmentations: 0 is black and 1 white, in every frame. Fractional segmentations: Maximum Fractional Value
  is white. RT Dose: values are those of Dose Grid Scaling.
- Palettes: plain or segmented; of entries with 16 bits the high byte. Supplemental palettes (Pixel Presentation COLOR or MIXED) colour the
  stored values from the first that they map on; the others pass the grayscale pipeline, whose automatic window is theirs alone.
- Colour of more than 8 bits: the highest 8, before YBR is converted. Three components of JPEG are what the code stream says, else what
  the header says. No window applies to colour.
- An ICC profile (0028,2000), the object's own or that of its only optical path, is embedded as it is stored: up to {LARGEST_BYTES:,} bytes,
  of the kind of the picture (RGB or gray). Nothing is converted. Pictures that were reduced to {LARGEST_THUMBNAIL} × {LARGEST_THUMBNAIL}
  pixels or less carry none.
- What of an object is broken is used as far as it goes or left out, with a Warning header that names tag and clause; what leaves no
  picture that is certain is refused, naming them too ([ADR 22](adr/0022-used-told-or-refused.md)).
- Pixel padding is black. Pixel aspect ratios are not corrected.
- Overlays (groups 60xx, `overlays=true`): those of type G, stored ones and ones embedded in unused bits of native or RLE cells, white on
  display values in the image matrix, whatever window, padding or inversion; regions of interest (type R) are not drawn. One without
  Number of Frames in Overlay lies over the frame that Image Frame Origin names, or over every one where neither is there.
  A broken one is left out with a Warning. Thumbnails and pages never show them.
- Shrinking is by area mean, enlarging bilinear ([ADR 6](adr/0006-resampling.md)).
  Pictures smaller than their JPEG or JPEG 2000 frame may be decoded at a lower resolution,
  which averages before the VOI step instead of after it.
- Pictures in lossy form are not marked in their pixels: image/jpeg is lossy at every quality and not for diagnosis.

## Resources of its own

Until the thumbnail resources of DICOMweb (PS3.18 10.4) are served there are two that belong to no standard. Both answer GET, HEAD
and OPTIONS, with ETag, Cache-Control and Vary as `/wado`, choose by Accept and `contentType`, and refuse with the statuses below.

{_resources(limits)}

{_resource_parameters(limits)}

A study has a tile for each series, a series one for each object, an object one for each frame (a video only one). The series with
most frames stands for a study, the middle object by Instance Number with a picture for a series, the middle frame for an object,
the first for a video.

The map is an object of `sheet` (its address), `width`, `height`, `next` (the map of the next part, or null) and `tiles`, each with
`seriesUID`, `objectUID`, `frameNumber`, and either `x`, `y`, `width`, `height` of the thumbnail in the sheet or `problem`, the reason why
there is none. A sheet that may be another the next time, such as after a storage did not answer, has no ETag and is `no-store`.

## Statuses

200, 304, 405 and 414 have their usual meaning. Others:

{_statuses()}
"""


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        PATH.write_text(statement())
    else:
        print(statement())
