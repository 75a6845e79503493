"""Sheets as a matter of arithmetic: where thumbnails lie, and what names a list and a sheet."""

from dataclasses import replace

import pytest

from tests.wado_core.model.test_render import PLAN
from wado_core.model.sheet import COLUMNS, Cell, Problem, SheetPlan, Tile, TileList, cell_edge, place_of, sheet_size
from wado_core.model.uid import InstanceKey

EDGES = (8, 9, 64, 100, 128, 255, 256)


def tile(number: int, frame_number: int = 1) -> Tile:
    return Tile(InstanceKey("1.2", "1.2.3", f"1.2.3.{number}"), frame_number)


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("tiles", [1, COLUMNS - 1, COLUMNS, COLUMNS + 1, 100, 256])
def test_cells_lie_within_the_sheet_and_apart(tiles: int, edge: int) -> None:
    rows, columns = sheet_size(tiles, edge)
    taken = set()
    for number in range(tiles):
        left, top = place_of(number, edge)
        assert left + edge <= columns
        assert top + edge <= rows
        taken.add((left, top))
    assert len(taken) == tiles
    assert all(left % cell_edge(edge) == 0 and top % cell_edge(edge) == 0 for left, top in taken)


@pytest.mark.parametrize("edge", EDGES)
def test_no_block_of_a_jpeg_belongs_to_two_thumbnails(edge: int) -> None:
    """T.81 A.1: 8 × 8 samples, of chroma at 4:2:0 those of 16 × 16 pixels."""
    assert cell_edge(edge) % 16 == 0
    assert edge <= cell_edge(edge) < edge + 16


@pytest.mark.parametrize(("rows", "columns"), [(128, 128), (128, 64), (1, 128), (101, 128), (128, 127)])
def test_a_thumbnail_stands_in_the_middle_of_its_cell(rows: int, columns: int) -> None:
    cell = Cell(tile(1), 256, 384, replace(PLAN, rows=rows, columns=columns))
    x, y, width, height = cell.rectangle(128)
    assert (width, height) == (columns, rows)
    before, behind = (x - 256, y - 384), (256 + 128 - x - width, 384 + 128 - y - height)
    assert all(0 <= there - here <= 1 for here, there in zip(before, behind, strict=True))


def test_a_list_is_named_by_its_tiles_in_their_order() -> None:
    lists = [(tile(1), tile(2)), (tile(2), tile(1)), (tile(1),), (tile(1), tile(2, 2)), (tile(1), tile(2), tile(3)), ()]
    assert len({TileList(tiles).name for tiles in lists}) == len(lists)
    assert TileList((tile(1), tile(2))).name == TileList((tile(1), tile(2)), has_next=True).name


def sheet(*pictures: object, edge: int = 128) -> SheetPlan:
    cells = tuple(Cell(tile(number), *place_of(number, edge), picture) for number, picture in enumerate(pictures))  # type: ignore[arg-type]
    return SheetPlan(TileList(tuple(cell.tile for cell in cells)), cells, edge)


def test_the_digest_covers_everything_that_decides_a_byte() -> None:
    first, second = replace(PLAN, version="first"), replace(PLAN, version="second")
    sheets = [
        sheet(first, second), sheet(second, first), sheet(first), sheet(first, replace(second, version="third")),
        sheet(first, Problem("Damaged.", passing=False)), sheet(first, Problem("Away.", passing=True)),
        sheet(first, second, edge=64), replace(sheet(first, second), quality=50),
    ]  # fmt: skip
    assert len({one.digest for one in sheets}) == len(sheets)
    assert sheet(first, second).digest == sheet(first, second).digest


def test_a_sheet_is_gray_until_a_thumbnail_may_have_a_colour() -> None:
    gray, color = PLAN, replace(PLAN, grayscale=None)
    assert sheet(gray, Problem("Away.", passing=True), gray).gray
    assert not sheet(gray, color).gray
    assert sheet(Problem("Damaged.", passing=False)).gray
