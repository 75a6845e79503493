"""Per-frame columns in chunks, so that a look-up reads one of them whatever the number of frames (docs/adr/0013)."""

from collections.abc import Sequence
from struct import pack, unpack

from wado_core.model.frame import FrameChunk, frames_of_a_chunk
from wado_core.model.grayscale import FrameTransform

_WIDTHS = ((1 << 8, "B"), (1 << 16, "H"), (1 << 32, "L"))


def chunk_size(columns: FrameChunk, of_frame: Sequence[int]) -> int:
    """Return how many frames each chunk has; 0 for a single one: few frames, or any number of native ones that are all alike."""
    size = frames_of_a_chunk(columns.count)
    return size if columns.count > size and (columns.offsets or of_frame) else 0


def in_chunks(columns: FrameChunk, transforms: tuple[FrameTransform, ...], of_frame: Sequence[int], size: int) -> tuple[FrameChunk, ...]:
    """Cut the columns of all frames into chunks of ``size`` frames, 0: into one.

    columns: the fragments of all frames, without transformations.
    transforms, of_frame: as ``read_transforms`` returns them.
    """
    chunks = []
    for first in range(columns.first, columns.first + columns.count, size or columns.count):
        count = min(size or columns.count, columns.first + columns.count - first)
        offsets, lengths, first_fragments = _fragments(columns, first, count)
        own, places = _transforms(transforms, of_frame[first - 1 : first - 1 + count], count)
        chunks.append(FrameChunk(first, count, offsets, lengths, first_fragments, own, places))
    return tuple(chunks)


def _fragments(columns: FrameChunk, first: int, count: int) -> tuple[bytes, bytes, bytes]:
    if count == columns.count or not columns.offsets:
        return columns.offsets, columns.lengths, columns.first_fragments
    begin, end = first - columns.first, first - columns.first + count
    first_fragments = b""
    if columns.first_fragments:
        starts = unpack(f"<{count}L", columns.first_fragments[4 * begin : 4 * end])
        behind = columns.first_fragments[4 * end : 4 * end + 4]
        begin, end = starts[0], int.from_bytes(behind, "little") if behind else len(columns.lengths) // 4
        if end - begin != count:
            first_fragments = pack(f"<{count}L", *[start - begin for start in starts])
    return columns.offsets[8 * begin : 8 * end], columns.lengths[4 * begin : 4 * end], first_fragments


def _transforms(transforms: tuple[FrameTransform, ...], of_frame: Sequence[int], count: int) -> tuple[tuple[FrameTransform, ...], bytes]:
    """Return the distinct transformations of a chunk, and the column of their places; frames beyond ``of_frame`` have the first."""
    used = dict.fromkeys(of_frame if len(of_frame) == count else (*of_frame, 0))
    own = tuple(transforms[number] for number in used) if transforms else ()
    if len(own) < 2:
        return own, b""
    places = {number: place for place, number in enumerate(used)}
    code = next(code for most, code in _WIDTHS if len(own) <= most)
    column = pack(f"<{len(of_frame)}{code}", *[places[number] for number in of_frame])
    return own, column + pack(f"<{code}", places.get(0, 0)) * (count - len(of_frame))
