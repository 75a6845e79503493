"""Notices through a real pair of sockets."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.contract.objects import key
from wado_core.archive.mailbox import SocketMailbox, SocketNotices, mailbox_sockets
from wado_core.model.grayscale import ValueRange
from wado_core.model.notice import FileChanged, IndexDamaged, Notice, RangeFound

FOUND = RangeFound(key(), "v1", 3, ValueRange(-1024.0, 3071.5, empty=False))


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    sending, receiving = mailbox_sockets()
    yield sending, receiving
    sending.close()
    receiving.close()


def received(mailbox: SocketMailbox, wanted: int) -> list[Notice]:
    found: list[Notice] = []
    end = time.monotonic() + 10
    while len(found) < wanted and time.monotonic() < end:
        found += mailbox.receive(0.2)
    return found


def test_every_kind_arrives_as_it_was_sent(sockets: tuple[socket.socket, socket.socket]) -> None:
    notices, mailbox = SocketNotices(sockets[0]), SocketMailbox(sockets[1])
    sent: list[Notice] = [FileChanged(b"/d/\xff\n/" + b"x" * 4000), FOUND, IndexDamaged()]
    for notice in sent:
        notices.send(notice)
    assert received(mailbox, 3) == sent


def test_bursts_of_several_senders_arrive_and_repetitions_do_not(sockets: tuple[socket.socket, socket.socket]) -> None:
    mailbox = SocketMailbox(sockets[1])
    notices = SocketNotices(sockets[0])

    def send(sender: int) -> None:
        for number in range(100):
            for _ in range(3):
                notices.send(FileChanged(b"/%d/%d" % (sender, number)))
            time.sleep(0.001)

    threads = [threading.Thread(target=send, args=(sender,)) for sender in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    time.sleep(0.1)
    found = mailbox.receive(1.0)
    assert len(set(found)) == len(found) >= 390  # a lost one is allowed


def test_nobody_who_sends_waits_for_a_mailbox_that_is_not_emptied(sockets: tuple[socket.socket, socket.socket]) -> None:
    notices = SocketNotices(sockets[0])
    started = time.monotonic()
    for number in range(5000):
        notices.send(FileChanged(b"/%d" % number))
    assert time.monotonic() - started < 5
    sockets[1].close()
    notices.send(IndexDamaged())  # nor minds one that is gone


def test_receiving_ends_at_its_time_or_when_woken(sockets: tuple[socket.socket, socket.socket]) -> None:
    mailbox = SocketMailbox(sockets[1])
    assert mailbox.receive(0.0) == ()
    assert mailbox.receive(0.05) == ()
    timer = threading.Timer(0.1, mailbox.wake)
    timer.start()
    started = time.monotonic()
    assert mailbox.receive(60.0) == ()
    assert time.monotonic() - started < 30
    timer.join()


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x92\xa7Unknown\x90", b"\x92\xabFileChanged\x93\x01\x02\x03"])
def test_what_is_no_notice_is_passed_over(sockets: tuple[socket.socket, socket.socket], data: bytes) -> None:
    mailbox = SocketMailbox(sockets[1])
    sockets[0].send(data)
    SocketNotices(sockets[0]).send(FOUND)
    assert received(mailbox, 1) == [FOUND]
