"""Which bytes belong to which frame of encapsulated pixel data, decided slowly from the fragments themselves (PS3.5 A.4, H1.5).

The order of trust is that of docs/adr/0019, written once more, over whole byte strings and sets.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

JPEG, JPEG_2000, JP2 = b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP  "
RLE = tuple(bytes([n]) + bytes.fromhex("000000 40000000") for n in range(1, 16))


@dataclass(frozen=True)
class Table:
    """An offset table; ``lengths`` of frames, where it has any."""

    offsets: Sequence[int]
    lengths: Sequence[int] = ()


def item_offsets(fragments: Sequence[bytes]) -> list[int]:
    """Return where each fragment's item begins, counted from the first one's (PS3.5 A.4)."""
    return [0, *accumulate(8 + len(one) for one in fragments)][:-1]


def frames(fragments: Sequence[bytes], stated: int, beginnings: Sequence[bytes], tables: Sequence[Table] = ()) -> list[bytes] | None:
    """Return the frames that there are, at most ``stated``; None where nobody can tell.

    beginnings: what a frame begins with; none where that is not known.  tables: the surer first.
    """
    places = range(len(fragments))
    filled = [i for i in places if fragments[i]]
    begun = [i for i in filled if b"".join(fragments[i:]).startswith(tuple(beginnings))] if beginnings else []
    if begun and begun[0] != filled[0]:
        trusted: list[int] = []  # something lies before the first of them
    else:
        trusted = begun
    if len(trusted) == stated:
        return _cut(fragments, trusted)
    if stated == 1 and not trusted:
        return [b"".join(fragments)]
    for table in tables:
        starts = _starts(fragments, stated, begun, table)
        if starts is not None:
            return _cut(fragments, starts)
    if len(fragments) == stated:
        return list(fragments)
    if len(filled) == stated:
        return [fragments[i] for i in filled]
    if trusted:
        return _cut(fragments, trusted)[:stated]
    if beginnings and len(filled) > stated:
        return None
    return [fragments[i] for i in filled][:stated]


def _cut(fragments: Sequence[bytes], starts: Sequence[int]) -> list[bytes]:
    return [b"".join(fragments[start:end]) for start, end in zip(starts, [*starts[1:], len(fragments)], strict=True)]


def _starts(fragments: Sequence[bytes], stated: int, begun: Sequence[int], table: Table) -> list[int] | None:
    """Return the fragments that a table points to; None unless it has an entry for each frame and all of them are right."""
    items = item_offsets(fragments)
    offsets = list(table.offsets)
    if len(offsets) != stated or offsets != sorted(set(offsets)) or not set(offsets) <= set(items) or offsets[0] != 0:
        return None
    starts = [items.index(offset) for offset in offsets]
    missed, unmarked = set(begun) - set(starts), {i for i in starts if fragments[i]} - set(begun)
    if missed and unmarked:
        return None
    if table.lengths:
        made = [len(frame) for frame in _cut(fragments, starts)]
        if len(table.lengths) != len(made) or any(a - b not in (0, 1) for a, b in zip(made, table.lengths, strict=True)):
            return None
    return starts
