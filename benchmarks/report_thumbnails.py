"""The table of thumbnails of compressed frames, from what test_thumbnails.py notes."""

from collections.abc import Sequence
from typing import Any

_COLUMNS = ("decoded", "made", "whole")


def report_thumbnails(benchmarks: Sequence[dict[str, Any]], origin: str) -> str:
    """Return the table and what is said below it; nothing where no thumbnail was measured."""
    rows = [benchmark["extra_info"]["thumbnail"] for benchmark in benchmarks if "thumbnail" in benchmark["extra_info"]]
    if not rows:
        return ""
    lines = [
        "| thumbnail 128×128 of | decode in full | decode what it needs | make it: read to JPEG | `wado_core.thumbnail` |",
        "|---|---|---|---|---|",
        *(f"| {row['label']} | {_time(row['full_s'])} | {' | '.join(_cell(row, name) for name in _COLUMNS)} |" for row in rows),
    ]
    loads = [load for row in rows for load in row["load"]]
    said = (
        f"Time on one core of {origin}, the file in the page cache, no cache of ours; medians of rounds in turns, and what part that is of "
        "decoding the frame in full, by the fastest decoder there is for it here. Making it is what a server does that has the object in "
        f"its index; `wado_core.thumbnail` reads the header too. Load average {loads[0]:.2f} at the start, {max(loads):.2f} at most."
    )
    return "\n".join([*lines, "", said])


def _cell(row: dict[str, Any], name: str) -> str:
    return f"{_time(row[f'{name}_s'])}: **1/{row['full_s'] / row[f'{name}_s']:.3g}**"


def _time(seconds: float) -> str:
    return f"{seconds * 1e3:.2f} ms" if seconds < 0.1 else f"{seconds * 1e3:,.0f} ms"
