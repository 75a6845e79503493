"""The processes of ``wado serve``: replaced when they end, ended together, and the index kept by one of them alone."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.fixtures import file_bytes, image
from tests.wado_http.cli.running import complaint, environment, wado
from tests.wado_http.cli.server import DEADLINE_S, LONG_AGO, Server, alive, children_of, picture_of, put, serving, started, until

# What the requirement allows for a replacement; the tests allow for a machine that does other things, too.
AT_ONCE_S = 1.0
BUSY = 5.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One CT."""
    served = tmp_path / "served"
    served.mkdir()
    put(served, "ct")
    return served


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def test_a_killed_worker_is_replaced_while_the_other_serves(folder: Path, state: Path) -> None:
    with serving(folder, "--workers", "2", state=state) as server:
        until(lambda: server.get(picture_of("ct"))[0] == 200)
        first, second = server.children("worker")
        until(lambda: children_of(first) and children_of(second))  # each with its process for heavy frames: the last that is started
        time.sleep(0.5)
        os.kill(first, signal.SIGKILL)
        assert until(lambda: len(server.children("worker") - {first}) == 2) < AT_ONCE_S * BUSY
        for _ in range(20):
            assert server.get(picture_of("ct"))[0] == 200
        (third,) = server.children("worker") - {second}
        os.kill(second, signal.SIGKILL)
        assert server.get(picture_of("ct"))[0] == 200  # by the new one, or it waits until one is there
        assert until(lambda: len(server.children("worker") - {second}) == 2) < AT_ONCE_S * BUSY
        assert third in server.children("worker")
        status, errors = server.terminate()
    assert status == 0
    lines = [line.partition("supervisor: ")[2] for line in errors.splitlines()]
    assert lines == [f"the worker (process {process}) was ended by SIGKILL; another is started now" for process in (first,)] + [
        line for line in lines[1:] if line.startswith(f"the worker (process {second}) was ended by SIGKILL; another is started")
    ]
    assert len(lines) == 2


def test_requests_wait_for_the_successor_of_the_only_worker(folder: Path, state: Path) -> None:
    with serving(folder, state=state) as server:
        until(lambda: server.get(picture_of("ct"))[0] == 200)
        (worker,) = server.children("worker")
        os.kill(worker, signal.SIGKILL)
        begin = time.monotonic()
        assert server.get(picture_of("ct"))[0] == 200
        assert time.monotonic() - begin < 2 * AT_ONCE_S * BUSY


def test_a_file_is_found_after_the_indexer_was_killed(folder: Path, state: Path) -> None:
    with serving(folder, state=state) as server:
        server.wait_until_indexed()
        (indexer,) = server.children("indexer")
        workers = server.children("worker")
        os.kill(indexer, signal.SIGKILL)
        put(folder, "us10")
        assert server.get(picture_of("ct"))[0] == 200
        assert until(lambda: server.children("indexer") - {indexer}) < AT_ONCE_S * BUSY
        until(lambda: server.get(picture_of("us10") + "&frameNumber=1")[0] == 200)
        (again,) = server.children("indexer")
        assert "--after-crash" in Path(f"/proc/{again}/cmdline").read_text()
        assert "--report" not in Path(f"/proc/{again}/cmdline").read_text()  # it was reported
        assert server.children("worker") == workers  # nothing happened to them
        assert server.terminate()[0] == 0


def test_nothing_outlives_the_supervisor_and_its_place_can_be_taken_at_once(folder: Path, state: Path) -> None:
    with serving(folder, "--workers", "2", state=state) as server:
        until(lambda: server.get(picture_of("ct"))[0] == 200)
        processes = server.everything()
        assert len(processes) >= 3
        server.process.kill()
        with serving(folder, state=state, port=server.port) as again:
            assert again.url == server.url
            until(lambda: again.get(picture_of("ct"))[0] == 200)
            until(lambda: not alive(processes), 10)
            assert again.terminate()[0] == 0


@contextmanager
def _receiving(server: Server, folder: Path) -> Iterator[tuple[socket.socket, bytes]]:
    """Ask for a large object and read its beginning, slowly: a connection on which an answer is being sent, and what has come."""
    large = image(np.zeros((4096, 4096), np.uint16), name="large")
    path = folder / "large.dcm"
    path.write_bytes(file_bytes(large))
    os.utime(path, (LONG_AGO, LONG_AGO))
    server.process.send_signal(signal.SIGHUP)
    address = (
        f"wado?requestType=WADO&studyUID={large.StudyInstanceUID}&seriesUID={large.SeriesInstanceUID}"
        f"&objectUID={large.SOPInstanceUID}&contentType=application%2Fdicom"
    )
    until(lambda: server.get(address)[0] == 200)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        connection.settimeout(DEADLINE_S)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(f"GET /{address} HTTP/1.1\r\nHost: localhost:{server.port}\r\n\r\n".encode())
        received = connection.recv(4096)
        assert received.startswith(b"HTTP/1.1 200 ")
        yield connection, received


def test_an_answer_that_is_being_sent_is_finished_after_sigterm(folder: Path, state: Path) -> None:
    with serving(folder, state=state) as server:
        with _receiving(server, folder) as (connection, beginning):
            received = bytearray(beginning)
            server.process.terminate()
            until(lambda: _refuses(server.port), 5)
            assert server.process.poll() is None
            while data := connection.recv(1 << 20):
                received += data
        head, _, body = received.partition(b"\r\n\r\n")
        assert f"content-length: {len(body)}".encode() in head.lower()
        assert len(body) > 32 << 20
        status, errors = server.end()
    assert (status, errors) == (0, "")


def test_a_second_ctrl_c_does_not_wait_for_answers(folder: Path, state: Path) -> None:
    with serving(folder, state=state) as server, _receiving(server, folder):
        server.process.send_signal(signal.SIGINT)
        until(lambda: _refuses(server.port), 5)
        with pytest.raises(subprocess.TimeoutExpired):
            server.process.wait(0.5)
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(2.0) == 130


def _refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


def test_sighup_has_the_folders_looked_through(folder: Path, state: Path) -> None:
    with serving(folder, state=state) as server:
        server.wait_until_indexed()
        put(folder, "mono1")
        assert server.get(picture_of("mono1"))[0] == 404
        server.process.send_signal(signal.SIGHUP)
        until(lambda: server.get(picture_of("mono1"))[0] == 200)
        assert server.process.poll() is None
        assert server.terminate() == (0, "")


def test_a_second_server_or_indexing_names_the_first_and_stops(folder: Path, state: Path) -> None:
    with serving(folder, state=state) as server:
        server.wait_until_indexed()
        second = complaint(wado("serve", folder, "--port", str(server.port), state=state))
        assert second.startswith(f"'wado serve' (process {server.process.pid}) serves these PATHs already.")
        indexing = complaint(wado("index", folder, state=state))
        assert indexing.startswith(f"'wado serve' (process {server.process.pid}) keeps this index.")
        assert indexing.endswith(f"kill -HUP {server.process.pid}")
        assert server.terminate() == (0, "")
    assert wado("index", folder, state=state).returncode == 0


def test_status_says_how_far_a_server_is_and_writes_nothing(folder: Path, state: Path) -> None:
    def status() -> list[str]:
        before = _contents(state)
        done = wado("index", folder, "--status", state=state)
        assert (done.returncode, done.stderr) == (0, b"")
        assert _contents(state) == before
        return done.stdout.decode().splitlines()

    assert status() == ["No server runs that keeps the index of these PATHs.", "There is no index."]
    assert not state.exists()
    with serving(folder, state=state) as server:
        server.wait_until_indexed()
        running, phase, last, held = status()
        assert running == f"'wado serve' (process {server.process.pid}) keeps the index of these PATHs."
        assert phase == "The indexer is waiting."
        assert last.startswith("The last look of a server ended at ")
        assert held == "The index holds 1 instance in 1 series of 1 study; 0 not DICOM, 0 damaged."
        assert server.terminate() == (0, "")
    assert status() == ["No server runs that keeps the index of these PATHs.", last, held]


def _contents(state: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in state.rglob("*") if path.is_file() and path.suffix != ".sqlite-shm"}


CRASHING = """
import sys
from pathlib import Path
from wado_core.settings import Settings
from wado_http.cli import supervisor
from wado_http.cli.server import run_server

supervisor.WORKER = "os"  # a module that ends at once, and says nothing
run_server(Settings(paths=(Path(sys.argv[1]),), state=Path(sys.argv[2]), port=0))
"""


def test_a_worker_that_ends_again_and_again_is_started_ever_more_slowly(folder: Path, state: Path) -> None:
    state.mkdir()
    command = [sys.executable, "-c", CRASHING, str(folder), str(state)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
    try:
        time.sleep(4)
        process.terminate()
        _, errors = process.communicate(timeout=DEADLINE_S)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    whens = [line.partition("another is started ")[2] for line in errors.splitlines()]
    assert whens[:4] == ["now", "in 0.2 s", "in 0.5 s", "in 1.0 s"]
    assert len(whens) < 8


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_kernels_are_compiled_ends_the_server_quietly(number: int, folder: Path, state: Path, tmp_path: Path) -> None:
    with started("--port", "0", folder, state=state, WADO_KERNEL_CACHE=str(tmp_path / "cache")) as process:
        assert process.stdout is not None
        assert process.stdout.read(9) == "Preparing"
        time.sleep(0.3)
        os.killpg(process.pid, number)
        _, errors = process.communicate(timeout=DEADLINE_S)
    assert errors.strip() == ""  # the line that follows "^C" on a terminal
    assert process.returncode == (130 if number == signal.SIGINT else 0)


@pytest.mark.parametrize("after_s", [0.0, 0.2, 0.4, 0.6, 0.8])
def test_a_signal_while_processes_start_ends_the_server_quietly(after_s: float, folder: Path, state: Path) -> None:
    with started("--port", "0", folder, "--workers", "2", state=state) as process:
        until(lambda: any(lock.read_text() for lock in state.rglob("serve.lock")))
        time.sleep(after_s)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=DEADLINE_S)
    assert errors.strip() == ""  # the line that follows "^C" on a terminal
    assert process.returncode == 130


def test_kernels_are_prepared_once(folder: Path, state: Path, tmp_path: Path) -> None:
    for first in (True, False):
        with started("--port", "0", folder, state=state, WADO_KERNEL_CACHE=str(tmp_path / "cache")) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(2 if first else 1)]
            assert lines[0].startswith("Preparing the kernels") == first
            assert lines[-1].startswith("Serving at ")
            process.terminate()
            assert process.communicate(timeout=DEADLINE_S)[1] == ""


def test_the_supervisor_stays_small() -> None:
    code = "import sys, wado_http.cli.supervisor, wado_http.cli.main; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=DEADLINE_S, check=True)
    assert not {"asyncio", "numba", "numpy", "sqlalchemy", "sqlite3", "pydicom", "starlette", "uvicorn"} & set(done.stdout.split())


def test_the_settings_of_a_server_reach_its_processes_only(folder: Path, state: Path) -> None:
    assert "WADO_SETTINGS" not in os.environ
    with serving(folder, state=state) as server:
        (worker,) = server.children("worker")
        variables = Path(f"/proc/{worker}/environ").read_bytes().split(b"\0")
        assert any(variable.startswith(b"WADO_SETTINGS=") for variable in variables)


def test_a_server_whose_output_nobody_reads_any_more_serves_on(folder: Path, state: Path) -> None:
    with serving(folder, state=state) as server:
        assert server.process.stdout is not None
        server.process.stdout.close()
        until(lambda: server.get(picture_of("ct"))[0] == 200)
        server.process.send_signal(signal.SIGHUP)
        time.sleep(1)  # what the first look has found is printed meanwhile
        assert server.get(picture_of("ct"))[0] == 200
        server.process.terminate()
        assert server.process.wait(DEADLINE_S) == 0
