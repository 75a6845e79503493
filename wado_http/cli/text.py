"""Text for a terminal: paths and messages without anything that a terminal would obey or cannot encode."""

import os
from pathlib import Path

from wado_core.model.study import Totals


def printable(text: str) -> str:
    """Escape control characters and undecodable bytes, so that a file name can neither move the cursor nor fail to print."""
    return "".join(character if character.isprintable() else character.encode("unicode_escape").decode() for character in text)


def shown(path: Path | bytes | str) -> str:
    """Return a path as it can be printed."""
    return printable(os.fsdecode(path))


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun: ``1 file``, ``1,234 files``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def held(totals: Totals) -> str:
    """Say what an index holds."""
    return (
        f"{counted(totals.instances, 'instance')} in {totals.series:,} series of {counted(totals.studies, 'study', 'studies')}; "
        f"{totals.not_dicom:,} not DICOM, {totals.damaged:,} damaged"
        + (f", {totals.packed:,} packed (zip and the like)" if totals.packed else "")
    )
