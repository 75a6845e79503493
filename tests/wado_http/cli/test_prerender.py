"""``wado prerender``: what it makes is what a server finds; and what is said when something is not made."""

import json
import os
import signal
import subprocess
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import wado_core
from tests.fixtures import build, uids
from tests.wado_http.cli.running import SCRIPT, complaint, environment, wado
from tests.wado_http.cli.server import LONG_AGO, Server, children_of, picture_of, put, started, until
from wado_core.model.study import InstanceSummary
from wado_core.model.uid import InstanceKey
from wado_core.services.prerendering import Prerendered, Wanted
from wado_core.settings import Settings
from wado_http.cli import prerender_pool
from wado_http.cli.prerender_pool import Pool
from wado_http.cli.prerender_report import prerendering_line, summary
from wado_http.cli.progress import lines
from wado_http.params.thumbnails import thumbnail_query
from wado_http.viewer import links

ROOM = "64MiB"
# What is light, and of an object that was looked up a moment ago, is made sooner than it is looked up on disk.
NOTHING_AT_HAND = {"WADO_INSTANCE_FRESH_S": "0"}
NAMES = ("ct", "us10", "ramp", "sr")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A single frame, ten frames, one without a window, and a report without a picture."""
    served = tmp_path / "served"
    served.mkdir()
    for name in NAMES:
        put(served, name)
    return served


def caches(server: Server) -> dict[str, Any]:
    status, body = server.get("health/caches")
    assert status == 200
    found: dict[str, Any] = json.loads(body)["caches"]
    return found


def _without_progress(errors: bytes) -> list[str]:
    """Return what was complained of: on a busy machine it takes long enough for lines of progress."""
    return [line for line in errors.decode().splitlines() if line.strip() and not line.startswith(("Prerendering: ", "Indexing: "))]


def addresses(names: tuple[str, ...] = ("ct", "us10", "ramp")) -> list[str]:
    """Return the addresses of pictures, as the pages write them, and of thumbnails."""
    found = []
    for name in names:
        key = InstanceKey(*uids(name))
        frames = 10 if name == "us10" else 1
        shown = InstanceSummary(key, None, frames, True, (frames + 1) // 2)
        found += [links.picture("", shown).lstrip("/"), f"thumbnail?{thumbnail_query(key, 128, 'image/jpeg')}"]
    return found


def test_a_server_answers_the_first_requests_from_the_disk(folder: Path, tmp_path: Path) -> None:
    done = wado("prerender", folder, "--disk-cache", ROOM, "--jobs", "2", state=tmp_path / "state")
    assert (done.returncode, _without_progress(done.stderr)) == (0, [])
    last = done.stdout.decode().splitlines()[-1]
    assert last.startswith("Prerendered 4 instances in ")
    assert ": 6 pictures made (" in last
    assert last.endswith(", 0 present, 0 failed")
    with started("--port", "0", folder, "--disk-cache", ROOM, state=tmp_path / "state", **NOTHING_AT_HAND) as process:
        server = Server(process)
        assert server.url
        for number, address in enumerate(addresses(), 1):
            status, body = server.get(address)
            assert status == 200
            assert caches(server)["pictures_on_disk"]["hits"] == number
            assert server.get(address) == (200, body)  # from memory, this time
        found = caches(server)
        assert (found["pictures_on_disk"]["misses"], found["pictures_on_disk"]["entries"]) == (0, 6)
        assert found["pictures"]["hits"] == 6
        ct = folder / "ct.dcm"
        assert server.get(addresses()[0])[1] == wado_core.render(ct)
        assert server.get(addresses()[1])[1] == wado_core.thumbnail(ct)
        assert server.get(f"{picture_of('ct')}&rows=50")[0] == 200  # not made before: made now, and kept
        assert caches(server)["pictures_on_disk"]["misses"] == 1
        until(lambda: caches(server)["pictures_on_disk"]["entries"] == 7)


def test_beside_a_server_its_index_is_used_and_its_requests_are_answered_from_the_disk(folder: Path, tmp_path: Path) -> None:
    options = ("--port", "0", "--disk-cache", ROOM, "--settling", "0")
    with started(*options, folder, state=tmp_path / "state", **NOTHING_AT_HAND) as process:
        server = Server(process)
        server.wait_until_indexed()
        done = wado("prerender", folder, "--disk-cache", ROOM, "--thumbnails-only", state=tmp_path / "state")
        first, last = done.stdout.decode().splitlines()
        assert (done.returncode, _without_progress(done.stderr)) == (0, [])
        assert first == f"'wado serve' (process {process.pid}) keeps the index of these PATHs; what it holds now is prerendered."
        assert ": 3 pictures made (" in last
        for address in addresses():
            assert server.get(address)[0] == 200
        assert (caches(server)["pictures_on_disk"]["hits"], caches(server)["pictures_on_disk"]["misses"]) == (3, 3)


def test_a_server_that_does_not_look_on_the_disk_is_told_of(folder: Path, tmp_path: Path) -> None:
    with started("--port", "0", folder, "--settling", "0", state=tmp_path / "state") as process:
        Server(process).wait_until_indexed()
        done = wado("prerender", folder, "--disk-cache", ROOM, "--thumbnails-only", state=tmp_path / "state")
    assert done.returncode == 0
    assert _without_progress(done.stderr) == [
        "wado: warning: it runs without --disk-cache, and will answer from these pictures once it is started with it."
    ]


def test_the_indexer_of_a_server_makes_room(folder: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    with started("--port", "0", folder, "--disk-cache", "256KiB", "--settling", "0", state=state, **NOTHING_AT_HAND) as process:
        server = Server(process)
        server.wait_until_indexed()
        rows = iter(range(60, 400))

        def made() -> bool:
            """Ask for one more, and say whether some had to go."""
            assert server.get(f"{picture_of('ct')}&contentType=image/png&rows={next(rows)}")[0] == 200
            counts = caches(server)["pictures_on_disk"]
            assert counts["size_bytes"] <= 256 << 10
            time.sleep(0.02)
            return bool(counts["evictions"])

        until(made)
        assert sum(path.stat().st_blocks * 512 for path in state.rglob("pictures/??/*")) <= 256 << 10


def test_sizes_and_frames_and_what_is_there_already(folder: Path, tmp_path: Path) -> None:
    def prerendered(*options: str) -> str:
        done = wado("prerender", folder, "--disk-cache", ROOM, "--jobs", "1", *options, state=tmp_path / "state")
        assert done.returncode == 0
        return done.stdout.decode().splitlines()[-1]

    assert ": 6 pictures made (" in prerendered("--thumbnails-only", "--size", "64", "--size", "32", "--size", "64")
    again = prerendered("--thumbnails-only", "--size", "64", "--size", "32", "--frames", "all")
    assert ": 18 pictures made (" in again  # of the nine other frames
    assert ", 6 present, 0 failed" in again
    (folder / "ct.dcm").unlink()
    put(folder, "ct")
    os.utime(folder / "ct.dcm", (LONG_AGO + 5, LONG_AGO + 5))  # a changed file has another digest
    assert ": 2 pictures made (" in prerendered("--thumbnails-only", "--size", "64", "--size", "32")


def test_what_is_damaged_is_counted_with_its_reason(folder: Path, tmp_path: Path) -> None:
    data = bytearray(build("rle"))
    start = data.rindex(b"\xfe\xff\x00\xe0") + 8
    data[start : start + 4] = bytes((200, 0, 0, 0))  # segments (PS3.5 G.3)
    (folder / "broken.dcm").write_bytes(data)
    os.utime(folder / "broken.dcm", (LONG_AGO, LONG_AGO))
    done = wado("prerender", folder, "--disk-cache", ROOM, state=tmp_path / "state")
    *_, last, reason = done.stdout.decode().splitlines()
    assert done.returncode == 1
    assert last.endswith(", 2 failed")
    assert reason.startswith("  2 failed: ")
    assert reason.endswith(".")
    assert str(folder) not in reason


def test_it_ends_when_the_room_is_taken(folder: Path, tmp_path: Path) -> None:
    done = wado("prerender", folder, "--disk-cache", "48KiB", "--frames", "all", "--jobs", "1", state=tmp_path / "state")
    assert done.returncode == 1
    assert done.stdout.decode().splitlines()[-1].startswith("  stopped: the room for pictures on disk (48 KiB) is taken")
    pictures = list((tmp_path / "state").rglob("pictures/??/*"))
    assert 3 < len(pictures) <= 12
    assert sum(path.stat().st_blocks * 512 for path in pictures) <= 48 << 10


def test_it_must_be_said_how_much_room_there_is(folder: Path, tmp_path: Path) -> None:
    line = complaint(wado("prerender", folder, state=tmp_path / "state"))
    assert line.startswith("No pictures are kept on disk: say how many bytes they may take, with --disk-cache")
    assert not (tmp_path / "state").exists()


def test_interrupted_it_says_what_was_done_and_leaves_nobody_behind(folder: Path, tmp_path: Path) -> None:
    uid = uids("us10")[2]
    for number in range(40):
        (folder / f"{number}.dcm").write_bytes(build("us10").replace(uid.encode(), f"{uid[:-3]}{number:03}".encode()))
        os.utime(folder / f"{number}.dcm", (LONG_AGO, LONG_AGO))
    command = [str(SCRIPT), "prerender", str(folder), "--disk-cache", ROOM, "--frames", "all", "--jobs", "2"]
    environ = environment(tmp_path / "state")
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environ, start_new_session=True) as process:
        until(lambda: len(list((tmp_path / "state").rglob("pictures/??/*"))) > 20, 120)
        children = {number for number, _ in children_of(process.pid)}
        assert children
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: to everybody
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert _without_progress(errors.encode()) == []
    assert output.splitlines()[-1].startswith("Prerendered ")
    until(lambda: not any(Path(f"/proc/{number}").exists() for number in children))
    again = wado("prerender", folder, "--disk-cache", ROOM, "--frames", "all", state=tmp_path / "state")
    assert again.returncode == 0


def test_an_object_that_ends_its_process_is_counted_and_the_others_are_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys = [InstanceKey(*uids(name)) for name in ("ct", "us10", "j2k")]
    monkeypatch.setattr(prerender_pool, "_prerender", _deadly)
    monkeypatch.setattr(prerender_pool, "_prepare", _nothing)
    monkeypatch.setattr(prerender_pool, "BATCH", 2)

    done = Prerendered()
    with Pool(Settings(), Wanted(), 1) as pool:
        for result in pool.results(keys):
            done.add(result)
    assert (done.instances, done.made) == (3, 2)
    assert done.failed == Counter({"Making its picture ended the process that tried.": 1})


def _nothing(_settings: str) -> None:
    """Stands for ``_prepare``."""


def _deadly(batch: list[InstanceKey], _wanted: object) -> Prerendered:
    """Stands for ``_prerender``: an ultrasound ends the process."""
    if InstanceKey(*uids("us10")) in batch:
        os.kill(os.getpid(), signal.SIGKILL)
    return Prerendered(instances=len(batch), made=len(batch))


def test_the_summary_of_many_reasons() -> None:
    done = Prerendered(instances=1500, made=1200, present=3, size_bytes=5_000_000, full=True)
    done.failed = Counter({f"reason {number}\x1b": number for number in range(1, 15)})
    first, *reasons, rest, room = summary(done, 10.0, "10 GiB")
    assert first == "Prerendered 1,500 instances in 10.0 s: 1,200 pictures made (5.0 MB, 120 a second), 3 present, 105 failed"
    assert reasons == [f"  {number} failed: reason {number}\\x1b" for number in range(14, 4, -1)]
    assert rest == "  10 failed for other reasons"
    assert room.startswith("  stopped: the room for pictures on disk (10 GiB) is taken")


def test_lines_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show = lines(0.0, partial(prerendering_line, 1000))
    time.sleep(0.001)
    show(Prerendered(instances=10, made=20))
    assert capsys.readouterr().err == "Prerendering: 10 of 1,000 instances, 20 pictures\n"
