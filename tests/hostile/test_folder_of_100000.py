"""One folder of 100,000 files: indexed, looked at again, in memory that hardly grows."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.wado_core.services.plain_ct import plain_ct

FEW = 10_000
MANY = 20_000 if os.environ.get("CI") else 100_000
"""A fifth where many such runs share slow machines."""
LONGEST_S = 300.0
"""Of one process, many times what it takes."""

# The names of one folder are sorted, so that it is walked in the same order every time: path and location of each file, and once more
# when what is known of the folder is compared with what is there. Nothing else may grow with it.
BYTES_OF_A_FILE = 900
SLACK_BYTES = 8 << 20

_LONG_AGO = 1_500_000_000


def write(root: Path, files: int) -> None:
    """Write plain CT images of one pixel into one folder."""
    root.mkdir()
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    for number in range(files):
        file = os.open(f"IM{number:06d}", os.O_CREAT | os.O_WRONLY, 0o644, dir_fd=folder)
        os.write(file, plain_ct(1, 1 + number // 1000, number, edge=1))
        os.utime(file, (_LONG_AGO, _LONG_AGO))
        os.close(file)
    os.close(folder)


def run(folder: Path, files: int) -> dict[str, float]:
    write(folder / f"{files}", files)
    command = [sys.executable, "-m", "tests.hostile.folder_run", f"{folder}/state of {files}", f"{folder}/{files}"]
    done = subprocess.run(command, check=True, capture_output=True, timeout=LONGEST_S, cwd=Path(__file__).parents[2])
    told: dict[str, float] = json.loads(done.stdout)
    assert (told["found"], told["read"], told["unchanged"], told["read_again"]) == (files, files, files, 0)
    return told


def test_a_large_folder_takes_little_more_memory_than_a_small_one(tmp_path: Path) -> None:
    few, many = run(tmp_path, FEW), run(tmp_path, MANY)
    most = SLACK_BYTES + (MANY - FEW) * BYTES_OF_A_FILE
    assert many["first_peak"] - few["first_peak"] <= most
    assert many["second_peak"] - few["second_peak"] <= most
    # Nor does its time grow with the square of its files; processor time, because other programs may take turns.
    times = MANY / FEW
    assert many["second_s"] <= 3 * times * max(few["second_s"], 0.1)
    assert many["first_s"] <= 3 * times * few["first_s"]
