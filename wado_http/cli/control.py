"""The control socket between the supervisor and a child, as the child sees it: lines both ways, and its end is the end.

The supervisor closes it when the child is to end, and the system does when the supervisor is gone, whoever has killed it: so no child
outlives it.
"""

import os
import socket
import threading
from collections.abc import Callable

# To a child: begin to serve; look through the folders now.
GO = "go"
RESCAN = "rescan"
# From a child: the index stands; the child does its work; a line for whoever started the server.
PREPARED = "prepared"
READY = "ready"
SAY = "say "
# From a child that is about to end: why it cannot begin.
WHY = "why "


class Control:
    """The child's end."""

    def __init__(self, descriptor: int) -> None:
        """Take the inherited socket."""
        self._socket = inherited(descriptor)
        self._received = b""

    def tell(self, line: str) -> None:
        """Send a line; one that the supervisor does not live to read is lost."""
        try:
            self._socket.sendall(f"{line}\n".encode(errors="surrogateescape"))
        except OSError:
            return

    def line(self) -> str | None:
        """Wait for a line; None when the supervisor has closed its end."""
        while b"\n" not in self._received:
            try:
                data = self._socket.recv(4096)
            except OSError:
                return None
            if not data:
                return None
            self._received += data
        line, _, self._received = self._received.partition(b"\n")
        return line.decode(errors="surrogateescape")

    def fileno(self) -> int:
        """Return the descriptor, for an event loop: once ``go`` was said, that it can be read means that the end has come."""
        return self._socket.fileno()

    def attend(self, ended: Callable[[], None], heard: Callable[[str], None] | None = None) -> None:
        """Wait for lines in a thread of its own; call ``ended`` in it when the supervisor has closed its end."""

        def attend() -> None:
            while (line := self.line()) is not None:
                if heard is not None:
                    heard(line)
            ended()

        threading.Thread(target=attend, name="control", daemon=True).start()


def inherited(descriptor: int) -> socket.socket:
    """Return an inherited socket, which the processes that this one starts do not inherit in turn."""
    os.set_inheritable(descriptor, False)
    return socket.socket(fileno=descriptor)
