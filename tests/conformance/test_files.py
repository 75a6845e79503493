"""The table of real files is true: made again and compared with conformance/files.md."""

import re

import pytest

from conformance.files import (
    COLLECTIONS,
    EXEMPTIONS,
    PYDICOM,
    SAMPLE_DATA_VARIABLE,
    SAMPLES,
    TABLE,
    TOLERANCE,
    Row,
    committed,
    pydicom_version,
    root_of,
    rows_of,
    table,
)
from tests.bad_data.trial import NAMES_TAG_AND_CLAUSE

AGAIN = "write it again: python -m conformance.files --write"


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_every_row_is_what_comes_out(collection: str) -> None:
    """Each file of the collection is opened, rendered and compared with the oracle anew; refusals have the reason of the table.

    With another pydicom than the table was made with, the files that both wheels hold are compared.
    """
    if collection == SAMPLES and not root_of(SAMPLES).is_dir():
        pytest.skip(f"SAMPLE FILES NOT COMPARED: there is no {root_of(SAMPLES)}; name the folder in {SAMPLE_DATA_VARIABLE}")
    rows, of_pydicom = committed()
    expected = {name: row for name, row in rows.items() if name.startswith(f"{collection}: ")}
    made = {row.file: row for row in rows_of(collection)}
    if collection == PYDICOM and of_pydicom != pydicom_version():
        shared = expected.keys() & made.keys()
        assert len(shared) > 100
        expected, made = ({name: of[name] for name in shared} for of in (expected, made))
    assert made == expected, AGAIN


def test_the_table_is_written_from_its_rows() -> None:
    """Totals and reasons of the committed table are those of its rows."""
    rows, of_pydicom = committed()
    assert TABLE.read_text() == table(rows.values(), of_pydicom), AGAIN
    assert len(rows) > 400


def test_every_picture_is_the_oracle_s_or_an_exemption() -> None:
    """What is rendered is within 1 level of the oracle; every exemption names its clause and is in use."""
    rows, _ = committed()
    rendered = [row for row in rows.values() if row.kind == "rendered"]
    assert len(rendered) > 200
    for row in rendered:
        assert _levels(row) <= TOLERANCE or row.file in EXEMPTIONS, row
    assert EXEMPTIONS.keys() <= {row.file for row in rendered}
    for name, exemption in EXEMPTIONS.items():
        assert re.fullmatch(r"H[0-9.]+", exemption.clause)
        assert exemption.reason in rows[name].detail
        if exemption.header:
            assert _levels(rows[name]) <= TOLERANCE


def test_every_refusal_names_tag_and_clause() -> None:
    """What is wrong with an object is said with the tag of the element and the clause of the standard."""
    refused = [row for row in committed()[0].values() if row.kind in ("refused", "damaged")]
    assert refused
    for row in refused:
        assert NAMES_TAG_AND_CLAUSE.search(row.detail), row


def _levels(row: Row) -> int:
    """Return how far a picture was from the oracle's; more than any tolerance when it was not compared."""
    if "not compared" in row.detail:
        return 256
    if "; equal to the oracle" in row.detail:
        return 0
    within = re.search(r"; within ([0-9]+) levels? of the oracle", row.detail)
    assert within is not None
    return int(within[1])
