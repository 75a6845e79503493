"""Decoding video from a key picture: every picture is exactly that of the decoding from the beginning, or the answer is None."""

from functools import cache
from struct import pack
from time import perf_counter

import numpy as np
import pytest

from tests.fixtures.videos import COLUMNS, H264, HEVC, MPEG_2, ROWS, encoded, ffmpeg, mp4_with_its_table_at_the_end, needs_ffmpeg, numbered
from tests.reference.rounding import Array
from tests.wado_core.codecs.pixels import pixel
from wado_core.codecs import ffmpeg as program
from wado_core.codecs import video, video_entry
from wado_core.codecs.video_entry import entry
from wado_core.codecs.video_parameters import hevc_pictures_may_be_hidden
from wado_core.codecs.video_stream import Coding, all_samples_are_shown, elementary_demuxer

COUNT = 61
PICTURES = numbered(COUNT)
FRAME = pixel(ROWS, COLUMNS, 3, photometric="YBR_PARTIAL_420")
_X264 = ("-c:v", "libx264", "-crf", "14")
_X265 = ("-c:v", "libx265", "-crf", "14", "-x265-params")
_Q = ("-c:v", "mpeg2video", "-q:v", "3")

# Structures of groups, and how many of the pictures can be reached without those of the first group.
STREAMS: dict[str, tuple[Coding, tuple[str, ...], bool]] = {
    "MPEG-2, open groups": (Coding.MPEG_2, MPEG_2, True),
    "MPEG-2, closed groups": (Coding.MPEG_2, (*_Q, "-bf", "2", "-g", "12", "-flags", "+cgop", "-sc_threshold", "1000000000"), True),
    "MPEG-2, no B pictures": (Coding.MPEG_2, (*_Q, "-g", "9"), True),
    "MPEG-2, each a key picture": (Coding.MPEG_2, (*_Q, "-g", "1"), True),
    "H.264, closed groups": (Coding.H264, (*_X264, "-bf", "3", "-g", "12"), True),
    "H.264, many B pictures": (Coding.H264, (*_X264, "-bf", "8", "-g", "20", "-x264-params", "b-adapt=0:b-pyramid=normal"), True),
    "H.264, no B pictures": (Coding.H264, (*_X264, "-bf", "0", "-g", "10"), True),
    "H.264, several slices": (Coding.H264, (*_X264, "-bf", "2", "-g", "15", "-x264-params", "slices=4"), True),
    "H.264, delimiters": (Coding.H264, (*_X264, "-bf", "2", "-g", "15", "-x264-params", "aud=1"), True),
    "H.264, baseline": (Coding.H264, (*_X264, "-profile:v", "baseline", "-g", "10"), True),
    "H.264, open groups": (Coding.H264, H264, False),
    "H.264, refreshed bit by bit": (Coding.H264, (*_X264, "-g", "15", "-x264-params", "intra-refresh=1"), False),
    "HEVC, open groups": (Coding.HEVC, HEVC, True),
    "HEVC, closed groups": (Coding.HEVC, (*_X265, "open-gop=0:keyint=12:bframes=3:log-level=error"), True),
    "HEVC, decodable leading pictures": (Coding.HEVC, (*_X265, "open-gop=0:radl=2:keyint=15:bframes=4:log-level=error"), True),
    "HEVC, many B pictures": (Coding.HEVC, (*_X265, "open-gop=1:keyint=20:bframes=8:b-adapt=0:log-level=error"), True),
    "HEVC, several slices": (Coding.HEVC, (*_X265, "open-gop=1:keyint=15:slices=2:log-level=error"), True),
}


@cache
def stream_of(name: str) -> bytes:
    coding, options, _ = STREAMS[name]
    return encoded(PICTURES, options, {"mpegvideo": "mpeg2video"}.get(elementary_demuxer(coding), elementary_demuxer(coding)))


@cache
def all_of(stream: bytes, demuxer: str) -> Array:
    """Decode all pictures of a stream.  (count, rows, columns, 3) uint8."""
    shown = ffmpeg(["-f", demuxer, "-i", "pipe:0", "-vsync", "passthrough", "-pix_fmt", "rgb24", "-f", "rawvideo", "pipe:1"], stream)
    return np.frombuffer(shown, np.uint8).reshape(-1, ROWS, COLUMNS, 3)


@needs_ffmpeg
@pytest.mark.parametrize("name", STREAMS)
def test_every_picture(name: str) -> None:
    coding, _, groups = STREAMS[name]
    stream, demuxer = stream_of(name), elementary_demuxer(coding)
    expected = all_of(stream, demuxer)
    assert len(expected) == COUNT
    nearer = 0
    for picture in range(1, COUNT + 1):
        found = entry(stream, coding, picture)
        assert found is not None
        part, number = found
        np.testing.assert_array_equal(all_of(part, demuxer)[number - 1], expected[picture - 1])
        nearer += number < picture
        assert number <= (40 if groups else COUNT)
    assert (nearer >= COUNT - 22) is groups
    assert entry(stream, coding, COUNT + 1) is None
    if groups:
        last = entry(stream, coding, COUNT)
        assert last is not None
        assert len(last[0]) < len(stream) // 2


@needs_ffmpeg
class TestNotSure:
    @pytest.mark.parametrize("options", [("-flags", "+ildct+ilme", "-x264-params", "interlaced=1")])
    def test_fields(self, options: tuple[str, ...]) -> None:
        stream = encoded(PICTURES[:20], (*_X264, "-g", "5", *options), "h264")
        assert entry(stream, Coding.H264, 12) is None

    def test_streams_that_begin_with_leading_pictures(self) -> None:
        """Nobody can decode these, and a decoder may leave them out, or not."""
        for coding, name in ((Coding.MPEG_2, "MPEG-2, open groups"), (Coding.HEVC, "HEVC, open groups")):
            stream = stream_of(name)
            second = stream.index(b"\0\0\1\xb3" if coding is Coding.MPEG_2 else b"\0\0\1\x40", 100)
            assert entry(stream[second:], coding, 20) is None

    def test_streams_that_begin_within_a_group(self) -> None:
        for coding, name in ((Coding.MPEG_2, "MPEG-2, closed groups"), (Coding.H264, "H.264, closed groups")):
            stream = stream_of(name)
            code = b"\0\0\1\0" if coding is Coding.MPEG_2 else b"\0\0\1\x41"
            assert entry(stream[stream.index(code, 600) :], coding, 20) is None

    def test_a_size_that_changes(self) -> None:
        ways = ((Coding.MPEG_2, MPEG_2, "mpeg2video"), (Coding.H264, _X264, "h264"), (Coding.HEVC, HEVC, "hevc"))
        for coding, options, container in ways:
            stream = encoded(PICTURES[:9], options, container) + encoded(numbered(9, 80, 192), options, container)
            assert entry(stream, coding, 12) is None

    def test_a_picture_that_is_missing(self) -> None:
        stream = stream_of("MPEG-2, closed groups")
        first = stream.index(b"\0\0\1\0", 1000)
        after = stream.index(b"\0\0\1\0", first + 4)
        assert entry(stream[:first] + stream[after:], Coding.MPEG_2, 30) is None

    @pytest.mark.parametrize("coding", list(Coding))
    def test_noise(self, coding: Coding) -> None:
        for seed in range(30):
            noise = np.random.default_rng(seed).integers(0, 4, 3000).astype(np.uint8).tobytes()
            entry(noise, coding, 3)
        for stream in (b"", b"\0\0\1", b"\0\0\1\x65", b"\0\0\1\x26\1"):
            assert entry(stream, coding, 1) is None

    @pytest.mark.parametrize("name", ["MPEG-2, open groups", "H.264, closed groups", "HEVC, open groups"])
    def test_damage_raises_nothing(self, name: str) -> None:
        stream = stream_of(name)
        for seed in range(60):
            rng = np.random.default_rng(seed)
            broken = bytearray(stream[: rng.integers(1, len(stream))])
            for at in rng.integers(0, len(broken), 20):
                broken[at] = rng.integers(0, 256)
            entry(bytes(broken), STREAMS[name][0], 40)


CONTAINERS = {
    "MPEG-2, transport": ("MPEG-2, open groups", "mpegts", ()),
    "MPEG-2, program": ("MPEG-2, closed groups", "vob", ()),
    "H.264, transport": ("H.264, closed groups", "mpegts", ()),
    "H.264, Blu-ray": ("H.264, many B pictures", "mpegts", ("-mpegts_m2ts_mode", "1")),
    "H.264, MP4": ("H.264, closed groups", "mp4", ()),
    "HEVC, MP4": ("HEVC, open groups", "mp4", ()),
    "HEVC, transport": ("HEVC, closed groups", "mpegts", ()),
}


def numbers_asked_for(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Note by which number ffmpeg is asked for a picture."""
    asked: list[int] = []
    run = program.run

    def noted(path: str, arguments: list[str], *rest: object) -> object:
        asked.extend(int(one.split("eq(n\\,")[1].split(")")[0]) + 1 for one in arguments if one.startswith("select="))
        return run(path, arguments, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(program, "run", noted)
    return asked


@needs_ffmpeg
@pytest.mark.parametrize("name", CONTAINERS)
def test_containers_are_unpacked_and_their_late_pictures_near(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    of, container, options = CONTAINERS[name]
    coding, coded, _ = STREAMS[of]
    stream = encoded(PICTURES, (*coded, *options), container)
    asked = numbers_asked_for(monkeypatch)
    for picture in (50, 59, COUNT):
        asked.clear()
        found = video.decode(stream, FRAME, coding, picture)
        assert len(asked) == 1
        assert asked[0] < 35
        monkeypatch.setattr(video, "_NEAR", 1000)
        np.testing.assert_array_equal(found.cells, video.decode(stream, FRAME, coding, picture).cells)
        monkeypatch.undo()
        asked = numbers_asked_for(monkeypatch)


@needs_ffmpeg
def test_early_pictures_are_decoded_from_the_beginning_without_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = numbers_asked_for(monkeypatch)
    video.decode(stream_of("H.264, closed groups"), FRAME, Coding.H264, 40)
    assert asked == [40]


@needs_ffmpeg
def test_a_container_that_is_of_no_use_is_unpacked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = encoded(PICTURES, H264, "mpegts") + bytes(188)
    calls: list[object] = []
    monkeypatch.setattr(video, "entry", lambda *arguments: calls.append(arguments))
    for _ in range(3):
        assert video.decode(stream, FRAME, Coding.H264, 60).cells.shape == (ROWS, COLUMNS, 3)
    assert len(calls) <= 1
    monkeypatch.setattr(video, "_MOST_UNSURE", 2)
    for more in range(1, 4):
        video.decode(stream + bytes(188 * more), FRAME, Coding.H264, 60)
    assert len(video._unsure) <= 2


class TestMp4:
    @needs_ffmpeg
    def test_what_encoders_write(self, tmp_path: object) -> None:
        fragmented = encoded(PICTURES[:9], _X264, "mp4")
        assert all_samples_are_shown(fragmented)
        assert all_samples_are_shown(mp4_with_its_table_at_the_end(encoded(PICTURES[:9], _X264, "mpegts"), tmp_path))

    @needs_ffmpeg
    def test_edits_and_colors(self, tmp_path: object) -> None:
        whole = mp4_with_its_table_at_the_end(encoded(PICTURES[:9], (*_X264, "-bf", "2"), "mpegts"), tmp_path)
        at = whole.index(b"elst")
        later = bytearray(whole)
        later[at + 16 : at + 20] = (1 << 20).to_bytes(4, "big")
        assert not all_samples_are_shown(bytes(later))
        two = bytearray(whole)
        two[at + 11] = 2
        assert not all_samples_are_shown(bytes(two))
        assert not all_samples_are_shown(whole.replace(b"avcC", b"colr"))


_PARAMETERS = b"\0\0\1\x67" + b"\x42" * 8 + b"\0\0\1\x68\xce\x38\x80"
_IDR = b"\0\0\1\x65\x88\x84"
_EDITS = b"elst" + pack(">LLLlL", 0, 1, 0, 0, 0x10000)
_MIB = 1 << 20
HOSTILE = {
    "parameters without end": b"".join(b"\0\0\1\x68" + pack(">L", 0x01010101 + number) for number in range(200_000)) + _IDR * 2,
    "long parameters for each picture": _PARAMETERS + b"\x55" * _MIB + _IDR * 20_000,
    "pictures without end": _PARAMETERS + _IDR + b"\0\0\1\x41\x9a" * (2 * _MIB),
}


@pytest.mark.parametrize("stream", HOSTILE.values(), ids=HOSTILE)
def test_streams_that_would_keep_a_reader_busy(stream: bytes) -> None:
    begun = perf_counter()
    assert entry(stream, Coding.H264, 100) is None
    assert perf_counter() - begun < 3


def test_many_edit_lists() -> None:
    begun = perf_counter()
    assert not all_samples_are_shown(_EDITS * 20_000 + bytes(16 * _MIB))
    assert perf_counter() - begun < 1


@pytest.mark.parametrize("length", range(4, len(_EDITS)))
def test_an_edit_list_that_ends_within_the_stream(length: int) -> None:
    assert not all_samples_are_shown(bytes(64) + _EDITS[:length])


def test_start_codes_across_what_is_searched_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = _PARAMETERS + b"\0" + _IDR * 9 + b"\0\0\0\1\x41"
    expected = list(video_entry._units(stream))
    for searched in range(1, 12):
        monkeypatch.setattr(video_entry, "_SEARCHED", searched)
        assert list(video_entry._units(stream)) == expected


@needs_ffmpeg
def test_several_sequences_are_not_told_apart() -> None:
    """One may be of frames and the other of fields, two of which are a picture."""
    stream = stream_of("H.264, no B pictures")
    units = list(video_entry._units(stream))
    first = next(stream[at:end] for at, end, code in units if code & 31 == 7).rstrip(b"\0")
    assert entry(stream, Coding.H264, 40) is not None
    assert entry(first + first[:4] + b"\x42" + first[5:] + stream, Coding.H264, 40) is None


@pytest.mark.parametrize(
    ("bits", "hidden"), [("1100", False), ("1101", True), ("01001110", False), ("01001101", True), ("", True), ("0" * 40, True)]
)
def test_pictures_of_h265_that_may_be_hidden(bits: str, hidden: bool) -> None:
    """pps_pic_parameter_set_id, pps_seq_parameter_set_id, dependent_slice_segments_enabled_flag, output_flag_present_flag."""
    unit = b"\x44\x01" + bytes(int(bits[at : at + 8].ljust(8, "0"), 2) for at in range(0, len(bits), 8))
    assert hevc_pictures_may_be_hidden(unit) is hidden


@needs_ffmpeg
def test_a_stream_of_h265_whose_pictures_may_be_hidden_is_not_counted() -> None:
    stream = stream_of("HEVC, closed groups")
    assert entry(stream, Coding.HEVC, 40) is not None
    at = stream.index(b"\0\0\1\x44\x01") + 5
    assert stream[at] & 0xD0 == 0xC0  # both identifiers 0, the flags 0 and 0
    assert entry(stream.replace(stream[at - 5 : at + 1], stream[at - 5 : at] + bytes((stream[at] | 0x10,))), Coding.HEVC, 40) is None
