"""Large archives for benchmarks: folders of files, and indexes as large as those of a hospital without any files.

``python -m benchmarks.archives STATE 1000000`` fills an index in a state folder and says how long it took.
"""

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from struct import pack

from tests.fixtures.enhanced_headers import enhanced_ct
from tests.wado_core.services.plain_ct import plain_ct, write_folder
from wado_core.archive.index_sql import SqlIndex
from wado_core.dicom.instance import describe
from wado_core.dicom.source import BytesSource
from wado_core.model.instance import Described, Listing, Location
from wado_core.model.uid import InstanceKey
from wado_core.ports import IndexedFile, IndexWriter
from wado_core.settings import Limits

__all__ = ["fill_index", "instance_key", "listed_file", "write_enhanced_ct", "write_folder", "write_tiny"]

# A study of a CT: some series, each of some hundred slices of 512 × 512 pixels.
SERIES, INSTANCES = 4, 250
OF_STUDY = SERIES * INSTANCES
# Files of one transaction.
BATCH = 10_000

_LONG_AGO = 1_500_000_000
_ROOT = "1.2.840.113619.2.55.3.604688119"
_FAMILIES = ("SCHMIDT", "WANG", "GARCÍA", "ИВАНОВ", "SATO", "NGUYEN", "SMITH", "KOWALSKI")
_GIVEN = ("ANNA", "WEI", "JOSÉ", "OLGA", "KEN", "LINH", "JOHN", "EWA")


def instance_key(number: int) -> InstanceKey:
    """Return the UIDs of an instance of a filled index; ``number`` counts from 0 through series and studies."""
    study, rest = divmod(number, OF_STUDY)
    series, slice_ = divmod(rest, INSTANCES)
    of_study = f"{_ROOT}.971.{1_400_000_000 + study * 977}.{study % 1000}"
    return InstanceKey(of_study, f"{of_study}.{series + 1}", f"{of_study}.{series + 1}.{slice_ + 1}")


def fill_index(index: IndexWriter, instances: int, *, first: int = 0) -> None:
    """Put this many plain CT images into an index as if their files had been read, those from ``first`` on.

    Some 35 µs an instance: a million takes half a minute, and 1.3 GB of disk.
    """
    for start in range(first, first + instances, BATCH):
        index.put(_files(start, min(start + BATCH, first + instances)))


def _files(start: int, end: int) -> Iterator[IndexedFile]:
    return (listed_file(number) for number in range(start, end))


def listed_file(number: int, root: str = "/archive") -> IndexedFile:
    """Return what a filled index holds of the file of an instance; below another root it is a copy."""
    study, rest = divmod(number, OF_STUDY)
    series, slice_ = divmod(rest, INSTANCES)
    day = f"20{10 + study % 15:02d}{study % 12 + 1:02d}{study % 28 + 1:02d}"
    path = f"{root}/{day[:4]}/{day[4:6]}/{day[6:]}/{study:08d}/{series + 1:04d}/IM{slice_ + 1:06d}.dcm".encode()
    location = Location(path, 526_000 + series * 2, 1_300_000_000_000_000_000 + number * 1_000_003, 1_000_000 + number)
    instance = replace(_template().instance, key=instance_key(number), version=f"{number:032x}")
    described = Described(instance, _listing(study, series, slice_, day), has_picture=True)
    return IndexedFile(location, described, head=number.to_bytes(8, "little"))


def _listing(study: int, series: int, slice_: int, day: str) -> Listing:
    return Listing(
        patient_name=f"{_FAMILIES[study % 8]}^{_GIVEN[study // 8 % 8]}",
        patient_id=f"P{study // 3:07d}",
        study_date=day,
        study_description="CT Thorax/Abdomen",
        accession_number=f"A{study:09d}",
        series_number=series + 1,
        series_description=f"{(5.0, 1.25, 0.625, 3.0)[series]} mm",
        instance_number=slice_ + 1,
    )


@cache
def _template() -> Described:
    return describe(BytesSource(plain_ct(edge=512)), "", Limits())


def write_tiny(root: Path, files: int, of_folder: int) -> None:
    """Write plain CT images of one pixel, so many into each folder, of a time long past."""
    for first in range(0, files, of_folder):
        path = root / f"{first // of_folder:06d}"
        path.mkdir(parents=True)
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        for number in range(first, min(first + of_folder, files)):
            file = os.open(f"IM{number:06d}", os.O_CREAT | os.O_WRONLY, 0o644, dir_fd=folder)
            os.write(file, plain_ct(1 + number // 100_000, 1 + number // 500 % 200, number, edge=1))
            os.utime(file, (_LONG_AGO, _LONG_AGO))
            os.close(file)
        os.close(folder)


def write_enhanced_ct(path: Path, frames: int, *, undefined: bool, varied: bool, edge: int = 256) -> None:
    """Write an enhanced CT of ``edge`` × ``edge`` pixels, which are a hole in the file; otherwise as the fixture makes it."""
    data = enhanced_ct(frames, undefined=undefined, varied=varied)
    pixels = 2 * frames * edge * edge
    for old, new in (
        (_rows_or_columns(0x0010, 1), _rows_or_columns(0x0010, edge)),
        (_rows_or_columns(0x0011, 1), _rows_or_columns(0x0011, edge)),
        (_pixel_data(2 * frames), _pixel_data(pixels)),
    ):
        assert data.count(old) == 1
        data = data.replace(old, new)
    header = len(data) - 2 * frames
    with open(path, "wb") as file:
        file.write(data[:header])
        os.truncate(file.fileno(), header + pixels)


def _rows_or_columns(element: int, value: int) -> bytes:
    return pack("<HH2sHH", 0x0028, element, b"US", 2, value)


def _pixel_data(length: int) -> bytes:
    return pack("<HH2sHL", 0x7FE0, 0x0010, b"OW", 0, length)


def main(state: Path, instances: int) -> None:
    """Fill an index and say what it took."""
    index = SqlIndex(state, writing=True)
    start = time.perf_counter()
    fill_index(index, instances)
    took = time.perf_counter() - start
    size = sum(path.stat().st_size for path in state.iterdir())
    print(f"{instances} instances in {took:.1f} s ({took / instances * 1e6:.0f} µs each), {size / 2**20:.0f} MiB: {index.totals()}")
    index.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
