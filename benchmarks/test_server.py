"""The server under load, beside what the same machine does with nothing around the work.

Each benchmark notes a row for README: what was measured, and beside what.
"""

import json
import os
import socket
import statistics
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from itertools import count
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import wado_core
from benchmarks import skeleton
from benchmarks.archives import write_enhanced_ct
from benchmarks.encoders import CASES, IdleThread
from benchmarks.load import WRK, Driver, Load
from benchmarks.objects import ct, mammogram, phantom, stored_jpeg
from benchmarks.paired import seconds
from benchmarks.serving import Server, asgi, wado
from wado_core.model.grayscale import Window

pytestmark = pytest.mark.skipif(WRK is None or not Path("/proc").is_dir(), reason="wrk is not installed, or this is no Linux")

SKELETON_PORT = 18_765
WINDOW = "&windowCenter=CENTER&windowWidth=WIDTH"
SMALL = f"{WINDOW}&rows=128&columns=128"
CLIENTS, WORKERS = 8, 2
FRAMES = 1000
# Frames of the large object that hold an image; the others are a hole in its file.
FILLED = 64


@dataclass(frozen=True, slots=True)
class Pace:
    """How long is measured: seconds of load in each of some rounds, of which the median counts."""

    seconds: float
    rounds: int


@pytest.fixture(scope="module")
def pace(full_size: bool) -> Pace:
    return Pace(3.0, 5) if full_size else Pace(1.0, 1)


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Driver:
    return Driver(tmp_path_factory.mktemp("load"))


def path_of(data: bytes | Path) -> str:
    """Return the address of an object's picture."""
    key = wado_core.open(data).key
    return f"/wado?requestType=WADO&studyUID={key.study_uid}&seriesUID={key.series_uid}&objectUID={key.object_uid}"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve a CT and a stored JPEG with two workers."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "ct.dcm").write_bytes(ct())
    (folder / "us.dcm").write_bytes(stored_jpeg())
    with wado(folder, tmp_path_factory.mktemp("state"), workers=WORKERS) as server:
        for data in (ct(), stored_jpeg()):
            server.wait(path_of(data) + ("&frameNumber=1" if data is stored_jpeg() else ""))
        server.rest()
        yield server


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory, served: Server) -> Iterator[Server]:
    """Serve the skeleton with as many workers."""
    file = tmp_path_factory.mktemp("skeleton") / "ct.dcm"
    file.write_bytes(ct())
    os.environ["WADO_BENCHMARK_FILE"] = str(file)
    os.environ["WADO_BENCHMARK_BYTES"] = str(len(served.get(path_of(ct()))[1]))
    with asgi("benchmarks.skeleton:app", SKELETON_PORT, workers=WORKERS) as server:
        server.rest()
        yield server


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, int]:
    """An open CT and the offset of its frame."""
    path = tmp_path_factory.mktemp("file") / "ct.dcm"
    path.write_bytes(ct())
    return os.open(path, os.O_RDONLY), len(ct()) - skeleton.FRAME_BYTES


def in_turns(rounds: int, *measured: Callable[[], Load]) -> list[Load]:
    """Return the median of each, measured in turns."""
    found = [[measure() for measure in measured] for _ in range(rounds)]
    return [_median([row[place] for row in found]) for place in range(len(measured))]


def _median(loads: list[Load]) -> Load:
    columns = zip(*(asdict(load).values() for load in loads), strict=True)
    return Load(*(statistics.median(column) for column in columns))


def alone_us(work: Callable[[], object], rounds: int = 300) -> float:
    """Return the median of some work in this process, microseconds."""
    return statistics.median(seconds(work) for _ in range(rounds)) * 1e6


def note(benchmark: BenchmarkFixture, load: Load | None, **row: Any) -> None:
    """Note a row for the report, and a time for pytest-benchmark."""
    row = {name: value for name, value in row.items() if value is not None}
    benchmark.extra_info["server"] = row | {"load_average": os.getloadavg()} | ({"load": asdict(load)} if load else {})
    benchmark.pedantic(sleep, (0,), rounds=1)  # type: ignore[no-untyped-call]


def windows() -> Iterator[Window]:
    """Yield windows that were never seen before."""
    return (Window(number % 400 - 160.0, 300.0 + number // 400) for number in count())


@pytest.mark.parametrize(
    ("label", "more", "make"), [("CT 512×512", WINDOW, skeleton.picture), ("thumbnail 128×128", SMALL, skeleton.small_picture)]
)
def test_never_seen(
    benchmark: BenchmarkFixture, served: Server, beside: Server, file: tuple[int, int], driver: Driver, pace: Pace,
    label: str, more: str, make: Callable[..., bytes],
) -> None:  # fmt: skip
    """Pictures through windows that nobody has asked for before: read, window, encode."""
    drive = partial(driver.drive, clients=CLIENTS, seconds=pace.seconds)
    ours, bare = in_turns(pace.rounds, partial(drive, served, path_of(ct()) + more), partial(drive, beside, f"/wado?x=1{more}"))
    fresh = windows()
    work_us = alone_us(lambda: make(skeleton.cells_of(*file), next(fresh)))
    note(benchmark, ours, label=f"{label}, never seen", beside={"skeleton": asdict(bare)}, work_us=work_us)


@pytest.mark.parametrize("has_it", [False, True], ids=["cached", "not modified"])
def test_known(benchmark: BenchmarkFixture, served: Server, beside: Server, driver: Driver, pace: Pace, has_it: bool) -> None:
    """A picture that is kept, and one that the client has, beside a constant answer of that size (of none)."""
    path = path_of(ct())
    headers = (f"If-None-Match: {served.header(path, 'etag')}",) if has_it else ()
    drive = partial(driver.drive, clients=CLIENTS, seconds=pace.seconds)
    constant = "/ready" if has_it else "/constant"
    ours, bare = in_turns(pace.rounds, partial(drive, served, path, headers=headers), partial(drive, beside, constant))
    note(benchmark, ours, label="not modified (304)" if has_it else "CT 512×512, cached", beside={"constant": asdict(bare)})


def test_stored_jpeg(benchmark: BenchmarkFixture, served: Server, driver: Driver, pace: Pace) -> None:
    """A stored JPEG frame that nobody has asked for, sent as it is stored, beside one that is kept."""
    drive = partial(driver.drive, clients=CLIENTS, seconds=pace.seconds)
    path = path_of(stored_jpeg())
    passed, kept = in_turns(
        pace.rounds, partial(drive, served, f"{path}&frameNumber=FRAME"), partial(drive, served, f"{path}&frameNumber=1")
    )
    note(benchmark, passed, label="stored JPEG 640×480, never seen", beside={"kept": asdict(kept)})


# Native pixel data of one object ends at 4 GB: ten thousand frames are smaller ones, and stand beside a thousand of that size.
@pytest.mark.parametrize(("frames", "edge"), [(FRAMES, 512), (FRAMES, 256), (10 * FRAMES, 256)])
def test_frame_of_many(
    benchmark: BenchmarkFixture, tmp_path: Path, driver: Driver, pace: Pace, full_size: bool, frames: int, edge: int
) -> None:
    """Any frame of an enhanced CT of a thousand and of ten thousand frames: the first after a fresh start, then one client."""
    edge = edge if full_size else 64
    (tmp_path / "served").mkdir()
    path = tmp_path / "served" / "enhanced.dcm"
    write_enhanced_ct(path, frames, undefined=False, varied=False, edge=edge)
    fill_frames(path, frames, edge)
    address = path_of(path)
    with wado(tmp_path / "served", tmp_path / "state") as server:  # the index is made
        server.wait(f"{address}&frameNumber=1")
    with wado(tmp_path / "served", tmp_path / "state") as server:
        server.wait("/health/ready")
        server.rest()
        before = server.anonymous_bytes()
        first_ms = 1e3 * seconds(lambda: server.get(f"{address}&frameNumber={frames // 2}"))
        load = driver.drive(server, f"{address}&frameNumber=FRAME{WINDOW}", clients=1, seconds=pace.seconds)
        more = server.anonymous_bytes() - before
        caches = json.loads(server.get("/health/caches")[1])["caches"].values()
    fresh, places = windows(), count()
    descriptor, start = os.open(path, os.O_RDONLY), path.stat().st_size - frames * 2 * edge * edge

    def work() -> bytes:
        return skeleton.picture(skeleton.cells_of(descriptor, start + next(places) * 389 % FRAMES * 2 * edge * edge, edge), next(fresh))

    work_us = alone_us(work)
    os.close(descriptor)
    note(
        benchmark, load, label=f"a frame of {frames:,} of {edge}×{edge}, one client", clients=1, work_us=work_us,
        first="the first after a start",
        first_ms=first_ms, more_megabytes=more / 1e6, kept_megabytes=sum(held["size_bytes"] for held in caches) / 1e6,
        megabytes=path.stat().st_size / 1e6,
    )  # fmt: skip


def fill_frames(path: Path, frames: int, edge: int) -> None:
    """Write an image into the frames that are asked for."""
    content = phantom(edge, edge, 14).astype("<u2").tobytes()
    start = path.stat().st_size - frames * len(content)
    with open(path, "r+b") as file:
        for number in {1 + place * 389 % FRAMES for place in range(FRAMES)} if frames == FRAMES else range(1, FRAMES + 1):
            file.seek(start + (number - 1) * len(content))
            file.write(content)


def test_mammogram(benchmark: BenchmarkFixture, tmp_path: Path, full_size: bool) -> None:
    """The first byte and the whole of a picture of 13.6 megapixels, beside reading and coding it on two cores."""
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "mg.dcm").write_bytes(mammogram())
    path, rounds = path_of(mammogram()), 30 if full_size else 2
    with wado(tmp_path / "served", tmp_path / "state") as server:
        server.wait(path)
        room = memoryview(bytearray(16 << 20))
        times = [_fetch(server.address, f"{path}&windowCenter={1000 + number}&windowWidth=400", room) for number in range(rounds)]
    first_ms, whole_ms = (statistics.median(column) * 1e3 for column in zip(*times, strict=True))
    helper, case = IdleThread(), CASES["mammogram"]()
    data = str(tmp_path / "served" / "mg.dcm")
    work_us = alone_us(lambda: (_read(data), case.own(helper.lend)), rounds)
    row = {"work_us": work_us, "first": "first bytes", "first_ms": first_ms, "whole_ms": whole_ms}
    note(benchmark, None, label="mammogram 4096×3328, one client", **row)


def _read(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:
        return file.read()


def _fetch(address: str, path: str, room: memoryview) -> tuple[float, float]:
    """Return seconds to the first bytes of a picture, and to its end.

    room: where it is read into, so that the client, which runs on the cores of the server, need not make memory for each read.
    """
    host, port = address.split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        start, place = perf_counter(), 0
        while b"\xff\xd8" not in bytes(room[:place]):
            place += connection.recv_into(room[place:], 1 << 16)
        first = perf_counter() - start
        while more := connection.recv_into(room[place:]):
            place += more
        return first, perf_counter() - start


def test_health_under_load(benchmark: BenchmarkFixture, served: Server, driver: Driver, pace: Pace) -> None:
    """How long /health/live takes while 400 clients ask for pictures never seen."""
    times: list[float] = []
    done = threading.Event()

    def ask() -> None:
        while not done.wait(0.01):
            times.append(seconds(lambda: served.get("/health/live")))

    thread = threading.Thread(target=ask)
    thread.start()
    load = driver.drive(served, path_of(ct()) + WINDOW, clients=400, seconds=pace.seconds, refusals=True)
    done.set()
    thread.join()
    times.sort()
    note(
        benchmark, load, label="health while 400 clients ask", p50_ms=1e3 * statistics.median(times),
        p99_ms=1e3 * times[min(len(times) * 99 // 100, len(times) - 1)],
    )  # fmt: skip
