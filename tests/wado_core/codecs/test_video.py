"""Video through an installed ffmpeg: exactly the picture that was asked for, in the colours that its stream states (PS3.5 8.2.5, H3.3)."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.fixtures.videos import (
    COLUMNS,
    H264,
    HEVC,
    HEVC_10,
    MPEG_2,
    ROWS,
    encoded,
    ffmpeg,
    mp4_with_its_table_at_the_end,
    needs_ffmpeg,
    number_in,
    numbered,
)
from tests.wado_core.codecs.pixels import pixel
from wado_core.codecs import video
from wado_core.codecs.video import decode
from wado_core.codecs.video_stream import Coding, coding_of, demuxer_of
from wado_core.errors import DamagedObject, NotSupported

COUNT = 40
PICTURES = numbered(COUNT)
FRAME = pixel(ROWS, COLUMNS, 3, photometric="YBR_PARTIAL_420")

STREAMS = {
    "MPEG-2, elementary": (Coding.MPEG_2, MPEG_2, "mpeg2video"),
    "MPEG-2, transport": (Coding.MPEG_2, MPEG_2, "mpegts"),
    "MPEG-2, program": (Coding.MPEG_2, MPEG_2, "vob"),
    "H.264, elementary": (Coding.H264, H264, "h264"),
    "H.264, transport": (Coding.H264, H264, "mpegts"),
    "H.264, Blu-ray": (Coding.H264, (*H264, "-mpegts_m2ts_mode", "1"), "mpegts"),
    "H.264, MP4": (Coding.H264, H264, "mp4"),
    "HEVC, elementary": (Coding.HEVC, HEVC, "hevc"),
    "HEVC, transport": (Coding.HEVC, HEVC, "mpegts"),
    "HEVC, MP4": (Coding.HEVC, HEVC, "mp4"),
    "HEVC, 10 bits": (Coding.HEVC, HEVC_10, "mp4"),
}


@pytest.fixture(autouse=True, params=["from the beginning", "from the nearest key picture"])
def beginning(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it holds wherever decoding begins."""
    monkeypatch.setattr(video, "_NEAR", 1 if "nearest" in request.param else COUNT + 1)


@needs_ffmpeg
@pytest.mark.parametrize("name", STREAMS)
def test_exactly_the_picture_that_was_asked_for(name: str) -> None:
    """Through B pictures and open groups, by the number that each picture shows."""
    coding, options, container = STREAMS[name]
    stream = encoded(PICTURES, options, container)
    for number in (1, 2, 16, 31, COUNT):
        decoded = decode(stream, FRAME, coding, number)
        assert number_in(decoded.cells) == number
        assert np.abs(decoded.cells.astype(int) - PICTURES[number - 1]).mean() < 6  # colours too; chroma blurs at the edges
        assert decoded.cells.dtype == np.uint8
        assert decoded.cells.flags.c_contiguous
        assert (decoded.pixel.photometric_interpretation, decoded.pixel.bits_stored) == ("RGB", 8)
    with pytest.raises(DamagedObject, match=rf"before picture {COUNT + 1}.*\(0028,0008\)"):
        decode(stream, FRAME, coding, COUNT + 1)


@needs_ffmpeg
def test_an_mp4_whose_table_of_pictures_is_at_its_end(tmp_path: Path) -> None:
    stream = mp4_with_its_table_at_the_end(encoded(PICTURES, H264, "mpegts"), tmp_path)
    assert [number_in(decode(stream, FRAME, Coding.H264, number).cells) for number in (1, 17, COUNT)] == [1, 17, COUNT]


@needs_ffmpeg
@pytest.mark.parametrize("pad", [b"\0", b"\0\0\0"])
@pytest.mark.parametrize("name", ["MPEG-2, elementary", "H.264, MP4", "HEVC, transport"])
def test_padding_behind_the_stream_is_no_picture(name: str, pad: bytes) -> None:
    coding, options, container = STREAMS[name]
    stream = encoded(PICTURES, options, container) + pad
    assert number_in(decode(stream, FRAME, coding, COUNT).cells) == COUNT
    with pytest.raises(DamagedObject, match="Number of Frames"):
        decode(stream, FRAME, coding, COUNT + 1)


@needs_ffmpeg
def test_a_transport_stream_may_begin_within_a_packet() -> None:
    stream = encoded(PICTURES, MPEG_2, "mpegts")
    assert number_in(decode(bytes(50) + stream, FRAME, Coding.MPEG_2, 33).cells) == 33


class TestColor:
    """Lossless streams of plain patches, against the equations of BT.601 and BT.709 (H3.3)."""

    ROWS, COLUMNS = 64, 256

    def patches(self, *, full: bool, bits: int = 8) -> Any:
        rng = np.random.default_rng(3)
        scale = 1 << (bits - 8)
        bounds = ((0, 256), (0, 256)) if full else ((16, 236), (16, 241))
        shape = (self.ROWS // 16, self.COLUMNS // 16)
        return np.stack([rng.integers(low * scale, top * scale, shape) for low, top in (bounds[0], bounds[1], bounds[1])])

    def stream(self, patches: Any, options: tuple[str, ...], container: str, bits: int = 8) -> bytes:
        planes = [np.repeat(np.repeat(plane, edge, 0), edge, 1) for plane, edge in zip(patches, (16, 8, 8), strict=True)]
        raw = np.concatenate([plane.reshape(-1) for plane in planes]).astype("<u2" if bits > 8 else "u1")
        form = "yuv420p10le" if bits > 8 else "yuv420p"
        size = ("-s", f"{self.COLUMNS}x{self.ROWS}")
        return ffmpeg(["-f", "rawvideo", "-pix_fmt", form, *size, "-i", "pipe:0", *options, "-f", container, "pipe:1"], raw.tobytes())

    def expected(self, patches: Any, matrix: str, *, full: bool, bits: int = 8) -> Any:
        """The equation, in real numbers of 0 to 255, of each patch."""
        red, blue = {"601": (0.299, 0.114), "709": (0.2126, 0.0722)}[matrix]
        scale = float(1 << (bits - 8))
        luma, cb, cr = (plane / scale for plane in patches)
        y = luma / 255 if full else (luma - 16) / 219
        pb, pr = ((plane - 128) / (255 if full else 224) for plane in (cb, cr))
        r, b = y + 2 * (1 - red) * pr, y + 2 * (1 - blue) * pb
        g = (y - red * r - blue * b) / (1 - red - blue)
        return np.clip(np.stack([r, g, b], axis=-1) * 255, 0, 255)

    @needs_ffmpeg
    @pytest.mark.parametrize(
        ("stated", "matrix", "full"),
        [
            ("", "601", False),
            (":colormatrix=smpte170m", "601", False),
            (":colormatrix=bt709", "709", False),
            (":colormatrix=bt709:fullrange=on", "709", True),
            (":fullrange=on", "601", True),
        ],
    )
    def test_h264(self, stated: str, matrix: str, full: bool) -> None:
        patches = self.patches(full=full)
        options = ("-c:v", "libx264", "-qp", "0", "-x264-params", f"qp=0{stated}")
        decoded = decode(self.stream(patches, options, "h264"), self.frame, Coding.H264, 1)
        difference = np.abs(decoded.cells[8::16, 8::16] - self.expected(patches, matrix, full=full))
        assert difference.max() <= 0.75  # rounding, and the integers of the conversion

    @needs_ffmpeg
    def test_hevc_of_10_bits(self) -> None:
        patches = self.patches(full=False, bits=10)
        options = ("-c:v", "libx265", "-x265-params", "lossless=1:log-level=error:colormatrix=bt709")
        decoded = decode(self.stream(patches, options, "hevc", bits=10), self.frame, Coding.HEVC, 1)
        difference = np.abs(decoded.cells[8::16, 8::16] - self.expected(patches, "709", full=False, bits=10))
        assert difference.max() <= 1.0

    @property
    def frame(self) -> Any:
        return pixel(self.ROWS, self.COLUMNS, 3, photometric="YBR_PARTIAL_420")


@needs_ffmpeg
class TestRefusals:
    def test_another_size_than_the_header_says(self) -> None:
        stream = encoded(PICTURES[:3], H264, "h264")
        for rows, columns in ((ROWS, COLUMNS - 2), (COLUMNS, ROWS), (ROWS * 4, COLUMNS), (8, 8), (ROWS // 2, COLUMNS * 2)):
            with pytest.raises(DamagedObject, match=r"\(0028,0010\).*\(0028,0011\)"):
                decode(stream, pixel(rows, columns, 3, photometric="YBR_PARTIAL_420"), Coding.H264, 1)

    def test_a_size_that_changes_within_the_stream(self) -> None:
        """Neither a picture of the second part under a number of the first, nor one that was scaled."""
        stream = encoded(PICTURES[:9], H264, "h264") + encoded(numbered(9, 80, 192), H264, "h264")
        assert number_in(decode(stream, FRAME, Coding.H264, 3).cells) == 3
        for number in (10, 12, 18):
            with pytest.raises(DamagedObject, match="another size"):
                decode(stream, FRAME, Coding.H264, number)

    def test_pictures_of_another_coding(self) -> None:
        for container in ("mpegts", "mp4"):
            with pytest.raises(DamagedObject):
                decode(encoded(PICTURES[:3], H264, container), FRAME, Coding.HEVC, 1)
        with pytest.raises(DamagedObject):
            decode(encoded(PICTURES[:3], ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p"), "mp4"), FRAME, Coding.H264, 1)

    def test_sound_alone(self) -> None:
        sound = ffmpeg(["-f", "lavfi", "-i", "sine=duration=1", "-c:a", "mp2", "-f", "mpegts", "pipe:1"])
        with pytest.raises(DamagedObject):
            decode(sound, FRAME, Coding.MPEG_2, 1)

    @pytest.mark.parametrize("length", [64, 500, 3000])
    def test_noise_behind_a_beginning(self, length: int) -> None:
        stream = encoded(PICTURES[:3], H264, "h264")
        noise = np.random.default_rng(length).integers(0, 256, 4000).astype(np.uint8).tobytes()
        with pytest.raises(DamagedObject):
            decode(stream[:length] + noise, FRAME, Coding.H264, 30)


class TestContainers:
    @pytest.mark.parametrize(
        ("head", "demuxer"),
        [
            (b"\0\0\1\xb3" + bytes(60), "mpegvideo"),
            (b"\0\0\0\0\1\xb3" + bytes(60), "mpegvideo"),
            (b"\0\0\1\xba" + bytes(60), "mpeg"),
            (b"\0\0\0\x18ftypmp42" + bytes(60), "mov"),
            ((b"G" + bytes(187)) * 3, "mpegts"),
            (bytes(4) + (b"G" + bytes(191)) * 3, "mpegts"),
            (b"#EXTM3U\nfile:///etc/passwd\n", None),
            (b"ffconcat version 1.0\nfile /etc/passwd\n", None),
            (b"\0\1\2\3", None),
            (b"\1\2\3\4", None),
            (b"", None),
            (bytes(2000), None),
        ],
    )
    def test_by_their_beginning(self, head: bytes, demuxer: str | None) -> None:
        assert demuxer_of(head, Coding.MPEG_2) == demuxer

    @needs_ffmpeg
    def test_playlists_are_never_given_to_ffmpeg(self) -> None:
        with pytest.raises(DamagedObject, match="begins like no"):
            decode(b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n", FRAME, Coding.H264, 1)


def test_the_coding_of_a_syntax() -> None:
    for coding, numbers in {Coding.MPEG_2: ("100", "101.1"), Coding.H264: ("102", "106.1"), Coding.HEVC: ("107", "108")}.items():
        assert [coding_of(f"1.2.840.10008.1.2.4.{number}") for number in numbers] == [coding, coding]


def test_without_ffmpeg_video_is_refused_by_the_name_of_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(NotSupported, match="need the program ffmpeg, which is not installed here"):
        decode(b"\0\0\1\xb3", FRAME, Coding.MPEG_2, 1)
