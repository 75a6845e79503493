"""Decoded frames that are kept, because to decode them again would take longer than all the rest of a picture."""

from collections.abc import Callable
from dataclasses import dataclass

from wado_core.codecs.decoded import Decoded
from wado_core.model.cache_counts import CacheCounts
from wado_core.services.shared_cache import SharedCache

# What an entry costs beside its cells: key, dataclasses, header of the array, node of the dictionary.
ENTRY_BYTES = 1024


@dataclass(frozen=True, slots=True)
class FrameKey:
    """Which decoded frame: of which stored bytes, by which number from 1, decoded to which smallest size (rows, columns), None in full."""

    version: str
    frame_number: int
    smallest: tuple[int, int] | None


class DecodedFrames:
    """A bounded cache of frames, each decoded once for all threads that miss it. Frames are shared: their cells cannot be written."""

    def __init__(self, most_bytes: int) -> None:
        """most_bytes: overhead included; 0 keeps nothing. No frame takes more than a quarter of it."""
        self._keeps = most_bytes > 0
        self._frames: SharedCache[FrameKey, Decoded] = SharedCache(most_bytes, _cost, most_bytes // 4)

    def __contains__(self, key: FrameKey) -> bool:
        return key in self._frames

    def get(self, key: FrameKey, decode: Callable[[], Decoded]) -> Decoded:
        """Return the frame that is kept, or what ``decode`` makes of it, called in this thread; raises what that raises."""
        if not self._keeps:
            return decode()

        return self._frames.get(key, lambda: _read_only(decode()))

    def kept(self, key: FrameKey) -> Decoded | None:
        """Return the frame that is kept, or None, also while it is being decoded; never waits."""
        return self._frames.kept(key)

    def offer(self, key: FrameKey, frame: Decoded) -> None:
        """Keep a frame that nobody has asked for yet."""
        if self._keeps:
            self._frames.offer(key, _read_only(frame))

    def drop(self, version: str) -> None:
        """Forget the frames of an object, whose file has changed while they were read."""
        self._frames.drop(lambda key: key.version == version)

    def counts(self) -> CacheCounts:
        """Return what has come of it."""
        return self._frames.counts()


def _read_only(frame: Decoded) -> Decoded:
    frame.cells.flags.writeable = False
    return frame


def _cost(frame: Decoded) -> int:
    return frame.cells.nbytes + ENTRY_BYTES
