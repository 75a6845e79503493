"""The tables of measured numbers: from pytest-benchmark's JSON to Markdown.

``make bench`` prints them; ``python -m benchmarks.report benchmark.json --write`` puts those that were measured into README.md.
"""

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.report_encoder import report_encoder
from benchmarks.report_server import report_server
from benchmarks.report_thumbnails import report_thumbnails

README = Path(__file__).parent.parent / "README.md"

_RESCAN = "test_rescan_of_unchanged_files"
# What is measured; the benchmark; what it stands beside; that one's benchmark.
ROWS = (
    ("request: CT 512×512, a new window", "test_picture_with_a_new_window", "libjpeg-turbo alone", "test_comparator_encoder_alone"),
    ("request: its thumbnail of 128×128, likewise", "test_thumbnail_with_a_new_window", "", ""),
    ("request: a picture from the cache", "test_picture_from_the_cache", "", ""),
    ("request: a contact sheet of 100 of them", "test_sheet_of_a_series", "a request for each", "test_comparator_single_thumbnails"),
    ("request: the object itself, 512 KB", "test_object", "", ""),
    ("`wado_core.render`: CT 512×512, header to JPEG", "test_render_ct[plain]", "libjpeg-turbo alone", "test_comparator_libjpeg_turbo"),
    ("`wado_core.render(rows=128)` of it", "test_render_ct[rows=128]", "", ""),
    ("`wado_core.open`: a CT's header", "test_open_ct", "", ""),
    ("`wado_core.render`: mammogram 4096×3328", "test_render_mammogram[plain]", "", ""),
    ("window: 512×512 cells", "test_look_up", "numpy", "test_comparator_numpy"),
    ("window and resize to 128×128", "test_resample[128]", "numpy and Pillow", "test_comparator_numpy_and_pillow_to_128"),
    ("JPEG 2000, 2048×2048: decode for a thumbnail", "test_decode_jpeg_2000[128]", "decode in full", "test_decode_jpeg_2000[full]"),
    ("look-up of one instance among 1,000,000", "test_look_up_of_one_instance", "", ""),
    ("rescan of 100,000 unchanged files", f"{_RESCAN}[in_folders]", "in one folder", f"{_RESCAN}[in_one_folder]"),
    ("indexing an enhanced CT of 1,000 frames", "test_index_enhanced_ct[1000-lengths-varied]", "", ""),
    ("indexing an enhanced CT of 10,000 frames", "test_index_enhanced_ct[10000-lengths-varied]", "", ""),
    ("`import wado_core` in a new interpreter", "test_import[wado_core]", "`import numpy`", "test_import[numpy]"),
)  # fmt: skip
# What is said otherwise: by a benchmark's extra_info, a number or several; its unit.
FIGURES = (
    ("first indexing, plain CT files, two processes", "test_first_indexing[2]", "files_per_s", "files/s"),
    ("memory of the indexer at 10,000 files, at 100,000", "test_memory_of_the_indexer", "megabytes", "MB"),
    ("index, an instance", "test_look_up_of_one_instance", "bytes_an_instance", "bytes"),
)


def report(results: dict[str, Any]) -> str:
    """Return the table; medians, and ratios within the run."""
    found = {benchmark["name"]: benchmark for benchmark in results["benchmarks"]}
    lines = ["| | median | beside | ratio |", "|---|---|---|---|"]
    for label, name, beside, comparator in ROWS:
        own = found[name]["stats"]["median"]
        if comparator:
            other = found[comparator]["stats"]["median"]
            lines.append(f"| {label} | {_time(own)} | {beside}: {_time(other)} | {own / other:.2f} |")
        else:
            lines.append(f"| {label} | {_time(own)} | | |")
    for label, name, figure, unit in FIGURES:
        said = found[name]["extra_info"][figure]
        numbers = said if isinstance(said, list) else [said]
        lines.append(f"| {label} | {', '.join(f'{number:,}' for number in numbers)} {unit} | | |")
    said = f"Medians of one run on {_origin(results)}. Requests: one keep-alive connection on loopback, one worker."
    return "\n".join([*lines, "", said])


def _origin(results: dict[str, Any]) -> str:
    machine = results["machine_info"]
    cpu = machine["cpu"]
    return f"{cpu.get('brand_raw', machine['machine'])}, {cpu.get('count', '?')} cores, Python {machine['python_version']}"


def _time(seconds: float) -> str:
    return f"{seconds * 1e6:,.0f} µs" if seconds < 1e-3 else f"{seconds * 1e3:,.1f} ms" if seconds < 0.1 else f"{seconds * 1e3:,.0f} ms"


def tables(results: dict[str, Any]) -> dict[str, str]:
    """Return the table of each place in README.md of which anything was measured; who measures a part has that part."""
    names = {benchmark["name"] for benchmark in results["benchmarks"]}
    found = {}
    if names.issuperset(name for _, name, *_ in (*ROWS, *FIGURES)):
        found["benchmarks"] = report(results)
    if encoder := report_encoder(results["benchmarks"], _origin(results)):
        found["encoder"] = encoder
    if thumbnails := report_thumbnails(results["benchmarks"], _origin(results)):
        found["thumbnails"] = thumbnails
    if server := report_server(results["benchmarks"], _origin(results)):
        found["server"] = server
    return found


def write(text: str, place: str, table: str) -> str:
    """Return a text with the table at its place, which is marked."""
    begin, end = f"<!-- {place}: begin -->", f"<!-- {place}: end -->"
    head, rest = text.split(begin)
    return f"{head}{begin}\n{table}\n{end}{rest.split(end)[1]}"


def main(arguments: list[str]) -> None:
    """Print the tables of a result file, or write them into README.md."""
    found = tables(json.loads(Path(arguments[0]).read_text()))
    if "--write" not in arguments:
        print("\n\n".join(found.values()))
        return
    text = README.read_text()
    for place, table in found.items():
        text = write(text, place, table)
    README.write_text(text)


if __name__ == "__main__":
    main(sys.argv[1:])
