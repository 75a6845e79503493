"""The table of the encoder beside others, from what test_encoder.py notes of its pairs."""

from collections.abc import Sequence
from typing import Any

# As in benchmarks/encoders.py, which is not imported to report: it compiles.
LIBRARY, BESIDE = "libjpeg-turbo", ("simplejpeg", "Pillow", "OpenCV")


def report_encoder(benchmarks: Sequence[dict[str, Any]], origin: str) -> str:
    """Return the table and what is said below it; nothing where no encoder was measured."""
    infos = [benchmark["extra_info"] for benchmark in benchmarks]
    rows = [_row(info["encoder"], info["encoder"]["label"]) for info in infos if "encoder" in info]
    if not rows:
        return ""
    lines = [
        f"| | ours | {LIBRARY} | times as fast (quartiles) | size | {' | '.join(BESIDE)} |",
        "|---|---|---|---|---|" + "---|" * len(BESIDE),
        *rows,
        *_of_targets([info["target"] for info in infos if "target" in info]),
    ]
    return "\n".join([*lines, "", " ".join(_sentences(infos, origin))])


def _row(row: dict[str, Any], label: str) -> str:
    compared = row["compared"]
    library = compared[LIBRARY]
    beside = [f"{compared[name]['ratio']:.2f}" if name in compared else "" for name in BESIDE]
    size = f"{row['size'] - 1:+.2%}".replace("-", "−").replace("%", " %")
    times = f"{_milliseconds(library['own_s'])} | {_milliseconds(library['other_s'])}"
    return f"| {label} | {times} | {_ratio(library)} | {size} | {' | '.join(beside)} |"


def _of_targets(targets: Sequence[dict[str, Any]]) -> list[str]:
    """Return a table of its own: other processors across, cases down."""
    if not targets:
        return []
    lines = ["", f"| compiled for | {' | '.join(target['label'] for target in targets)} |", "|---|" + "---|" * len(targets)]
    for rows in zip(*(target["rows"] for target in targets), strict=True):
        compared = [row["compared"][LIBRARY] for row in rows]
        cells = [f"{_milliseconds(pair['own_s'])}, {_milliseconds(pair['other_s'])}: {_ratio(pair)}" for pair in compared]
        lines.append(f"| {rows[0]['label']} | {' | '.join(cells)} |")
    return lines


def _ratio(pair: dict[str, float]) -> str:
    return f"**{pair['ratio']:.2f}** ({pair['low']:.2f} … {pair['high']:.2f})"


def _sentences(infos: Sequence[dict[str, Any]], origin: str) -> list[str]:
    said = [
        f"From stored cells of 12 bits and a window, or pixels of 8 bits, to JPEG, on {origin}; at Q90 and on one core unless said",
        "otherwise. Both are called in turns in one process: medians, their ratio, the quartiles of the ratios of the pairs; then how",
        f"much larger our files are. {LIBRARY}: a compiled window, then imagecodecs, with the accurate DCT. The last columns are how many",
        "times as fast ours is as other ways to that library, simplejpeg with its fast DCT, which is inaccurate. Nehalem is measured",
        "beside the library as it runs here, and beside one that keeps to SSE2.",
    ]
    for info in infos:
        if "alone" in info.get("encoder", ()):
            alone, cores = info["encoder"]["alone"], info["encoder"]["cores"]
            said.append(f"On two cores, of which {cores:.2f} were free, ours is {alone['ratio']:.2f} times as fast as on one.")
        if "first_piece" in info:
            first = info["first_piece"]
            share = f"{100 * first['share']:.1f} % of the time of the whole"
            said.append(f"The first strip of the mammogram leaves after {_milliseconds(first['first_s'])}, {share}.")
    loads = [load for info in infos for load in info.get("load", ())]
    said.append(f"Load average {loads[0]:.2f} at the start, {loads[-1]:.2f} at the end, {max(loads):.2f} at most.")
    return said


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.3f} ms" if seconds < 1e-3 else f"{seconds * 1e3:.2f} ms"
