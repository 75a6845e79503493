"""Pictures on their way to clients: in pieces, once for all who ask, bounded, and broken off where they fail (docs/adr/0016)."""

import threading
import time
from dataclasses import replace

import pytest

from tests.wado_http.cli.server import until
from tests.wado_http.doubles import CT, archive_of, query
from tests.wado_http.loopback import FOR_EVER_S, ONE_PATIENT_SLOT, Client, Loopback, Maker, served
from wado_core.errors import DamagedObject
from wado_http.cli.server import refusals_filter

MIB = 1 << 20
# More than sockets and the system between them take.
LARGE = bytes(range(256)) * (16 * MIB // 256)
LARGE_PIECES = [LARGE[start : start + 300_000] for start in range(0, len(LARGE), 300_000)]


def test_the_first_piece_leaves_before_the_second_is_finished(maker: Maker, server: Loopback) -> None:
    with server.client() as client:
        client.ask(query(CT))
        maker.steps.put(b"first")
        assert client.head()[0] == 200
        assert client.chunk() == b"first"  # while the work waits for its next step
        maker.steps.put(b"second")
        assert client.chunk() == b"second"
        maker.finish()
        assert client.chunk() == b""


def test_streamed_and_cached_pictures_are_the_same_but_for_the_coding(maker: Maker, server: Loopback) -> None:
    maker.warnings = ("The window was ignored.",)
    maker.finish(*LARGE_PIECES)
    with server.client() as client:
        status, streamed, body = client.ask(query(CT)).answer()
        assert (status, body) == (200, LARGE)
        assert streamed.pop("transfer-encoding") == "chunked"
        status, cached, body = client.ask(query(CT)).answer()  # the connection goes on
        assert (status, body) == (200, LARGE)
        assert int(cached.pop("content-length")) == len(LARGE)
        assert streamed == cached
        assert {"etag", "content-location", "warning", "last-modified", "cache-control", "vary"} < set(cached)
        status, head = client.ask(query(CT), method="HEAD").head()
        assert head == cached | {"content-length": str(len(LARGE))}
    assert maker.calls.count("image") == 1


def test_who_comes_later_gets_the_earlier_pieces_first(maker: Maker, server: Loopback) -> None:
    with server.client() as first, server.client() as second, server.client() as third:
        first.ask(query(CT))
        maker.steps.put(b"one")
        maker.steps.put(b"two")
        assert first.head()[0] == 200
        assert first.chunk() == b"one"
        assert first.chunk() == b"two"
        assert second.ask(query(CT)).head()[1]["transfer-encoding"] == "chunked"
        assert second.chunk() == b"one"
        assert second.chunk() == b"two"
        maker.finish(b"three")
        for client in (first, second):
            assert client.chunks() == (b"three", True)
        assert third.ask(query(CT)).head()[1]["content-length"] == "11"
        assert third.read(11) == b"onetwothree"
    assert maker.calls.count("image") == 1


def test_http_1_0_waits_for_the_length(maker: Maker, server: Loopback) -> None:
    """A1.11."""
    with server.client() as old, server.client() as new:
        old.ask(query(CT), version="1.0")
        new.ask(query(CT))
        maker.steps.put(b"one")
        assert new.head()[0] == 200
        assert new.chunk() == b"one"
        maker.finish(b"two")
        status, headers = old.head()
        assert (status, headers["content-length"], headers["connection"]) == (200, "6", "close")
        assert "transfer-encoding" not in headers
        assert old.read() == b"onetwo"
        assert new.chunks() == (b"two", True)


def test_a_picture_finished_in_time_has_a_length(maker: Maker, server: Loopback) -> None:
    """What never delivers a piece is sent whole."""
    maker.finish()
    status, headers, body = server.get(query(CT))
    assert (status, headers["content-length"], body) == (200, "0", b"")


def test_an_error_before_the_first_piece_has_its_status(maker: Maker, server: Loopback) -> None:
    maker.steps.put(DamagedObject("Frame 1 is cut short."))
    status, headers, body = server.get(query(CT))
    assert (status, b"Frame 1 is cut short." in body) == (500, True)
    assert "content-length" in headers


@pytest.mark.parametrize("error", [DamagedObject("Strip 2 is damaged."), ValueError("of our own making")])
def test_an_error_after_it_breaks_the_answers_off(
    maker: Maker, server: Loopback, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with server.client() as first, server.client() as second, server.client() as old:
        old.ask(query(CT), version="1.0")
        maker.has_begun()
        maker.steps.put(b"one")
        for client in (first, second):
            client.ask(query(CT))
            assert client.head()[0] == 200
            assert client.chunk() == b"one"
        maker.steps.put(error)
        for client in (first, second):
            assert client.chunk() is None  # neither a chunk nor the last one: the connection has ended
        assert old.head()[0] == 500  # nothing has been sent to it
    until(lambda: server.unsent == 0)
    keep = refusals_filter()
    lines = [record.name for record in caplog.records if record.levelname == "ERROR" and keep(record)]
    assert lines == ["wado_http"] * 2  # for the broken ones together, and for the whole one, which was told an id of its own
    assert maker.kept == {}
    maker.finish(b"again")
    assert server.get(query(CT))[2] == b"again"


def test_a_client_that_reads_nothing_keeps_no_slot(maker: Maker, server: Loopback) -> None:
    with server.client() as idle:
        maker.finish(*LARGE_PIECES)
        idle.ask(query(CT))
        maker.is_made()
        until(lambda: server.unsent >= len(LARGE))
        assert server.unsent <= len(LARGE) + len(LARGE_PIECES[0])  # with the piece that is being sent
        maker.finish(b"other")
        assert server.get(query(CT, "&rows=1"))[2] == b"other"
        status, _, body = idle.answer()
        assert (status, body) == (200, LARGE)
        until(lambda: server.unsent == 0)


def test_a_full_count_refuses_what_is_new_at_once(maker: Maker) -> None:
    with served(maker, replace(ONE_PATIENT_SLOT, unsent_bytes=10 * MIB)) as server:
        maker.finish(b"small")
        assert server.get(query(CT, "&rows=1"))[0] == 200
        with server.client() as idle, server.client() as following:
            maker.finish(*LARGE_PIECES)
            idle.ask(query(CT))
            maker.has_begun()
            maker.has_begun()
            maker.is_made()
            maker.is_made()
            until(lambda: server.unsent >= len(LARGE))
            for more in ("&rows=1", "&rows=2"):  # kept, and new
                begin = time.monotonic()
                status, headers, _ = server.get(query(CT, more))
                assert (status, headers["retry-after"]) == (503, "1")
                assert time.monotonic() - begin < 5
            with server.client() as asking:
                assert asking.ask(query(CT, "&rows=1"), method="HEAD").head()[0] == 200  # costs nothing
            assert following.ask(query(CT)).head()[0] == 200  # what is held already needs no room
            assert following.read(len(LARGE)) == LARGE
        until(lambda: server.unsent == 0)
        assert server.get(query(CT, "&rows=1"))[2] == b"small"


def test_a_picture_goes_on_without_the_client_that_asked_first(maker: Maker, server: Loopback) -> None:
    leaving = Client(server.port).ask(query(CT))
    maker.steps.put(b"one")
    assert leaving.head()[0] == 200
    assert leaving.chunk() == b"one"
    with server.client() as staying:
        staying.ask(query(CT)).head()
        leaving.close()
        maker.finish(b"two")
        assert staying.chunks() == (b"onetwo", True)
    assert maker.calls.count("image") == 1


def test_a_picture_that_has_begun_is_made_for_nobody_and_kept(maker: Maker, server: Loopback) -> None:
    leaving = Client(server.port).ask(query(CT))
    maker.steps.put(b"one")
    assert leaving.head()[0] == 200
    leaving.close()
    maker.finish(*LARGE_PIECES)
    maker.is_made()
    until(lambda: server.unsent == 0)
    assert server.get(query(CT))[2] == b"one" + LARGE
    assert maker.calls.count("image") == 1


@pytest.mark.parametrize("kept", [False, True])
def test_a_client_that_leaves_in_the_middle_gives_all_back(maker: Maker, server: Loopback, kept: bool) -> None:
    maker.finish(*LARGE_PIECES)
    if kept:
        assert server.get(query(CT))[2] == LARGE
    leaving = Client(server.port).ask(query(CT))
    assert leaving.head()[0] == 200
    until(lambda: server.unsent >= len(LARGE))
    leaving.close()
    until(lambda: server.unsent == 0)


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_client_that_takes_nothing_is_dropped(maker: Maker, version: str) -> None:
    with served(maker, replace(ONE_PATIENT_SLOT, stall_s=0.4)) as server, server.client() as idle:
        maker.finish(*LARGE_PIECES)
        idle.ask(query(CT), version=version)
        until(lambda: server.unsent > 0)
        took_s = until(lambda: server.unsent == 0)
        assert took_s > 0.2
        assert 0 < idle.rest() < len(LARGE)


def test_a_client_that_takes_little_is_not(maker: Maker) -> None:
    """Less in the time that it may stand still than the system takes at once."""
    with served(maker, replace(ONE_PATIENT_SLOT, stall_s=1.6)) as server, server.client() as slow:
        maker.finish(*LARGE_PIECES)
        slow.ask(query(CT), version="1.0")
        assert slow.head()[0] == 200
        taken = b""
        for _ in range(16):
            taken += slow.read(16_384)
            time.sleep(0.2)
        assert server.unsent == len(LARGE)
        assert taken + slow.read() == LARGE


def test_many_clients_of_one_picture_at_different_paces(maker: Maker, server: Loopback) -> None:
    """All get the same bytes, which are counted once."""
    found: list[bytes] = []

    def ask(pause_s: float) -> None:
        with server.client() as client:
            client.ask(query(CT))
            time.sleep(pause_s)
            found.append(client.answer()[2])

    threads = [threading.Thread(target=ask, args=(number * 0.02,)) for number in range(12)]
    for thread in threads:
        thread.start()
    maker.has_begun()
    most = 0
    for piece in LARGE_PIECES:
        maker.steps.put(piece)
        time.sleep(0.002)
        most = max(most, server.unsent)
    maker.finish()
    for thread in threads:
        thread.join(FOR_EVER_S)
    assert found == [LARGE] * 12
    assert most <= len(LARGE) + 12 * len(LARGE_PIECES[0])
    until(lambda: server.unsent == 0)


def test_archives_of_ordinary_pictures_are_served_as_before() -> None:
    with served(archive_of(CT), ONE_PATIENT_SLOT) as server:
        status, headers, body = server.get(query(CT))
        assert (status, int(headers["content-length"])) == (200, len(body))
