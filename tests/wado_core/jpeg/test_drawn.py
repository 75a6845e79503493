"""Pixels that are made when they are coded give the bytes of pixels that were there, and no more are made at once than a job codes."""

import threading

import pytest

from tests.wado_core.jpeg.pictures import picture
from wado_core.jpeg.encoder import encode
from wado_core.jpeg.layout import Layout, Subsampling
from wado_core.jpeg.samples import ColorSamples, DrawnSamples, GraySamples, samples_of
from wado_core.jpeg.tables import CHROMA_STEPS, LUMA_STEPS
from wado_core.ports import Helper


@pytest.mark.parametrize("subsampling", Subsampling)
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (7, 40), (64, 16), (201, 530)])
@pytest.mark.parametrize("restart_rows", [None, 1, 3])
@pytest.mark.parametrize("most_rows", [None, 1, 20, 33, 1000])
@pytest.mark.parametrize("helped", [False, True])
def test_drawn_samples(
    subsampling: Subsampling, rows: int, columns: int, restart_rows: int | None, helped: bool, most_rows: int | None
) -> None:
    gray = subsampling is Subsampling.GRAY
    pixels = picture("noise", rows, columns, color=not gray)
    layout, steps = Layout(rows, columns, subsampling, restart_rows), (LUMA_STEPS,) if gray else (LUMA_STEPS, CHROMA_STEPS)
    asked: list[tuple[int, int]] = []
    threads: list[threading.Thread] = []

    def draw(first: int, end: int) -> GraySamples | ColorSamples:
        asked.append((first, end))
        return samples_of(pixels[first:end].copy())

    def lend(work: Helper) -> None:
        threads.append(threading.Thread(target=work, args=(lambda: True,), daemon=True))
        threads[-1].start()

    found = b"".join(encode(DrawnSamples(draw, gray, most_rows), layout, steps, lend if helped else None))
    for thread in threads:
        thread.join(20)
    assert found == b"".join(encode(samples_of(pixels), layout, steps))
    if most_rows is not None:
        assert max(end - first for first, end in asked) <= max(most_rows, 8 * subsampling.down)
    assert [place for piece in sorted(asked) for place in range(*piece)] == list(range(rows))  # each row once
    if restart_rows == 1:
        assert min(asked)[1] == min(8 * subsampling.down, rows)  # the first strip is drawn alone
