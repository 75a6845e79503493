"""Decoded frames against DCMTK, GDCM, pydicom and FFmpeg: equal stored values for lossless syntaxes, a bound for lossy ones.

The command lines stand in tests/peers/stored_values.py.  First, middle and last frame of every file that we decode are compared, after
H1.2.  Where we deliver RGB and the program YCbCr, its values are converted by H3.3 first.

Bounds, in units of stored values: 0 for lossless syntaxes and for near-lossless JPEG-LS, whose decoder has no choice (T.87);
1 for JPEG 2000 with the irreversible wavelet and for JPEG with DCT, where two decoders may round their inverse transforms and their
colours differently (T.81 and T.800 ask for no more).
"""

import re
from collections import Counter
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from conformance.files import COLLECTIONS, committed, files_of, root_of
from tests.peers.differences import DIFFERENCES
from tests.peers.ours import Ours
from tests.peers.stored_values import DCMTK, DECODES, FFMPEG, GDCM, PROGRAMS, PYDICOM, Refused, Samples, decoded, installed
from tests.reference import color
from wado_core.model import transfer_syntax as syntaxes
from wado_core.model.transfer_syntax import TRANSFER_SYNTAXES

BOUNDS = {syntaxes.JPEG_BASELINE: 1, "1.2.840.10008.1.2.4.51": 1, syntaxes.JPEG_2000: 1}

DISAGREES = 1 << 40
"""The difference from values that a program does not deliver."""


def _cases() -> list[tuple[str, str]]:
    """Return which program is asked for which file."""
    uids = {of.name: uid for uid, of in TRANSFER_SYNTAXES.items()}
    rows = [row for row in committed()[0].values() if row.kind == "rendered"]
    return [(program, row.file) for row in rows for program in PROGRAMS if uids[row.transfer_syntax] in DECODES[program]]


CASES = _cases()
PATHS = {name: path for collection in COLLECTIONS if root_of(collection).is_dir() for name, path in files_of(collection).items()}


@pytest.mark.parametrize(("program", "name"), CASES)
def test_stored_values_are_those_of_another_program(program: str, name: str) -> None:
    if not installed(program):
        pytest.skip(f"STORED VALUES NOT COMPARED: {program} is not installed")
    if name not in PATHS:
        pytest.skip("STORED VALUES NOT COMPARED: the folder of sample files is absent")
    path = PATHS[name]
    ours = _ours(path)
    syntax = ours.instance.transfer_syntax_uid
    found = _difference(program, path, ours)
    known = DIFFERENCES.get(name)
    if known is not None and program in known.programs:
        assert found > BOUNDS.get(syntax, 0), f"no difference any more: {known.reason} ({known.clause})"
    else:
        assert found <= BOUNDS.get(syntax, 0)


@lru_cache(maxsize=2)
def _ours(path: Path) -> Ours:
    """Return a file whose frames are compared with one program after the other."""
    return Ours(path)


def _difference(program: str, path: Path, ours: Ours) -> float:
    """Return the greatest difference in first, middle and last frame."""
    count, most = ours.instance.number_of_frames, 0.0
    try:
        with decoded(program, path, ours.instance.transfer_syntax_uid) as theirs:
            for number in sorted({1, (count + 1) // 2, count}):
                mine = ours.frame(number)
                most = max([most, *(_apart(mine, samples) for samples in theirs.frame(number))])
    except Refused:
        return DISAGREES
    return most


def _apart(mine: Samples, theirs: Samples) -> float:
    values = theirs.values
    if mine.photometric == "RGB" and theirs.photometric.startswith("YBR_FULL") and values.ndim == 3 and values.max() <= 255:
        values = color.ybr_full_to_rgb(values.astype(np.uint8)).astype(np.int64)
    if mine.values.shape != values.shape:
        return DISAGREES
    return float(np.abs(mine.values.astype(np.float64) - values).max())


def test_differences_are_of_files_that_are_compared() -> None:
    """No difference outlives its file; each names its clause."""
    assert {(program, name) for name, known in DIFFERENCES.items() for program in known.programs} <= set(CASES)
    assert all(re.fullmatch(r"H[0-9.]+", known.clause) for known in DIFFERENCES.values())


def test_enough_is_compared() -> None:
    """Each program decodes most files; what none of them decodes is known by its transfer syntax."""
    counts = Counter(program for program, _ in CASES)
    assert min(counts[program] for program in (DCMTK, GDCM, PYDICOM)) > 250, counts
    assert counts[FFMPEG] > 80, counts
