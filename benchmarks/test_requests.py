"""Whole requests over HTTP: the real server, one keep-alive connection, a plain CT of 512×512; the time of the library's encoder beside."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from time import monotonic, sleep

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import wado_core
from benchmarks.encoders import LIBRARY, OTHERS
from benchmarks.objects import ct, phantom

START_S = 120
_LONG_AGO = 1_500_000_000
Get = Callable[[str], bytes]


def _answers(connection: HTTPConnection, path: str) -> bool:
    """Whether the server has started, and has indexed the object."""
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
    except OSError:
        return False
    return response.status == 200


@pytest.fixture(scope="module")
def get(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Get]:
    """Serve one CT with the installed command; the function gets the CT with further parameters."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "ct.dcm").write_bytes(ct())
    os.utime(folder / "ct.dcm", (_LONG_AGO, _LONG_AGO))  # a file that was just written would be left to settle
    state = tmp_path_factory.mktemp("state")
    command = [str(Path(sys.executable).with_name("wado")), "serve", str(folder), "--port", "0", "--state", str(state)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = next(line for line in server.stdout if "http://" in line).split("http://")[1].strip().strip("/")
        connection = HTTPConnection(address, timeout=30)
        key = wado_core.open(ct()).key
        path = f"/wado?requestType=WADO&studyUID={key.study_uid}&seriesUID={key.series_uid}&objectUID={key.object_uid}"
        until = monotonic() + START_S
        while not _answers(connection, path):
            assert monotonic() < until
            sleep(0.05)

        def answer(parameters: str) -> bytes:
            connection.request("GET", path + parameters)
            response = connection.getresponse()
            body = response.read()
            assert response.status == 200, body
            return body

        yield answer
        connection.close()
        server.terminate()


@pytest.mark.benchmark(group="request, CT 512×512")
def test_picture_with_a_new_window(benchmark: BenchmarkFixture, get: Get) -> None:
    centers = (40 + number / 1000 for number in count())
    assert benchmark(lambda: get(f"&windowCenter={next(centers)}&windowWidth=400"))[:2] == b"\xff\xd8"


@pytest.mark.benchmark(group="request, CT 512×512")
def test_thumbnail_with_a_new_window(benchmark: BenchmarkFixture, get: Get) -> None:
    centers = (40 + number / 1000 for number in count())
    assert benchmark(lambda: get(f"&windowCenter={next(centers)}&windowWidth=400&rows=128&columns=128"))[:2] == b"\xff\xd8"


@pytest.mark.benchmark(group="request, CT 512×512")
def test_picture_from_the_cache(benchmark: BenchmarkFixture, get: Get) -> None:
    assert benchmark(get, "")[:2] == b"\xff\xd8"


@pytest.mark.benchmark(group="request, CT 512×512")
def test_object(benchmark: BenchmarkFixture, get: Get) -> None:
    assert benchmark(get, "&contentType=application/dicom") == ct()


@pytest.mark.benchmark(group="request, CT 512×512")
def test_comparator_encoder_alone(benchmark: BenchmarkFixture) -> None:
    window = np.clip((phantom(512, 512, 14).astype(int) - 864) * 255 / 400, 0, 255).astype(np.uint8)
    encoded = benchmark(OTHERS[LIBRARY], window, 90, "gray")
    assert encoded[:2] == b"\xff\xd8"
