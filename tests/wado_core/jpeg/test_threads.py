"""Several threads: on pictures of their own, and on one picture together. The bytes are always the same."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.wado_core.jpeg.decoding import decode
from tests.wado_core.jpeg.pictures import picture
from tests.wado_core.jpeg.test_strips import lending, within_deadline
from wado_core import encode_jpeg
from wado_core.codecs import jpeg_out
from wado_core.jpeg.samples import samples_of

THREADS = 8


def test_threads_do_not_disturb_each_other() -> None:
    """Pictures of many sizes, in another order in each thread; all begin at once."""
    sources = [
        picture(content, rows, columns, color=color)
        for content, rows, columns in (("noise", 1, 1), ("bits", 70, 513), ("gradient", 200, 300), ("noise", 600, 33), ("cells", 64, 64))
        for color in (False, True)
    ]
    alone = [encode_jpeg(source, quality=95) for source in sources]
    begin = threading.Barrier(THREADS)

    def encode_all(first: int) -> list[bytes]:
        begin.wait(30)
        found = {}
        for turn in range(3 * len(sources)):
            number = (first * (turn // len(sources) + 1) + turn) % len(sources)
            found[number] = encode_jpeg(sources[number], quality=95)
        return [found[number] for number in range(len(sources))]

    with ThreadPoolExecutor(THREADS) as pool:
        for made in pool.map(encode_all, range(THREADS)):
            assert made == alone


@pytest.mark.parametrize("kinds", [("at once",), ("one job",), ("late",), ("after all",), ("never",), ("at once", "one job", "never")])
@pytest.mark.parametrize("color", [False, True])
def test_help_changes_no_byte(color: bool, kinds: tuple[str, ...]) -> None:
    source = picture("noise", 1500, 200, color=color)

    def pieces(help_from: tuple[str, ...]) -> list[bytes]:
        if not help_from:
            return list(jpeg_out.encode(samples_of(source), 1500, 200, 80, in_strips=True))
        with lending(*help_from) as lender:
            made = list(jpeg_out.encode(samples_of(source), 1500, 200, 80, in_strips=True, lend=lender.lend))
            assert lender.offers > 0
        return made

    def run() -> None:
        alone = pieces(())
        assert len(alone) > 8
        for _ in range(3):
            assert pieces(kinds) == alone
        joined = b"".join(alone)
        assert joined == encode_jpeg(source, quality=80, restart_rows=jpeg_out.STRIP_ROWS // (16 if color else 8))
        assert decode(joined).shape == source.shape

    within_deadline(run)


def test_a_picture_that_nobody_wants_any_more_ends_its_helpers() -> None:
    source = picture("noise", 4000, 100, color=False)

    def run() -> None:
        with lending("at once") as lender:
            pieces = jpeg_out.encode(samples_of(source), 4000, 100, 80, in_strips=True, lend=lender.lend)
            assert next(pieces)[:2] == b"\xff\xd8"
            pieces.close()

    within_deadline(run)


@pytest.mark.parametrize("strips", [*range(1, 40), 100, 1024])
def test_the_pieces_are_all_strips_in_order(strips: int) -> None:
    """The first strip leaves alone, whatever there is behind it."""
    from wado_core.jpeg.encoder import _runs

    runs = _runs(strips)
    assert runs[0] == (0, 1)
    assert [number for first, end in runs for number in range(first, end)] == list(range(strips))
