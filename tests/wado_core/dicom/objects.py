"""Every stored object the tests have: the fixtures, and the files of other makers that pydicom brings along."""

from functools import cache
from pathlib import Path

import pydicom

from tests.fixtures import FIXTURES, build

PYDICOM_DATA = Path(pydicom.__file__).parent / "data"


@cache
def other_makers() -> dict[str, Path]:
    """Return the files of pydicom's wheel that are DICOM by their name or their prefix, by name."""
    paths = sorted(path for path in PYDICOM_DATA.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc"))
    return {str(path.relative_to(PYDICOM_DATA)): path for path in paths if path.suffix == ".dcm" or _prefix(path) == b"DICM"}


def _prefix(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(132)[128:]


def names() -> list[str]:
    return [*FIXTURES, *other_makers()]


def stored(name: str) -> bytes:
    """Return the bytes of a fixture or of another maker's file."""
    return build(name) if name in FIXTURES else other_makers()[name].read_bytes()
