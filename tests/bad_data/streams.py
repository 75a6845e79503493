"""Pixel data in disorder: fragments cut, dropped, doubled, swapped, offset tables scrambled, bytes of code streams flipped (PS3.5 A.4)."""

from collections.abc import Callable, Iterator
from random import Random
from struct import pack, unpack_from

Change = tuple[str, Callable[[], bytes]]

HEAD_BYTES = 600
"""Of a code stream: where its markers stand, for the most part."""


def native(value: bytes) -> Iterator[Change]:
    """Yield changes of native pixel data."""
    yield "emptied", lambda: b""
    yield "of one byte", lambda: value[:1]
    yield "cut in half", lambda: value[: len(value) // 2]
    yield "two bytes short", lambda: value[:-2]
    yield "one byte short", lambda: value[:-1]
    yield "two bytes long", lambda: value + b"\0\0"
    yield "twice as long", lambda: value * 2 if len(value) < 1 << 24 else value + bytes(64)
    yield "zeroed", lambda: bytes(len(value))
    yield "of ones", lambda: b"\xff" * len(value)
    yield "noise", lambda: Random(1).randbytes(min(len(value), 1 << 20)) + value[1 << 20 :]


def encapsulated(value: bytes) -> Iterator[Change]:
    """Yield changes of encapsulated pixel data, offset table and fragments, without the delimiter behind them."""
    items = _items(value)
    yield "emptied", lambda: b""
    yield "of an empty item", lambda: _join([b""])
    yield "noise", lambda: Random(1).randbytes(min(1 << 20, len(value)))
    yield "cut in half", lambda: value[: len(value) // 2]
    yield "eight bytes short", lambda: value[:-8]
    yield "one byte short", lambda: value[:-1]
    yield "with another item's length", lambda: value[:4] + pack("<L", 0x7FFFFFFF) + value[8:]
    yield "with an item of undefined length", lambda: value[:4] + b"\xff\xff\xff\xff" + value[8:]
    if len(items) < 2:
        return
    table, fragments = items[0], items[1:]
    yield "without its table", lambda: _join(fragments)
    yield "with an empty table", lambda: _join([b"", *fragments])
    for name, offsets in _tables(fragments).items():
        yield f"with {name}", lambda offsets=offsets: _join([offsets, *fragments])  # type: ignore[misc]
    yield "without fragments", lambda: _join([table])
    yield "without its first fragment", lambda: _join([table, *fragments[1:]])
    yield "without its last fragment", lambda: _join([table, *fragments[:-1]])
    yield "with its first fragment twice", lambda: _join([table, fragments[0], *fragments])
    yield "with its fragments reversed", lambda: _join([table, *fragments[::-1]])
    yield "with an empty fragment first", lambda: _join([table, b"", *fragments])
    yield "with an empty fragment last", lambda: _join([table, *fragments, b""])
    yield "with its last fragment cut", lambda: _join([table, *fragments[:-1], fragments[-1][: len(fragments[-1]) // 2]])
    yield "with its first fragment cut", lambda: _join([table, fragments[0][: len(fragments[0]) // 2], *fragments[1:]])
    yield "with its first fragment zeroed", lambda: _join([table, bytes(len(fragments[0])), *fragments[1:]])
    if len(fragments) == 1:
        yield "in fragments of 64 bytes", lambda: _join([b"", *(fragments[0][i : i + 64] for i in range(0, len(fragments[0]), 64))])
    yield from _flipped(table, fragments)


def _tables(fragments: list[bytes]) -> dict[str, bytes]:
    right, offset = [], 0
    for fragment in fragments:
        right.append(offset)
        offset += 8 + len(fragment)
    most = right[:4096]
    return {
        "a table of every fragment": pack(f"<{len(most)}L", *most),
        "a table of zeros": bytes(4 * len(most)),
        "a table of ones": b"\xff" * (4 * len(most)),
        "a table reversed": pack(f"<{len(most)}L", *most[::-1]),
        "a table past the end": pack("<L", offset + 100),
        "a table one byte off": pack(f"<{len(most)}L", *(start + 1 for start in most)),
        "a table of three bytes": b"\0\0\0",
        "a table of too many": pack(f"<{len(most)}L", *most) * 3,
    }


def _flipped(table: bytes, fragments: list[bytes]) -> Iterator[Change]:
    """Yield a seeded choice of flipped bits, bytes of ones and cuts in the head and in the entropy-coded rest of the first fragment."""
    first = fragments[0]
    if len(first) < 8:
        return
    for seed in range(16):
        rng = Random(seed)
        in_head = seed % 2 == 0
        place = rng.randrange(min(HEAD_BYTES, len(first))) if in_head else rng.randrange(len(first))
        new = rng.choice([first[place] ^ (1 << rng.randrange(8)), 0, 255, rng.randrange(256)])
        where = f"byte {place} of {'the head' if in_head else 'the code stream'} now {new}"
        yield where, lambda place=place, new=new: _join([table, first[:place] + bytes((new,)) + first[place + 1 :], *fragments[1:]])  # type: ignore[misc]
    for seed in range(4):
        rng = Random(seed)
        begin = rng.randrange(len(first))
        length = min(rng.randrange(1, 64), len(first) - begin)
        where = f"{length} bytes of the code stream gone at {begin}"
        yield where, lambda begin=begin, length=length: _join([table, first[:begin] + first[begin + length :], *fragments[1:]])  # type: ignore[misc]
    yield "with noise for a code stream", lambda: _join([table, first[:2] + Random(2).randbytes(min(len(first), 4096)), *fragments[1:]])


def _items(value: bytes) -> list[bytes]:
    """Return the offset table and the fragments; those before what is no item."""
    items, at = [], 0
    while at + 8 <= len(value) and value[at : at + 4] == b"\xfe\xff\x00\xe0":
        length = unpack_from("<L", value, at + 4)[0]
        items.append(value[at + 8 : at + 8 + length])
        at += 8 + length
    return items


def _join(items: list[bytes]) -> bytes:
    return b"".join(b"\xfe\xff\x00\xe0" + pack("<L", len(item) + len(item) % 2) + item + b"\0" * (len(item) % 2) for item in items)
