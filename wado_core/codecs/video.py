"""Pictures of video, decoded by an installed ffmpeg: a program of its own, within bounds (docs/adr/0018)."""

import re
import threading
import time
from dataclasses import replace
from hashlib import sha256

import numpy as np

from wado_core.codecs import ffmpeg
from wado_core.codecs.decoded import Cells, Decoded
from wado_core.codecs.ffmpeg import Bounds, Run
from wado_core.codecs.video_entry import entry
from wado_core.codecs.video_stream import Coding, all_samples_are_shown, demuxer_of, elementary_demuxer
from wado_core.errors import DamagedObject, LimitExceeded, NotSupported, Unavailable, WadoError
from wado_core.model.image_pixel import ImagePixel
from wado_core.settings import Limits

# Pictures are coded in blocks of up to 64 × 64 samples, and decoded with edges of up to 64 around them.
_CODED_MARGIN = 192
# A picture as it comes out: a portable pixmap, which says how large it is.
_PIXMAP = re.compile(rb"P6\s(\d{1,6})\s(\d{1,6})\s255\s")
_LONGEST_PIXMAP_HEAD = 32
# What ffmpeg says when pictures change their size within the stream: their count stays right (-reinit_filter 0), but they are scaled.
_SIZE_CHANGES = b"Changing video frame properties"
_TOO_LARGE = b"exceeds specified max pixel count"
_NO_MEMORY = b"Cannot allocate memory"
# Nearer to the beginning it is as fast to decode all pictures as to look where key pictures are.
_NEAR = 48
# Unpacking a container takes as long as four pictures a megabyte.
_NEAR_SHIFT = 18
# Containers (SHA-256) whose pictures cannot be counted, or of which too many were asked for: not worth unpacking again.
_unsure: dict[bytes, None] = {}
_MOST_UNSURE = 256
_unsure_lock = threading.Lock()
# What a stream that is unpacked has more than its container: parameter sets before each key picture.
_MORE_PARAMETERS = 1 << 20
_MUXERS = {Coding.MPEG_2: "mpeg2video", Coding.H264: "h264", Coding.HEVC: "hevc"}
# Of a program whose libraries do not load.
_CANNOT_START = 127

_OTHER_SIZE = (
    "The video of (7FE0,0010) Pixel Data has another size than (0028,0010) Rows and (0028,0011) Columns say, {} × {} (PS3.5 8.2.5)."
)


class FfmpegComplaint(Exception):
    """What ffmpeg said: for the log."""


def bounds_of(limits: Limits) -> Bounds:
    """Return what one picture may cost by the settings."""
    return Bounds(limits.decode_s, limits.decode_bytes)


def decode(encoded: bytes, pixel: ImagePixel, coding: Coding, picture: int, bounds: Bounds | None = None) -> Decoded:
    """Decode one picture of a video stream to RGB of 8 bits, by the matrix and the range that the stream states (H3.3).

    encoded: the whole stream as it is stored.  picture: from 1, in the order in which pictures are shown.
    A stream that states no matrix is of BT.601, as YBR_PARTIAL_420 is (PS3.3 C.7.6.3.1.2). Decoding begins at the nearest key picture
    where it is sure which picture that is, else at the beginning.
    Raises DamagedObject, NotSupported without ffmpeg, LimitExceeded, Unavailable.
    """
    path = ffmpeg.program()
    if path is None:
        raise NotSupported("(7FE0,0010) Pixel Data: frames of video need the program ffmpeg, which is not installed here (PS3.5 8.2.5).")
    demuxer = demuxer_of(encoded, coding)
    if demuxer is None:
        raise DamagedObject("(7FE0,0010) Pixel Data begins like no elementary, program or transport stream and no MP4 file (PS3.5 8.2.5).")
    watch = _Watch(bounds or bounds_of(Limits()))
    try:
        cells = _from_entry(path, demuxer, encoded, pixel, coding, picture, watch)
        if cells is None:
            ran = ffmpeg.run(path, _arguments(demuxer, coding, picture, pixel), encoded, _most_output(pixel), watch.left())
            cells = _cells(ran, pixel)
    except LimitExceeded as error:
        raise LimitExceeded(
            f"(7FE0,0010) Pixel Data: picture {picture} of the video is not reached within {watch.bounds.deadline_s:g} s (PS3.5 8.2.5)."
        ) from error
    if cells is None:
        raise _refusal(ran, pixel, picture) from FfmpegComplaint(ran.complaints.decode("latin-1"))
    described = replace(
        pixel, samples_per_pixel=3, photometric_interpretation="RGB",
        bits_allocated=8, bits_stored=8, high_bit=7, signed=False, planar_configuration=0,
    )  # fmt: skip
    return Decoded(cells, described)


class _Watch:
    """What is left of the bounds of one picture, for which ffmpeg may run several times."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self._end = time.monotonic() + bounds.deadline_s

    def left(self) -> Bounds:
        return replace(self.bounds, deadline_s=max(self._end - time.monotonic(), 0.0))


def _from_entry(path: str, demuxer: str, encoded: bytes, pixel: ImagePixel, coding: Coding, picture: int, watch: _Watch) -> Cells | None:
    """Decode from the nearest key picture; None where that saves nothing, where one is not sure, and where nothing came of it."""
    packed = demuxer != elementary_demuxer(coding)
    if picture <= _NEAR + (len(encoded) >> _NEAR_SHIFT if packed else 0):
        return None
    digest = sha256(encoded).digest() if packed else b""
    if digest in _unsure:
        return None
    stream = _elementary(path, demuxer, encoded, coding, watch) if packed else encoded
    found = None if stream is None else entry(stream, coding, picture)
    if found is None:
        if packed:
            _remember(digest)
        return None
    part, number = found
    ran = ffmpeg.run(path, _arguments(elementary_demuxer(coding), coding, number, pixel), part, _most_output(pixel), watch.left())
    return _cells(ran, pixel)


def _remember(digest: bytes) -> None:
    with _unsure_lock:
        _unsure[digest] = None
        while len(_unsure) > _MOST_UNSURE:
            del _unsure[next(iter(_unsure))]


def _elementary(path: str, demuxer: str, encoded: bytes, coding: Coding, watch: _Watch) -> bytes | None:
    """Unpack the video of a container, nothing decoded; None where that is not all there is to it, or something is broken."""
    if demuxer == "mov" and not all_samples_are_shown(encoded):
        return None
    most = len(encoded) + len(encoded) // 8 + _MORE_PARAMETERS
    arguments = [*_input(demuxer), "-map", "0:v:0", "-c", "copy", "-copyinkf", "-f", _MUXERS[coding], "pipe:1"]
    ran = ffmpeg.run(path, arguments, encoded, most, watch.left())
    return None if ran.status != 0 or ran.complaints or len(ran.output) > most else ran.output


def _most_output(pixel: ImagePixel) -> int:
    return _LONGEST_PIXMAP_HEAD + pixel.rows * pixel.columns * 3


def _input(demuxer: str) -> list[str]:
    return [
        "-nostdin", "-hide_banner", "-v", "warning", "-protocol_whitelist", "file", "-format_whitelist", demuxer,
        "-f", demuxer, "-i", "file:/dev/stdin",
    ]  # fmt: skip


def _arguments(demuxer: str, coding: Coding, picture: int, pixel: ImagePixel) -> list[str]:
    """Return the arguments of ffmpeg: one input, one demuxer, decoders of one coding, one thread; one picture, by its number.

    The picture is counted (select), whatever times the container gives; then it gets time 0, or ffmpeg would repeat it to fill a gap.
    """
    most_pixels = (pixel.rows + _CODED_MARGIN) * (pixel.columns + _CODED_MARGIN)
    steps = f"select=eq(n\\,{picture - 1}),setpts=0,scale=flags=bilinear+accurate_rnd+full_chroma_int+bitexact"
    return [
        "-nostdin", "-hide_banner", "-v", "warning", "-filter_threads", "1",
        "-threads", "1", "-max_pixels", str(most_pixels), "-reinit_filter", "0", "-noautorotate",
        "-protocol_whitelist", "file", "-format_whitelist", demuxer, "-codec_whitelist", coding.value,
        "-f", demuxer, "-i", "file:/dev/stdin",
        "-map", "0:v:0", "-an", "-sn", "-dn", "-vf", steps, "-frames:v", "1",
        "-threads", "1", "-pix_fmt", "rgb24", "-c:v", "ppm", "-f", "image2pipe", "pipe:1",
    ]  # fmt: skip


def _cells(ran: Run, pixel: ImagePixel) -> Cells | None:
    """Return the picture, (rows, columns, 3) uint8; None when it is not one of the size that the header says."""
    head = _PIXMAP.match(ran.output)
    if head is None or ran.status != 0 or _SIZE_CHANGES in ran.complaints:
        return None
    shape = pixel.rows, pixel.columns, 3
    if (int(head[2]), int(head[1])) != shape[:2] or len(ran.output) - head.end() != pixel.rows * pixel.columns * 3:
        return None
    return np.frombuffer(ran.output, np.uint8, offset=head.end()).reshape(shape)


def _refusal(ran: Run, pixel: ImagePixel, picture: int) -> WadoError:
    if ran.status == _CANNOT_START:
        return Unavailable("The program ffmpeg cannot be run now.")
    if _NO_MEMORY in ran.complaints:
        return LimitExceeded("(7FE0,0010) Pixel Data: decoding the video needs more memory than is allowed (PS3.5 8.2.5).")
    if _TOO_LARGE in ran.complaints or ran.output.startswith(b"P6"):
        return DamagedObject(_OTHER_SIZE.format(pixel.rows, pixel.columns))
    if ran.status == 0:
        return DamagedObject(
            f"The video of (7FE0,0010) Pixel Data ends before picture {picture}, which (0028,0008) Number of Frames promises (PS3.5 8.2.5)."
        )
    return DamagedObject("(7FE0,0010) Pixel Data holds no video that can be decoded (PS3.5 8.2.5).")
