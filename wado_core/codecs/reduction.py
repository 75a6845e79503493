"""How far a frame may be decoded below its resolution (A4.47, docs/adr/0006)."""


class Incomplete(Exception):
    """The data ends before what is wanted of it does."""


_LEAST, _MOST = 8, 32_768


def reduction_steps(rows: int, columns: int, smallest: tuple[int, int] | None, most_steps: int) -> int:
    """Return how many times both edges can be halved, rounded up, so that ``smallest`` (rows, columns) still fits; 0 when it is None.

    The last cell of a reduced frame may stand for fewer pixels than the others (``Lattice``). Edges of less than 8 are not worth it,
    and say no more by their length by how much they were reduced; longer ones than 32,768 have weights that are too large.
    """
    if smallest is None or min(rows, columns) < _LEAST or max(rows, columns) > _MOST:
        return 0
    steps = 0
    while steps < most_steps and -(-rows >> steps + 1) >= smallest[0] and -(-columns >> steps + 1) >= smallest[1]:
        steps += 1
    return steps
