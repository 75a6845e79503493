"""Unsent bytes: pictures that this worker holds for clients that have not taken them yet."""

from dataclasses import dataclass

from wado_core.errors import Busy


@dataclass(slots=True)
class _Held:
    size_bytes: int
    holders: int


class Unsent:
    """Counts the bytes of pictures and pieces on their way, each of them once however many clients wait for it.

    Used on the event loop only. What is held counts from its making to the moment the last client has taken it or has gone.
    """

    def __init__(self, most_bytes: int) -> None:
        """Make the count; with ``most_bytes`` or more it is full."""
        self._most_bytes = most_bytes
        self._bytes = 0
        # By identity: two makings of one picture are two pieces of memory. An entry's holder keeps its bytes alive.
        self._held: dict[int, _Held] = {}

    @property
    def size_bytes(self) -> int:
        """What is held now."""
        return self._bytes

    @property
    def full(self) -> bool:
        """Whether nothing new may begin."""
        return self._bytes >= self._most_bytes

    def admit(self, data: bytes) -> None:
        """Raise Busy when there is no room for another picture; one that is held already needs none."""
        if self.full and id(data) not in self._held:
            raise Busy

    def hold(self, data: bytes) -> None:
        """Count bytes; the caller keeps them until it gives them back."""
        held = self._held.get(id(data))
        if held is None:
            self._held[id(data)] = _Held(len(data), 1)
            self._bytes += len(data)
        else:
            held.holders += 1

    def give_back(self, data: bytes) -> None:
        """Undo one ``hold``."""
        held = self._held[id(data)]
        held.holders -= 1
        if held.holders == 0:
            del self._held[id(data)]
            self._bytes -= held.size_bytes
