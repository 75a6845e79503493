"""The table of the server under load, from what test_server.py notes."""

from collections.abc import Iterator, Sequence
from typing import Any

_BESIDE = {
    "skeleton": "the same work in a bare Starlette",
    "constant": "a constant answer of that length in a bare Starlette",
    "kept": "a frame that is kept",
}


def report_server(benchmarks: Sequence[dict[str, Any]], origin: str) -> str:
    """Return the table and what is said below it; nothing where no server was measured."""
    rows = [benchmark["extra_info"]["server"] for benchmark in benchmarks if "server" in benchmark["extra_info"]]
    if not rows:
        return ""
    loads = [number for row in rows for number in row["load_average"]]
    lines = ["| | ours | beside | |", "|---|---|---|---|", *(_row(row) for row in rows)]
    said = (
        f"`wado serve` on {origin}, clients (wrk) on the same two cores, two workers and eight keep-alive clients unless said otherwise; "
        "medians of rounds in turns with what stands beside. CPU: of all processes of the server, for each request. The bare work is "
        "done in one process without HTTP. "
        "Never seen: each request has a window, or a frame, that no other had. Load average "
        f"{loads[0]:.2f} at the start, {max(loads):.2f} at most."
    )
    return "\n".join([*lines, "", said])


def _row(row: dict[str, Any]) -> str:
    return f"| {row['label']} | {', '.join(_ours(row))} | {', '.join(_beside(row))} | {'; '.join(_ratios(row))} |"


def _ours(row: dict[str, Any]) -> Iterator[str]:
    load = row.get("load")
    if load and "clients" not in row:
        yield f"{load['requests_per_s']:,.0f} requests/s"
        yield f"{load['cpu_us']:.0f} µs CPU"
    if load and "p50_ms" not in row:
        yield f"p50 {_time(load['p50_us'])}"
        yield f"p99 {_time(load['p99_us'])}"
    if "p50_ms" in row:
        yield f"p50 {row['p50_ms']:.1f} ms, p99 {row['p99_ms']:.1f} ms"
    if "first_ms" in row:
        yield f"{row['first']} {row['first_ms']:.1f} ms"
    if "whole_ms" in row:
        yield f"whole {row['whole_ms']:.1f} ms"
    if "more_megabytes" in row:
        memory = f"{row['more_megabytes']:+.0f} MB of memory, {row['kept_megabytes']:.0f} of them in caches,"
        yield f"{memory} for {row['megabytes']:,.0f} MB of file"


def _beside(row: dict[str, Any]) -> Iterator[str]:
    for name, load in row.get("beside", {}).items():
        yield f"{_BESIDE[name]}: {load['requests_per_s']:,.0f} requests/s, {load['cpu_us']:.0f} µs CPU"
    if "work_us" in row:
        yield f"the bare work: {_time(row['work_us'])}"


def _ratios(row: dict[str, Any]) -> Iterator[str]:
    for load in row.get("beside", {}).values():
        yield f"{row['load']['requests_per_s'] / load['requests_per_s']:.2f} of its rate"
        yield f"{row['load']['cpu_us'] / load['cpu_us']:.2f} × its CPU"
    if "work_us" not in row:
        return
    if "whole_ms" in row:
        yield f"{row['whole_ms'] * 1e3 / row['work_us']:.2f} × the bare work"
    elif "clients" in row:
        yield f"p50 {row['load']['p50_us'] / row['work_us']:.2f} × the bare work"
    else:
        yield f"CPU {row['load']['cpu_us'] / row['work_us']:.2f} × the bare work"


def _time(microseconds: float) -> str:
    return f"{microseconds:.0f} µs" if microseconds < 1000 else f"{microseconds / 1000:.1f} ms"
