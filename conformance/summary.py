"""The closing table of files.md: what came of real files by transfer syntax and photometric interpretation, and who else decoded them."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tests.peers.deviations import FROM_DCMTK, FROM_PYDICOM
from tests.peers.differences import DIFFERENCES
from tests.peers.stored_values import DCMTK, DECODES, PROGRAMS, PYDICOM
from wado_core.model.transfer_syntax import TRANSFER_SYNTAXES

if TYPE_CHECKING:
    from conformance.files import Row

NO_VALUE = "absent"
_BOUND = {"; equal to the oracle": "exact", "; within 1 level of the oracle": "within 1"}


def by_syntax(rows: "Iterable[Row]") -> list[str]:
    """Return the table by transfer syntax and photometric interpretation, of all files that hold an image."""
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row.kind not in ("no image", "not DICOM"):
            groups[row.transfer_syntax or "not reached", row.photometric].append(row)
    lines = [
        "| transfer syntax | photometric interpretation | files | exact | within 1 level | otherwise, and why | refused, and why |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for (syntax, photometric), of in sorted(groups.items()):
        results = Counter(result_of(row) for row in of)
        otherwise = _reasons(row for row in of if result_of(row) == "otherwise")
        refused = _reasons(row for row in of if result_of(row) == "refused")
        cells = (syntax, photometric, str(len(of)), str(results["exact"] or ""), str(results["within 1"] or ""), otherwise, refused)
        lines.append("| " + " | ".join(cells) + " |")
    total = Counter(result_of(row) for of in groups.values() for row in of)
    whole = (sum(total.values()), total["exact"], total["within 1"], total["otherwise"], total["refused"])
    return [*lines, f"| all | | {' | '.join(map(str, whole))} |"]


def result_of(row: "Row") -> str:
    """Say how a picture compares with the oracle's: exact, within 1, otherwise, or refused."""
    if row.kind != "rendered":
        return "refused"
    return next((result for end, result in _BOUND.items() if row.detail.endswith(end)), "otherwise")


def _reasons(rows: "Iterable[Row]") -> str:
    details = Counter(row.detail.partition("; ")[2] if row.kind == "rendered" else row.detail for row in rows)
    return "; ".join(f"{count} × {detail}" for detail, count in details.most_common()).replace("|", "\\|")


def by_program(rows: "Iterable[Row]") -> list[str]:
    """Return the table of the programs that decode the same files: how many each, and what of them it delivers otherwise."""
    uids, kept = {of.name: uid for uid, of in TRANSFER_SYNTAXES.items()}, [row for row in rows if row.kind == "rendered"]
    lines = ["| program | files compared | by transfer syntax | other values than ours, and why |", "| --- | --- | --- | --- |"]
    for program in PROGRAMS:
        files = [row for row in kept if uids[row.transfer_syntax] in DECODES[program]]
        syntaxes = ", ".join(f"{name} {count}" for name, count in sorted(Counter(row.transfer_syntax for row in files).items()))
        known = Counter(f"{of.reason} ({of.clause})" for of in DIFFERENCES.values() if program in of.programs)
        reasons = "; ".join(f"{count} × {reason}" for reason, count in sorted(known.items()))
        lines.append(f"| {program} | {len(files)} | {syntaxes} | {reasons} |")
    return lines


def by_picture(rows: "Iterable[Row]") -> list[str]:
    """Return the table of the programs that render the same files: what they draw otherwise, and why."""
    files = {row.file for row in rows if row.kind == "rendered"}
    lines = ["| program | pictures of files that it draws otherwise, and why |", "| --- | --- |"]
    for program, deviations in ((DCMTK, FROM_DCMTK), (PYDICOM, FROM_PYDICOM)):
        known = Counter(f"{of.reason} ({of.clause})" for name, of in deviations.items() if name in files)
        lines.append(f"| {program} | {'; '.join(f'{count} × {reason}' for reason, count in sorted(known.items()))} |")
    return lines
