"""What runs in the place of ffmpeg stays within its bounds, and ends with whoever started it. Stand-ins: shell scripts."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.wado_http.cli.server import children_of, until
from wado_core.codecs import ffmpeg
from wado_core.codecs.ffmpeg import Bounds, program_version
from wado_core.codecs.registry import codec_versions, versions
from wado_core.errors import LimitExceeded, NotSupported, Unavailable
from wado_core.model.transfer_syntax import EXPLICIT_VR_LITTLE_ENDIAN, H264_VIDEO

GIB = 1 << 30
BOUNDS = Bounds(20, 4 * GIB)
linux = pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")


@pytest.fixture
def stand_in(tmp_path: Path) -> Path:
    return tmp_path / "ffmpeg"


def write(path: Path, script: str) -> str:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    return str(path)


def test_reads_its_data_at_any_place(stand_in: Path) -> None:
    program = write(stand_in, "tail -c 4 /dev/stdin; head -c 4 /dev/stdin; echo said >&2; exit 3")
    ran = ffmpeg.run(program, [], b"abcd" + bytes(1 << 20) + b"wxyz", 100, BOUNDS)
    assert (ran.output, ran.complaints, ran.status) == (b"wxyzabcd", b"said\n", 3)


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS does not bound the address space of a process")
def test_is_bounded_in_memory_time_and_files(stand_in: Path) -> None:
    program = write(stand_in, "ulimit -v; ulimit -t; ulimit -f; ulimit -c; nice; pwd; echo $*")
    ran = ffmpeg.run(program, ["-a", "b c"], b"", 100, Bounds(7.5, 2 * GIB))
    assert ran.output.decode().split("\n") == [str(2 * GIB >> 10), "9", "0", "0", str(os.nice(0) + 15), "/", "-a b c", ""]


def test_is_told_nothing_of_ours(stand_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WADO_STATE", "secret")
    monkeypatch.setenv("FFREPORT", "file=/tmp/report.log")
    assert b"secret" not in (output := ffmpeg.run(write(stand_in, "env"), [], b"", 1000, BOUNDS).output)
    assert b"FFREPORT" not in output


@linux
def test_is_killed_at_its_deadline(stand_in: Path) -> None:
    program = write(stand_in, "exec sleep 1000")
    begun = time.monotonic()
    with pytest.raises(LimitExceeded):
        ffmpeg.run(program, [], b"", 100, Bounds(0.5, 4 * GIB))
    assert time.monotonic() - begun < 10
    assert not [arguments for _, arguments in children_of(os.getpid()) if "sleep 1000" in arguments]


def test_is_killed_when_it_writes_too_much(stand_in: Path) -> None:
    ran = ffmpeg.run(write(stand_in, "exec cat /dev/zero"), [], b"", 1000, BOUNDS)
    assert 1000 < len(ran.output) < 1000 + (1 << 17)
    assert ran.status == -signal.SIGKILL


def test_what_it_complains_of_is_cut(stand_in: Path) -> None:
    ran = ffmpeg.run(write(stand_in, "head -c 10000000 /dev/zero >&2"), [], b"", 1000, BOUNDS)
    assert 0 < len(ran.complaints) < 1 << 17
    assert ran.status == 0


def test_nothing_is_left_open(stand_in: Path) -> None:
    program = write(stand_in, "exit 0")
    ffmpeg.run(program, [], b"data", 100, BOUNDS)
    before = len(os.listdir("/dev/fd"))
    for _ in range(3):
        ffmpeg.run(program, [], b"data", 100, BOUNDS)
    assert len(os.listdir("/dev/fd")) == before


@linux
def test_ends_with_the_process_that_started_it(stand_in: Path) -> None:
    program = write(stand_in, "exec sleep 1000")
    code = f"from wado_core.codecs import ffmpeg; ffmpeg.run({program!r}, [], b'', 9, ffmpeg.Bounds(500, 1 << 32))"
    parent = subprocess.Popen([sys.executable, "-c", code])
    until(lambda: any("sleep 1000" in arguments for _, arguments in children_of(parent.pid)))
    ((process, _),) = children_of(parent.pid)
    parent.kill()
    parent.wait()
    until(lambda: not Path(f"/proc/{process}").exists() or "(sleep) Z" in Path(f"/proc/{process}/stat").read_text())


def test_a_program_that_cannot_be_run_is_unavailable(monkeypatch: pytest.MonkeyPatch, stand_in: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(stand_in))
    with pytest.raises(Unavailable):
        ffmpeg.run(str(stand_in), [], b"", 100, BOUNDS)


def test_its_version_is_part_of_what_decides_pictures(monkeypatch: pytest.MonkeyPatch, stand_in: Path) -> None:
    monkeypatch.setenv("PATH", f"{stand_in.parent}:/usr/bin:/bin")
    write(stand_in, "echo 'ffmpeg version 5.1.9-0+deb12u1 Copyright (c) the FFmpeg developers'")
    assert program_version() == "5.1.9-0+deb12u1"
    assert versions(H264_VIDEO[0]) == f"{codec_versions()} ffmpeg-5.1.9-0+deb12u1"
    write(stand_in, "echo 'ffmpeg version 7.0 and so on'")  # installed anew while we run
    assert versions(H264_VIDEO[0]) == f"{codec_versions()} ffmpeg-7.0"
    assert versions(EXPLICIT_VR_LITTLE_ENDIAN) == codec_versions()
    write(stand_in, "exit 1")
    assert program_version() == ""


def test_without_it_video_is_refused_when_a_picture_is_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert program_version() == ""
    with pytest.raises(NotSupported, match=r"H\.264.* need the program ffmpeg, which is not installed here"):
        versions(H264_VIDEO[0])
