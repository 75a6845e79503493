"""How far a frame may be decoded below its resolution (A4.47, docs/adr/0006)."""


def reduction_steps(rows: int, columns: int, smallest: tuple[int, int] | None, most_steps: int) -> int:
    """Return how many times both edges can be halved so that ``smallest`` (rows, columns) still fits; 0 when it is None.

    Only halvings without remainder: the last pixel of a reduced frame must stand for as many pixels as every other.
    """
    if smallest is None:
        return 0
    steps = 0
    while (
        steps < most_steps
        and rows % (2 << steps) == 0
        and columns % (2 << steps) == 0
        and rows >> (steps + 1) >= smallest[0]
        and columns >> (steps + 1) >= smallest[1]
    ):
        steps += 1
    return steps
