"""The tables are made of what the benchmarks note."""

import pytest

from benchmarks import encoders, report_encoder
from benchmarks.encoder_pairs import Rounds, compare, compare_two_cores, first_piece
from benchmarks.encoders import CASES, LIBRARY, OTHERS
from benchmarks.report import tables, write

FEW = Rounds(2, 2)
MACHINE = {"machine": "x86_64", "cpu": {"brand_raw": "Abacus", "count": 2}, "python_version": "3.11.7"}


def test_table_of_the_encoder() -> None:
    case = CASES["mr"]()
    row = compare(case, list(OTHERS), FEW)
    noted = [
        {"encoder": row, "load": [0.1, 0.5]},
        {"encoder": compare_two_cores(case, FEW)},
        {"first_piece": first_piece(case, FEW)},
        {"target": {"label": "Nehalem", "rows": [row]}, "load": [0.4, 0.2]},
    ]
    found = tables({"benchmarks": [{"name": "test", "extra_info": info} for info in noted], "machine_info": MACHINE})
    assert list(found) == ["encoder"]
    lines = found["encoder"].splitlines()
    assert [line.count("|") for line in lines] == [9, 9, 9, 9, 0, 3, 3, 3, 0, 0]
    library = row["compared"][LIBRARY]
    assert f"**{library['other_s'] / library['own_s']:.2f}** ({library['low']:.2f} … {library['high']:.2f})" in lines[2]
    assert lines[3].startswith("| MR 256×256, noisy, two cores | ")
    assert lines[-1].endswith("Load average 0.10 at the start, 0.20 at the end, 0.50 at most.")


def test_table_of_thumbnails() -> None:
    row = {"label": "JPEG", "full_s": 1.2, "decoded_s": 0.01, "made_s": 0.012, "whole_s": 0.8, "load": [0.3, 0.7]}
    found = tables({"benchmarks": [{"name": "test", "extra_info": {"thumbnail": row}}], "machine_info": MACHINE})
    assert list(found) == ["thumbnails"]
    lines = found["thumbnails"].splitlines()
    assert lines[2] == "| JPEG | 1,200 ms | 10.00 ms: **1/120** | 12.00 ms: **1/100** | 800 ms: **1/1.5** |"
    assert "Load average 0.30 at the start, 0.70 at most." in lines[-1]


def test_names_of_others() -> None:
    assert (report_encoder.LIBRARY, *report_encoder.BESIDE) == tuple(encoders.OTHERS)


def test_write() -> None:
    text = "a\n<!-- x: begin -->\nold\n<!-- x: end -->\nb\n"
    assert write(text, "x", "new") == text.replace("old", "new")
    with pytest.raises(ValueError, match="unpack"):
        write(text, "y", "new")
