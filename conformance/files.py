"""What comes out of real files: ``python -m conformance.files --write`` renders them all and compares them with the oracle.

Every file of pydicom's wheel, and of a folder of sample files (environment variable WADO_SAMPLE_DATA, else ``../shared/data/dicom``
beside the repository), is opened and rendered as image/png, the first and the last frame.  The table in files.md says what came out;
a test regenerates it, so that it stays true.
"""

import os
import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass, field
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread

import wado_core
from conformance.summary import NO_VALUE, by_picture, by_program, by_syntax
from tests.reference.pipeline import read, render_matrix
from wado_core.errors import DamagedObject, NotDicom, WadoError

REPOSITORY = Path(__file__).parent.parent
TABLE = Path(__file__).parent / "files.md"
SAMPLE_DATA_VARIABLE = "WADO_SAMPLE_DATA"

PYDICOM, SAMPLES = "pydicom", "samples"
COLLECTIONS = (PYDICOM, SAMPLES)

CODE = {".py", ".pyc", ".json", ".md"}
"""What pydicom's data folder holds besides data."""

TOLERANCE = 1
"""Levels between a picture and the oracle: two decoders of lossy JPEG may round differently."""


@dataclass(frozen=True, slots=True)
class Exemption:
    """Why a picture is not compared with what the oracle makes of the header as it stands.

    clause: of the requirements.  header: what the oracle is told instead; empty when it cannot be asked at all.
    """

    clause: str
    reason: str
    header: Mapping[str, int | str] = field(default_factory=dict)


EXEMPTIONS = {
    "samples: dicom-test-files/data/WG04/JPLY/RG3_JPLY": Exemption(
        "H1.6", "lossy values of the 12-bit code stream reach beyond Bits Stored 10: the stream wins", {"BitsStored": 12, "HighBit": 11}
    ),
    "samples: pylibjpeg-data/ljdata/ds/JPEG2000Lossless/TOSHIBA_J2K_SIZ1_PixRep0.dcm": Exemption(
        "H1.6", "the samples of the code stream are signed, the header says unsigned: the stream wins", {"PixelRepresentation": 1}
    ),
    "samples: pylibjpeg-data/ljdata/ds/JPEGBaseline/SC_rgb_jpeg_lossy_gdcm.dcm": Exemption(
        "H3.4", "the header says RGB, the stream is subsampled YCbCr: the stream wins", {"PhotometricInterpretation": "YBR_FULL_422"}
    ),
    "samples: weasis-dicom-tools/weasis-dicom-tools/src/test/resources/org/dcm4che3/img/jpeg2000-multiframe-multifragments.dcm": Exemption(
        "H1.6", "samples of the code stream pass Bits Stored: they saturate instead of wrapping", {"BitsStored": 16, "HighBit": 15}
    ),
}
"""By file; each is looked at, and each must be needed."""


@dataclass(frozen=True, slots=True)
class Row:
    """One file of the table.

    file: the collection and the path in it.  photometric: as the header says.  kind: the outcome in a word or two, as the totals count it.
    detail: size and comparison, or the reason in the words a client is told.
    """

    file: str
    transfer_syntax: str
    photometric: str
    kind: str
    detail: str

    def line(self) -> str:
        """Write the row as Markdown."""
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in astuple(self)) + " |"


def root_of(collection: str) -> Path:
    """Return the folder of a collection; it need not exist."""
    if collection == PYDICOM:
        spec = find_spec("pydicom")
        assert spec is not None
        assert spec.submodule_search_locations is not None
        return Path(spec.submodule_search_locations[0]) / "data"
    return Path(os.environ.get(SAMPLE_DATA_VARIABLE) or REPOSITORY.parent / "shared" / "data" / "dicom")


def files_of(collection: str) -> dict[str, Path]:
    """Return all files of a collection by the name they have in the table."""
    root = root_of(collection)
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    if collection == PYDICOM:
        paths = [path for path in paths if path.suffix not in CODE]
    return {f"{collection}: {path.relative_to(root).as_posix()}": path for path in paths}


def row_of(name: str, path: Path) -> Row:
    """Open and render one file."""
    try:
        instance = wado_core.open(path)
    except NotDicom:
        return Row(name, "", "", "not DICOM", "")
    except WadoError as error:
        return Row(name, "", photometric_of(path), "damaged" if isinstance(error, DamagedObject) else "refused", str(error))
    syntax, photometric = instance.transfer_syntax.name, photometric_of(path)
    if not instance.is_image:
        return Row(name, syntax, "", "no image", instance.category.value)
    frames = sorted({1, instance.number_of_frames})
    try:
        pictures = {number: _picture(path, number) for number in frames}
    except WadoError as error:
        return Row(name, syntax, photometric, "damaged" if isinstance(error, DamagedObject) else "refused", str(error))
    shape = " × ".join(map(str, pictures[1].shape))
    of = f", frames 1 and {frames[-1]}" if len(frames) > 1 else ""
    return Row(name, syntax, photometric, "rendered", f"{shape}{of}; {_compared(name, path, pictures)}")


def photometric_of(path: Path) -> str:
    """Return Photometric Interpretation as the header says."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ds = dcmread(path, stop_before_pixels=True, force=True, specific_tags=["PhotometricInterpretation"])
        return str(ds.get("PhotometricInterpretation") or NO_VALUE)


def _picture(path: Path, frame_number: int) -> NDArray[np.uint8]:
    from PIL import Image

    with Image.open(BytesIO(wado_core.render(path, frame_number=frame_number, media_type="image/png"))) as image:
        return np.asarray(image)


def _compared(name: str, path: Path, pictures: Mapping[int, NDArray[np.uint8]]) -> str:
    """Say how far the pictures are from the oracle's."""
    exemption = EXEMPTIONS.get(name)
    if exemption is None:
        return distance(path, pictures, {})
    if not exemption.header:
        return f"not compared: {exemption.reason} ({exemption.clause})"
    told = ", ".join(f"{keyword} {value}" for keyword, value in exemption.header.items())
    return f"{distance(path, pictures, exemption.header)} told {told}: {exemption.reason} ({exemption.clause})"


def distance(path: Path, pictures: Mapping[int, NDArray[np.uint8]], header: Mapping[str, int | str]) -> str:
    """Compare pictures by frame number with the oracle; ``header`` replaces elements of the file beforehand."""
    most = max(_levels(picture, _expected(path, number, header)) for number, picture in pictures.items())
    if most == 0:
        return "equal to the oracle"
    return f"within {most} level{'s' if most > 1 else ''} of the oracle"


def _expected(path: Path, frame_number: int, header: Mapping[str, int | str]) -> NDArray[np.uint8]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom warns of much that is wrong with real files
        ds = read(path)
        for keyword, value in header.items():
            setattr(ds, keyword, value)
        return render_matrix(ds, frame_number)


def _levels(picture: NDArray[np.uint8], expected: NDArray[np.uint8]) -> int:
    assert picture.shape == expected.shape, f"{picture.shape} instead of {expected.shape}"
    return int(np.abs(picture.astype(np.int16) - expected).max())


@cache
def rows_of(collection: str) -> tuple[Row, ...]:
    """Open and render all files of a collection."""
    return tuple(row_of(name, path) for name, path in files_of(collection).items())


def pydicom_version() -> str:
    """Return the version of the wheel whose files are rendered."""
    return version("pydicom")


def table(rows: Iterable[Row], of_pydicom: str) -> str:
    """Write the whole of files.md."""
    kept = list(rows)
    counts = Counter((row.file.partition(":")[0], row.kind) for row in kept)
    kinds = ["rendered", "refused", "damaged", "no image", "not DICOM"]
    total = [f"| {kind} | {' | '.join(str(counts[collection, kind]) for collection in COLLECTIONS)} |" for kind in kinds]
    reasons = Counter(row.detail for row in kept if row.kind == "refused")
    return "\n".join(
        (
            "# What comes out of real files",
            "",
            "Generated by `python -m conformance.files --write`; a test makes it again and compares. Every file of the wheel of pydicom",
            f"{of_pydicom} (`pydicom:`) and of a folder of sample files (`samples:`) was opened and its first and last frame rendered as",
            "image/png. The oracle is tests/reference, which computes the same picture from the equations in exact arithmetic.",
            "",
            "| outcome | pydicom | samples |",
            "| --- | --- | --- |",
            *total,
            "",
            "Refused, by reason:",
            "",
            *(f"- {number} × {reason}" for reason, number in sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
            "",
            "## By transfer syntax and photometric interpretation",
            "",
            "Files that hold an image. Exact and within 1 level: of the oracle, first and last frame.",
            "",
            *by_syntax(kept),
            "",
            "## Compared with programs of others",
            "",
            "Stored values of the first, middle and last frame (tests/conformance/test_stored_values.py): equal for lossless transfer",
            "syntaxes and near-lossless JPEG-LS, within 1 for the others.",
            "",
            *by_program(kept),
            "",
            "Pictures of the first and last frame: within 1 level of dcmj2pnm's (tests/conformance/test_dcmtk.py), and of those that",
            "pydicom's own pipeline makes where it has a rule (tests/conformance/test_pydicom.py).",
            "",
            *by_picture(kept),
            "",
            "## File by file",
            "",
            "| file | transfer syntax | photometric interpretation | outcome | size and comparison, or reason |",
            "| --- | --- | --- | --- | --- |",
            *(row.line() for row in kept),
            "",
        )
    )


def committed() -> tuple[dict[str, Row], str]:
    """Read files.md: its rows by file, and the version of pydicom it was made with."""
    lines = TABLE.read_text().splitlines()
    rows = [_read(line) for line in lines if line.startswith(tuple(f"| {collection}: " for collection in COLLECTIONS))]
    of_pydicom = next(line for line in lines if "(`pydicom:`)" in line).split()[0]
    return {row.file: row for row in rows}, of_pydicom


def _read(line: str) -> Row:
    cells = (cell.replace("\0", "|").strip() for cell in line[2:-2].replace("\\|", "\0").split(" | "))
    return Row(*cells)


def rows_to_write() -> Iterator[Row]:
    """Yield the rows of all collections that are here, and the rows as they stand of one that is not."""
    for collection in COLLECTIONS:
        if root_of(collection).is_dir():
            yield from rows_of(collection)
        else:
            print(f"*** {root_of(collection)} is absent: the rows of {collection} stay as they are ***", file=sys.stderr)
            yield from (row for row in committed()[0].values() if row.file.startswith(f"{collection}: "))


def main() -> None:
    """Write the table, or only print it."""
    text = table(rows_to_write(), pydicom_version())
    if "--write" in sys.argv[1:]:
        TABLE.write_text(text)
    else:
        print(text)


if __name__ == "__main__":
    main()
