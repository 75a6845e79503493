"""Signals that wake a loop over a selector instead of breaking into it."""

import os
import selectors
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType


@contextmanager
def heard_signals(numbers: Sequence[int], selector: selectors.BaseSelector, act: Callable[[int], None]) -> Iterator[None]:
    """Let signals be events of a selector, whose data calls ``act`` with the number of each, until the block ends."""
    waking, woken = socket.socketpair()
    with waking, woken:
        waking.setblocking(False)
        woken.setblocking(False)
        before = {number: signal.signal(number, _noted) for number in numbers}
        wakeup_before = signal.set_wakeup_fd(waking.fileno(), warn_on_full_buffer=False)
        selector.register(woken, selectors.EVENT_READ, lambda: _act_on_all(woken, act))
        try:
            yield
        finally:
            signal.set_wakeup_fd(wakeup_before)
            for number, handler in before.items():
                signal.signal(number, handler)


def _act_on_all(woken: socket.socket, act: Callable[[int], None]) -> None:
    with suppress(BlockingIOError):
        for number in woken.recv(4096):
            act(number)


def _noted(number: int, frame: FrameType | None) -> None:
    """Do nothing: the number has been written to the socket that wakes the loop."""


def has_terminal() -> bool:
    """Say whether there is a terminal that can take Ctrl-C; not once it was closed."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
