"""Rows of the index: how instances, texts and numbers are written into columns and read back."""

import zlib
from dataclasses import MISSING, fields, is_dataclass, replace
from functools import cache
from typing import Any

import msgspec

from wado_core.model.frame import FRAMES_OF_A_CHUNK, FrameChunk
from wado_core.model.instance import Instance, Location

# Raise it when files must be read again although Instance has kept its shape: the reader finds other values in the same bytes.
READER_VERSION = 2

_INT64 = 1 << 63

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Instance)
_chunk_decoder = msgspec.msgpack.Decoder(FrameChunk)


@cache
def format_version() -> int:
    """Return the format of descriptions: changes by itself with every change to the shape of Instance and its parts."""
    shape = repr(_without_prose(msgspec.json.schema(Instance)))
    return READER_VERSION << 32 | zlib.crc32(shape.encode())


def _without_prose(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {name: _without_prose(part) for name, part in schema.items() if name != "description" or not isinstance(part, str)}
    if isinstance(schema, list):
        return [_without_prose(part) for part in schema]
    return schema


def encode_instance(instance: Instance) -> tuple[bytes, list[tuple[int, bytes]]]:
    """Write an instance as MessagePack: its fixed part, with the frames that are one chunk; several each apart, with their numbers.

    So the last frame of many is looked up with no more bytes than the first.
    """
    if len(instance.chunks) < 2:
        return _encoder.encode(_without_defaults(instance)), []
    columns = [(number, _encoder.encode(chunk)) for number, chunk in enumerate(instance.chunks)]
    return _encoder.encode(_without_defaults(replace(instance, chunks=()))), columns


def _without_defaults(part: Any) -> Any:
    """Return the fields of a dataclass that have not their defaults, by name, and so in depth; most of a plain image's have.

    A third of a description was names of fields that say nothing.
    """
    if isinstance(part, tuple):
        return [_without_defaults(one) for one in part]
    if not is_dataclass(part):
        return part
    kind: Any = type(part)
    return {name: _without_defaults(value) for name, default in _defaults(kind) if (value := getattr(part, name)) != default}


@cache
def _defaults(kind: Any) -> tuple[tuple[str, Any], ...]:
    """Return names and defaults of a dataclass' fields; MISSING, which equals nothing, without one."""
    return tuple(
        (one.name, one.default_factory() if one.default_factory is not MISSING else one.default) for one in fields(kind) if one.init
    )


def decode_instance(description: bytes, columns: bytes | None = None) -> Instance:
    """Read an instance back, with the chunk of frames that ``columns`` hold, or else the only one.

    Raises msgspec.DecodeError or ValidationError when the bytes are no description.
    """
    instance = _decoder.decode(description)
    return instance if columns is None else replace(instance, chunks=(_chunk_decoder.decode(columns),))


def usual_chunk(frame_number: int) -> int:
    """Return the number of the chunk, from 0, that a frame lies in unless its instance has extremely many."""
    return (frame_number - 1) // FRAMES_OF_A_CHUNK


def text_of(text: str) -> str:
    """Return text that can be stored: lone surrogates, which no encoding can hold, become question marks."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def number_of(number: int | None) -> int | None:
    """Return a number that can be stored; one beyond 64 bits, nonsense in an Integer String, counts as absent."""
    return number if number is not None and -_INT64 <= number < _INT64 else None


def wrapped(value: int) -> int:
    """Wrap a 64-bit number of the file system into SQLite's signed integers."""
    return (value + _INT64) % (2 * _INT64) - _INT64


def location_row(location: Location) -> dict[str, object]:
    """Return the columns of a file that tell whether it has changed."""
    folder, name = split(location.path)
    mtime_ns, inode = wrapped(location.mtime_ns), wrapped(location.inode)
    return {"in_folder": folder, "name": name, "size": location.size, "mtime_ns": mtime_ns, "inode": inode}


def location_from_row(path: bytes, size: int, mtime_ns: int, inode: int) -> Location:
    """Return the location that was written as a row.

    Inodes count from 0 (CIFS and FUSE use all 64 bits). Times are those of 1823 to 2408: both clocks that were never set and
    dates beyond 2262, the end of signed nanoseconds, occur in archives.
    """
    return Location(path, size, (mtime_ns + _INT64 // 2) % (2 * _INT64) - _INT64 // 2, inode % (2 * _INT64))


def split(path: bytes) -> tuple[bytes, bytes]:
    """Return folder with its trailing slash, and name."""
    cut = path.rindex(b"/") + 1
    return path[:cut], path[cut:]


def with_slash(folder: bytes) -> bytes:
    """Return a folder as the index writes it."""
    return folder if folder.endswith(b"/") else folder + b"/"
