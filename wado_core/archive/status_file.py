"""The indexer's status: one block of a file in the state folder, written in place so that a full disk cannot stop it."""

import os
import zlib
from contextlib import suppress
from pathlib import Path
from struct import Struct, error

import msgspec

from wado_core.model.index_status import IndexStatus

FILE_NAME = "status"
_BLOCK = 4096
_HEAD = Struct("<LL")  # length and CRC-32 of what follows: a reader may come in the middle of a write
_TRIES = 5

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(IndexStatus)


class StatusFile:
    """A StatusBoard for one writer and any number of readers."""

    def __init__(self, state: Path) -> None:
        self._path = state / FILE_NAME

    def write(self, status: IndexStatus) -> None:
        """Replace what was said before; what cannot be written is left unsaid."""
        content = _encoder.encode(status)
        block = (_HEAD.pack(len(content), zlib.crc32(content)) + content).ljust(_BLOCK, b"\0")
        if len(block) > _BLOCK:
            raise ValueError("the status is longer than its block")
        with suppress(OSError):
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.pwrite(descriptor, block, 0)
            finally:
                os.close(descriptor)

    def read(self) -> IndexStatus | None:
        """Return what was said last."""
        for _ in range(_TRIES):
            try:
                block = self._path.read_bytes()
            except OSError:
                return None
            if status := _decoded(block):
                return status
        return None


def _decoded(block: bytes) -> IndexStatus | None:
    try:
        length, checksum = _HEAD.unpack_from(block)
        content = block[_HEAD.size : _HEAD.size + length]
        return _decoder.decode(content) if zlib.crc32(content) == checksum else None
    except (error, msgspec.MsgspecError):
        return None
