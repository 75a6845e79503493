"""The page in a real browser: each thumbnail is cut out of its contact sheet, in its place, under the policy that is sent."""

import os
import shutil
import subprocess
from colorsys import hsv_to_rgb
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from tests.fixtures import file_bytes, image
from tests.wado_http.cli.server import LONG_AGO, serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
STUDY, SERIES = "1.2.840.5", "1.2.840.5.1"
# As many as need two rows of a sheet, and a height of the picture that is not that of its cell.
COLORS = [tuple(round(255 * part) for part in hsv_to_rgb(number / 13, 0.9, 0.8)) for number in range(13)]

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="the browser chromium is not installed")


def put(folder: Path, number: int, color: tuple[int, ...]) -> None:
    """Write an object of one colour, 64 rows × 128 columns."""
    cells = np.zeros((64, 128, 3), np.uint8)
    cells[:] = color
    uids = {"StudyInstanceUID": STUDY, "SeriesInstanceUID": SERIES, "SOPInstanceUID": f"{SERIES}.{number}", "InstanceNumber": number}
    path = folder / f"{number}.dcm"
    path.write_bytes(file_bytes(image(cells, photometric="RGB", attributes=uids)))
    os.utime(path, (LONG_AGO, LONG_AGO))


def screenshot(address: str, folder: Path) -> npt.NDArray[np.int16]:
    """Return what the browser shows, (rows, columns, 3); it is told to contact nobody but the address."""
    picture = folder / "page.png"
    subprocess.run(
        [
            str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", f"--user-data-dir={folder / 'profile'}",
            "--force-device-scale-factor=1", "--window-size=1200,1200", "--virtual-time-budget=10000", f"--screenshot={picture}", address,
        ],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return np.asarray(Image.open(BytesIO(picture.read_bytes())).convert("RGB")).astype(np.int16)


def box(shown: npt.NDArray[np.int16], color: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Return left, top, width and height of what has a colour, which must fill it."""
    found = np.abs(shown - np.array(color)).max(axis=2) <= 6
    # A few pixels of text may have it too.
    rows, columns = np.flatnonzero(found.sum(axis=1) > 20), np.flatnonzero(found.sum(axis=0) > 20)
    assert rows.size, f"nothing on the page has the colour {color}"
    height, width = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    assert found[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].mean() > 0.95
    return int(columns[0]), int(rows[0]), int(width), int(height)


@needs_chromium
def test_every_thumbnail_stands_beside_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "served"
    folder.mkdir()
    for number, color in enumerate(COLORS, start=1):
        put(folder, number, color)
    with serving(folder, state=tmp_path / "state") as server:
        server.wait_until_indexed()
        shown = screenshot(f"{server.url}series?studyUID={STUDY}&seriesUID={SERIES}", tmp_path)
        boxes = [box(shown, color) for color in COLORS]
        for _, _, width, height in boxes:
            assert abs(width - 128) <= 2  # coding blurs the edge
            assert abs(height - 64) <= 2
        places = [(top, left) for left, top, _, _ in boxes]
        assert places == sorted(places)  # in the order of their numbers, row by row
        assert len({top for top, _ in places}) > 1
        middle = box(screenshot(server.url, tmp_path), COLORS[6])  # the seventh of thirteen stands for the series
        assert abs(middle[2] - 128) <= 2
