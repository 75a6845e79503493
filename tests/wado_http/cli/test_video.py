"""Frames of video from the command line and over HTTP, on the page, and nothing left of ffmpeg when the server is gone."""

import os
import signal
import sys
import threading
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlencode

import imagecodecs
import numpy as np
import pytest

from tests.fixtures.identity import STUDY, object_uid, series_uid, study_uid
from tests.fixtures.videos import H264, encoded, needs_ffmpeg, number_in, numbered, video_object
from tests.wado_http.cli.running import complaint, wado
from tests.wado_http.cli.server import LONG_AGO, Server, alive, serving, started, until

COUNT = 12
SYNTAX = "1.2.840.10008.1.2.4.102"
ADDRESS = "wado?" + urlencode(
    {"requestType": "WADO", "studyUID": study_uid(STUDY), "seriesUID": series_uid("video"), "objectUID": object_uid("video")}
)


def put(folder: Path, data: bytes) -> Path:
    path = folder / "video.dcm"
    path.write_bytes(data)
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


@needs_ffmpeg
def test_render(tmp_path: Path) -> None:
    path = put(tmp_path, video_object(encoded(numbered(COUNT), H264, "mp4"), SYNTAX, COUNT))
    for number in (1, 7, COUNT):
        done = wado("render", path, "--frame", str(number), "--media-type", "image/png", "-o", "-")
        assert (done.returncode, done.stderr) == (0, b"")
        assert number_in(np.asarray(imagecodecs.png_decode(done.stdout))) == number


def test_render_without_ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path, video_object(b"\0\0\1\x09" + bytes(100), SYNTAX, COUNT))
    monkeypatch.setenv("PATH", "/nonexistent")
    told = complaint(wado("render", path, "-o", tmp_path / "picture.png"))
    assert "need the program ffmpeg, which is not installed here" in told


@needs_ffmpeg
def test_served(tmp_path: Path) -> None:
    folder = tmp_path / "served"
    folder.mkdir()
    stored = put(folder, video_object(encoded(numbered(COUNT), H264, "mpegts"), SYNTAX, COUNT)).read_bytes()
    with serving(folder, state=tmp_path / "state") as server:
        server.wait_until_indexed()
        for number in (COUNT, 1, 6):
            status, body = server.get(f"{ADDRESS}&frameNumber={number}&contentType=image/png")
            assert status == 200, body
            assert number_in(np.asarray(imagecodecs.png_decode(body))) == number
        assert server.get(f"{ADDRESS}&frameNumber={COUNT + 1}")[0] == 400
        assert server.get(ADDRESS) == (200, stored)
        page = server.get("")[1].decode()
        thumbnail = next(part for part in page.split('"') if "/thumbnails?" in part).replace("&amp;", "&").lstrip("/")
        status, body = server.get(thumbnail)
        assert status == 200
        assert np.asarray(imagecodecs.jpeg8_decode(body)).shape == (128, 128, 3)


@pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")
def test_a_worker_that_is_killed_leaves_no_ffmpeg_behind(tmp_path: Path) -> None:
    """A stand-in that never ends, started by a worker that is killed."""
    programs, folder = tmp_path / "programs", tmp_path / "served"
    programs.mkdir()
    folder.mkdir()
    stand_in = programs / "ffmpeg"
    stand_in.write_text('#!/bin/sh\n[ "$1" = -version ] && echo ffmpeg version 0 && exit\nexec sleep 1234\n')
    stand_in.chmod(0o700)
    put(folder, video_object(b"\0\0\1\x09" + bytes(100), SYNTAX, COUNT))
    path = f"{programs}:{os.environ['PATH']}"
    with started("--port", "0", folder, state=tmp_path / "state", PATH=path) as process:
        server = Server(process)
        server.wait_until_indexed()
        threading.Thread(target=_ask, args=(server,), daemon=True).start()
        until(lambda: _sleeping(server.everything()))
        left = _sleeping(server.everything())
        (worker,) = server.children("worker")
        os.kill(worker, signal.SIGKILL)
        until(lambda: not alive(left))


def _ask(server: Server) -> None:
    with suppress(OSError, HTTPException):  # the worker that is asked will be killed
        server.get(f"{ADDRESS}&frameNumber=2")


def _sleeping(processes: set[int]) -> set[int]:
    """Return those that are the stand-in."""
    found = set()
    for process in processes:
        try:
            if b"1234" in Path(f"/proc/{process}/cmdline").read_bytes():
                found.add(process)
        except OSError:
            continue
    return found
