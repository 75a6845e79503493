"""Video objects from the folder to the picture: fragments, numbers of frames, what is kept and what is refused (PS3.5 8.2.5)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest

import wado_core
from tests.fixtures.identity import STUDY, object_uid, series_uid, study_uid
from tests.fixtures.videos import COLUMNS, H264, HEVC, MPEG_2, ROWS, encoded, needs_ffmpeg, number_in, numbered, video_object
from tests.wado_core.services.archive import Archive
from wado_core.dicom.frames import FrameReader
from wado_core.dicom.instance import describe
from wado_core.dicom.source import BytesSource
from wado_core.errors import DamagedObject, InvalidRequest, LimitExceeded, NotSupported
from wado_core.model.render import MediaType, RenderRequest
from wado_core.model.transfer_syntax import TRANSFER_SYNTAXES
from wado_core.model.uid import InstanceKey
from wado_core.settings import Limits

COUNT = 20
KEY = InstanceKey(study_uid(STUDY), series_uid("video"), object_uid("video"))
OBJECTS = {
    "MPEG-2": ("1.2.840.10008.1.2.4.100", MPEG_2, "mpeg2video"),
    "H.264": ("1.2.840.10008.1.2.4.102", H264, "mpegts"),
    "HEVC": ("1.2.840.10008.1.2.4.107", HEVC, "mp4"),
}


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = Archive(tmp_path)
    yield made
    made.close()


def stream_of(name: str) -> tuple[str, bytes]:
    syntax, options, container = OBJECTS[name]
    return syntax, encoded(numbered(COUNT), options, container)


def png(frame_number: int) -> RenderRequest:
    return RenderRequest(frame_number, media_type=MediaType.PNG)


def shown(data: bytes) -> Any:
    return np.asarray(imagecodecs.png_decode(data))


@needs_ffmpeg
@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("fragments", [1, 7])
def test_frames_of_an_indexed_object(archive: Archive, name: str, fragments: int) -> None:
    """In one fragment, and in several as the fragmentable syntaxes allow; most streams are of an odd length, and padded."""
    syntax, stream = stream_of(name)
    cut = f"{syntax}.1" if fragments > 1 and f"{syntax}.1" in TRANSFER_SYNTAXES else syntax  # HEVC has no syntax for it, and is cut as well
    archive.put("video", video_object(stream, cut, COUNT, fragments=fragments))
    instance = archive.instance(KEY)
    assert instance.number_of_frames == COUNT
    for number in (1, 7, COUNT):
        plan = archive.rendering.plan(instance, png(number))
        assert archive.rendering.heavy(plan)
        assert (plan.rows, plan.columns) == (ROWS, COLUMNS)
        assert number_in(shown(archive.rendering.image(plan).data)) == number
        assert archive.rendering.cached(plan) is not None
    with pytest.raises(InvalidRequest, match=f"1 to {COUNT}"):
        archive.rendering.plan(instance, png(COUNT + 1))


@needs_ffmpeg
def test_the_python_interface() -> None:
    syntax, stream = stream_of("H.264")
    data = video_object(stream, syntax, COUNT)
    assert number_in(shown(wado_core.render(data, frame_number=9, media_type="image/png"))) == 9
    small = np.asarray(imagecodecs.jpeg8_decode(wado_core.thumbnail(data, 100)))
    assert small.shape == (40, 100, 3)
    cut = shown(wado_core.render(data, frame_number=9, region=(0.0, 0.0, 0.5, 1.0), media_type="image/png"))
    assert cut.shape == (ROWS, COLUMNS // 2, 3)


@needs_ffmpeg
def test_a_number_of_frames_beyond_the_stream_is_damage(archive: Archive) -> None:
    syntax, stream = stream_of("MPEG-2")
    archive.put("video", video_object(stream, syntax, COUNT + 5))
    plan = archive.rendering.plan(archive.instance(KEY), png(COUNT + 1))
    with pytest.raises(DamagedObject, match=r"\(0028,0008\) Number of Frames"):
        archive.rendering.image(plan)


@needs_ffmpeg
def test_the_version_of_ffmpeg_is_part_of_the_etag(archive: Archive, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    syntax, stream = stream_of("H.264")
    archive.put("video", video_object(stream, syntax, COUNT))
    before = archive.rendering.plan(archive.instance(KEY), png(1)).digest
    other = tmp_path / "ffmpeg"
    other.write_text("#!/bin/sh\necho ffmpeg version 99\n")
    other.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert archive.rendering.plan(archive.instance(KEY), png(1)).digest != before


def test_without_ffmpeg_it_is_described_and_refused(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the index says of an object is true of the object, whatever is installed where it was read."""
    archive.put("video", video_object(b"\0\0\1\xb3" + bytes(60), "1.2.840.10008.1.2.4.100", COUNT))
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(NotSupported, match=r"MPEG2 Main Profile.*ffmpeg, which is not installed here"):
        archive.rendering.plan(archive.instance(KEY), png(1))
    assert describe(BytesSource(video_object(b"\0\0\1\xb3", "1.2.840.10008.1.2.4.100", 1)), "", Limits()).has_picture


def test_a_stream_longer_than_the_limit_is_not_read(archive: Archive) -> None:
    source = BytesSource(video_object(b"\0\0\1\xb3" + bytes(3 << 20), "1.2.840.10008.1.2.4.100", COUNT))
    instance = describe(source, "", Limits()).instance
    assert len(FrameReader(source, instance, Limits()).frame(COUNT)) == (3 << 20) + 4
    with pytest.raises(LimitExceeded, match="longer than the configured"):
        FrameReader(source, instance, Limits(video_bytes=1 << 20)).frame(1)


@pytest.mark.parametrize(
    ("attributes", "refusal"),
    [({"PhotometricInterpretation": "MONOCHROME2"}, NotSupported), ({"SamplesPerPixel": 1}, DamagedObject)],
)
def test_headers_that_are_none_of_video(attributes: dict[str, Any], refusal: type[Exception]) -> None:
    data = video_object(b"\0\0\1\xb3" + bytes(60), "1.2.840.10008.1.2.4.100", COUNT, **attributes)
    with pytest.raises(refusal, match=r"\(0028,0004\)"):
        wado_core.render(data)
