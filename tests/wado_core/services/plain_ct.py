"""Plain CT files in any number: one header written by pydicom, of which UIDs and numbers are exchanged as bytes."""

import os
from functools import cache
from pathlib import Path

import numpy as np
from pydicom.uid import UID, CTImageStorage

from tests.fixtures.identity import file_bytes
from tests.fixtures.image import image
from wado_core.model.uid import InstanceKey

_STUDY, _SERIES, _OBJECT, _NUMBER = "1.2.826.0.1.10000001", "1.2.826.0.1.20000001.20000001", "1.2.826.0.1.3001.3001.30000001", "900001"


@cache
def _template(edge: int) -> bytes:
    ds = image(
        np.arange(edge * edge, dtype=np.uint16).reshape(edge, edge) & 0xFFF,
        sop_class=CTImageStorage,
        modality="CT",
        bits_stored=12,
        window=(40, 400),
        rescale=(1, -1024),
    )
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID = UID(_STUDY), UID(_SERIES), UID(_OBJECT)
    ds.file_meta.MediaStorageSOPInstanceUID = UID(_OBJECT)
    ds.InstanceNumber = _NUMBER
    ds.PixelSpacing, ds.SliceThickness, ds.KVP = [0.7, 0.7], 1.25, 120
    ds.ImagePositionPatient, ds.ImageOrientationPatient = [-180, -180, 100], [1, 0, 0, 0, 1, 0]
    ds.FrameOfReferenceUID = "1.2.826.0.1.4"
    ds.RescaleType, ds.ConvolutionKernel, ds.BodyPartExamined = "HU", "STANDARD", "CHEST"
    return file_bytes(ds)


def ct_key(study: int = 1, series: int = 1, number: int = 1) -> InstanceKey:
    """Return the UIDs that ``plain_ct`` writes; studies and series below 1000."""
    of_series = f"1.2.826.0.1.{20000000 + study:08d}.{20000000 + series:08d}"
    return InstanceKey(
        f"1.2.826.0.1.{10000000 + study:08d}", of_series, f"1.2.826.0.1.{3000 + study:04d}.{3000 + series:04d}.{30000000 + number:08d}"
    )


def plain_ct(study: int = 1, series: int = 1, number: int = 1, *, edge: int = 8) -> bytes:
    """Return a CT image of ``edge`` × ``edge`` pixels in Explicit VR Little Endian."""
    key = ct_key(study, series, number)
    data = _template(edge)
    for old, new in (
        (_STUDY, key.study_uid), (_SERIES, key.series_uid), (_OBJECT, key.object_uid), (_NUMBER, f"{number % 10**6:06d}"),
    ):  # fmt: skip
        data = data.replace(old.encode(), new.encode())
    return data


def write_folder(root: Path, *, studies: int, series: int, instances: int, edge: int = 512) -> int:
    """Write a folder for each study and below it for each series; return how many files.

    The pixels are holes in the files, which have their full size but take no room on disk or in the page cache.
    """
    size = len(_template(edge))
    for study in range(1, studies + 1):
        for of_study in range(1, series + 1):
            folder = root / f"study{study}" / f"series{of_study}"
            folder.mkdir(parents=True)
            for number in range(1, instances + 1):
                with open(folder / f"{number:06d}.dcm", "wb") as file:
                    file.write(plain_ct(study, of_study, number, edge=edge)[: size - 2 * edge * edge])
                    os.truncate(file.fileno(), size)
    return studies * series * instances
