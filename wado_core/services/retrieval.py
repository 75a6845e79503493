"""Retrieval: objects as Part 10 files in Explicit VR Little Endian (A4.100 to A4.104, A5.1)."""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, suppress

from wado_core.codecs.registry import codec_versions
from wado_core.dicom.part_ten import PartTen, part_ten
from wado_core.errors import WadoError
from wado_core.model.instance import Instance, Located
from wado_core.model.transfer_syntax import EXPLICIT_VR_LITTLE_ENDIAN
from wado_core.ports import Store
from wado_core.services.decoding import Decoding
from wado_core.settings import Limits

# Part of every digest: raise it with any change that can change a byte of an answer.
_WRITER_VERSION = 2


class Retrieval:
    """Streams indexed objects in bounded memory."""

    def __init__(self, store: Store, decoding: Decoding, limits: Limits) -> None:
        self._decoding = decoding
        self._store = store
        self._limits = limits

    def etag(self, instance: Instance) -> str:
        """Return 128 bits in hexadecimal that change whenever the bytes of the answer may."""
        parts = (_WRITER_VERSION, codec_versions(), EXPLICIT_VR_LITTLE_ENDIAN, instance.key, instance.version)
        return hashlib.blake2b(repr(parts).encode(), digest_size=16).hexdigest()

    def stream(self, located: Located) -> PartTen:
        """Open an object and lay its file out; the chunks close it at their end, or when they are closed.

        Raises ContentChanged, DamagedObject, NotSupported, LimitExceeded, Unavailable before the first chunk.
        """
        with ExitStack() as stack:
            source = stack.enter_context(self._store.open(located.location))
            file = part_ten(source, located.instance, self._limits, self._decoding.decode, self._decoding.inflate(located))
            return PartTen(file.length, OpenChunks(file.chunks, stack.pop_all()))


class OpenChunks:
    """The chunks of an open object, the last held back until the file has been found unchanged.

    So an answer made of old and new bytes ends short of its Content-Length, and nobody takes it for whole. A generator would not
    do: closed before its first chunk it would never run, and leak the file.
    """

    __slots__ = ("_chunks", "_held", "_stack")

    def __init__(self, chunks: Iterator[bytes], stack: ExitStack) -> None:
        self._chunks: Iterator[bytes] = filter(None, chunks)  # an empty one held back would let all the others go
        self._held: bytes | None = None
        self._stack = stack

    def __iter__(self) -> "OpenChunks":
        return self

    def __next__(self) -> bytes:
        try:
            held = next(self._chunks) if self._held is None else self._held
            self._held = next(self._chunks, None)
        except BaseException:  # the end of the chunks too
            self.close()
            raise
        if self._held is None:
            self._chunks = iter(())
            self.close()  # compares the file with what was opened: ContentChanged
        return held

    def close(self) -> None:
        """Close the object; harmless when it is closed."""
        self._stack.close()

    def __del__(self) -> None:
        # Opened in a thread for a client that left meanwhile, it has nobody to close it.
        with suppress(WadoError):
            self._stack.close()
