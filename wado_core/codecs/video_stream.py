"""What a stored video stream is: how its pictures are coded, and what it is packed in (PS3.5 8.2.5 to 8.2.11)."""

from enum import Enum
from struct import unpack_from

from wado_core.model import transfer_syntax as syntaxes


class Coding(Enum):
    """How pictures are coded; the value names the decoders of ffmpeg that may read them."""

    MPEG_2 = "mpeg2video,mpeg1video"
    H264 = "h264"
    HEVC = "hevc"


VIDEO: dict[Coding, tuple[str, ...]] = {
    Coding.MPEG_2: syntaxes.MPEG_2_VIDEO,
    Coding.H264: syntaxes.H264_VIDEO,
    Coding.HEVC: syntaxes.HEVC_VIDEO,
}
"""The transfer syntaxes of each coding."""


def coding_of(transfer_syntax_uid: str) -> Coding:
    """Return how the pictures of a video syntax are coded; LookupError for others."""
    return _CODINGS[transfer_syntax_uid]


_CODINGS = {uid: coding for coding, uids in VIDEO.items() for uid in uids}

# Bytes that tell the container: packets of MPEG-TS are 188 bytes long, 192 with the time stamps of Blu-ray.
_HEAD_BYTES = 1024
_TS_SYNC = 0x47
_TS_PACKETS = (188, 192)
_PACK_HEADER = b"\x00\x00\x01\xba"
_START_CODE = b"\x00\x00\x01"
# A file has one for each of its tracks.
_MOST_EDIT_LISTS = 64
_ELEMENTARY = {Coding.MPEG_2: "mpegvideo", Coding.H264: "h264", Coding.HEVC: "hevc"}


def demuxer_of(stream: bytes, coding: Coding) -> str | None:
    """Return the demuxer of ffmpeg for a stream: of MP4, MPEG-TS, an MPEG program or elementary stream; None for others.

    The container is told here and not guessed by ffmpeg, which knows hundreds, some of which open further files and addresses.
    """
    head = stream[:_HEAD_BYTES]
    if head[4:8] == b"ftyp":
        return "mov"
    for packet in _TS_PACKETS:
        for first in range(packet):  # a recording may begin within a packet
            if len(head) > first + 2 * packet and all(head[first + index * packet] == _TS_SYNC for index in range(3)):
                return "mpegts"
    begun = head.lstrip(b"\0")
    if len(head) - len(begun) < 2:
        return None
    begun = b"\0\0" + begun
    if begun.startswith(_PACK_HEADER):
        return "mpeg"
    return _ELEMENTARY[coding] if begun.startswith(_START_CODE) else None


def elementary_demuxer(coding: Coding) -> str:
    """Return the demuxer of ffmpeg for an elementary stream."""
    return _ELEMENTARY[coding]


def all_samples_are_shown(stream: bytes) -> bool:
    """Say whether each sample of the video of an MP4 is a picture that ffmpeg shows, in the colours of its stream.

    An edit list may leave pictures out (ISO/IEC 14496-12 8.6.6), and a box of colours (12.1.5) may say what the stream does not: no, where
    there is a list of more than one edit of ordinary length that begins with the first sample, or such a box.
    """
    if b"colr" in stream:
        return False
    at, latest = stream.find(b"elst"), _first_composition_offset(stream)
    for _ in range(_MOST_EDIT_LISTS):
        if at < 0:
            return True
        if at + 24 > len(stream) or stream[at + 4] != 0:
            return False  # of 64 bits, for films of many hours
        edits, _, begin, rate = unpack_from(">LLlL", stream, at + 8)
        if edits != 1 or rate != 0x10000 or begin > latest:
            return False
        at = stream.find(b"elst", at + 4)
    return False


def _first_composition_offset(stream: bytes) -> int:
    """Return how much later than it is decoded the first sample is shown (8.6.1.3); 0 where none is."""
    at = stream.find(b"ctts")
    entries = unpack_from(">L", stream, at + 8)[0] if 0 <= at <= len(stream) - 20 else 0
    return int(unpack_from(">l", stream, at + 16)[0]) if entries else 0
