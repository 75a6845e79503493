"""The committed report is what the code gives now."""

import pytest

from conformance.jpeg import vectors
from conformance.jpeg.report import NONE, PATH, SECTIONS, committed, heading, text_around
from conformance.jpeg.sections import MET, NOT_MET

AGAIN = "write it again: python -m conformance.jpeg --write"


@pytest.mark.parametrize("name", SECTIONS)
def test_every_section_is_what_comes_out(name: str) -> None:
    """Figures of libraries are compared where their versions and processors are those of the report."""
    make, needs = SECTIONS[name]
    if needs != NONE and not vectors.present():
        pytest.skip(vectors.absence())
    section = make()
    if name == "beside" and heading(section) not in PATH.read_text():
        pytest.skip(f"LIBRARIES NOT COMPARED: the report was written with others than {heading(section)}")
    assert committed(heading(section)) == section, AGAIN


def test_what_stands_around_the_sections_is_the_code_s() -> None:
    introduction, coverage = text_around()
    text = PATH.read_text()
    assert text.startswith(introduction), AGAIN
    assert text.endswith(coverage), AGAIN
    assert len(text) == len("\n".join((introduction, *(committed(line) for line in _headings(text)), coverage))), AGAIN


def _headings(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(("## ", "### "))][:-1]


def test_every_criterion_is_met() -> None:
    text = PATH.read_text()
    assert NOT_MET not in text
    assert text.count(f"**{MET}**") == len(SECTIONS)  # libraries have no verdict, generated scans have two


def test_the_report_says_what_was_compared() -> None:
    text = " ".join(PATH.read_text().split())
    said = (
        "the T.83 criterion on source data recovered from stream O1, references recomputed in float64, because the published EREF/DREF "
        "files are not publicly distributed"
    )
    assert said in text
    assert "passed the official" not in text
