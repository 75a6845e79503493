"""J.6: frames and quality. Annotation stands in test_later."""

import numpy as np
import pytest

from tests.conformance.client import JPEG, Wado, decoded
from tests.conformance.jpeg import assert_jpeg_shows, read_jpeg
from tests.fixtures import build
from tests.reference import render


@pytest.mark.parametrize("frame", range(1, 11))
def test_j48_every_frame_can_be_picked(wado: Wado, frame: int) -> None:
    """us10: frameNumber 1 to 10 are 200, each its own picture (A4.70)."""
    assert np.array_equal(wado.picture("us10", f"frameNumber={frame}"), render(build("us10"), frame))


@pytest.mark.parametrize("number", ["11", "0", "-1", "x", "1.0", "", "1,2", "999999999999", "9999999999999", "1e0", "%EF%BC%91", "1%2C2"])
@pytest.mark.parametrize("of", ["us10", "mf1"])
def test_j48_other_frame_numbers_are_refused(wado: Wado, number: str, of: str) -> None:
    """Beyond the frame count, zero, negative, no integer: 400 (A4.72); in mf1, a multi-frame class of one frame, too (A4.74)."""
    assert wado.status(of, f"frameNumber={number}") == 400


@pytest.mark.parametrize("of", ["ct", "rgb0", "jpg"])
def test_j49_frame_numbers_of_single_frames_are_ignored(wado: Wado, of: str) -> None:
    """iso17432: frameNumber=7 of an object that is not multi-frame is ignored (A4.71), but not unchecked (A6.2)."""
    response = wado.get(of, "frameNumber=7")
    assert response.status_code == 200
    assert response.content == wado.get(of).content
    for number in ("0", "-1", "x", "1.0"):
        assert wado.status(of, f"frameNumber={number}") == 400


@pytest.mark.parametrize("of", ["ct", "rgb0"])
def test_j50_quality_is_monotonic(wado: Wado, of: str) -> None:
    """imageQuality=10 is a smaller file than 95; a higher quality never has a larger error (A4.82, A4.84)."""
    exact = render(build(of)).astype(int)
    sizes, errors = [], []
    for quality in (1, 10, 50, 75, 90, 95, 100):
        data = wado.get(of, f"imageQuality={quality}").content
        assert read_jpeg(data).is_baseline
        sizes.append(len(data))
        errors.append(float(np.sqrt(np.mean((decoded(data) - exact) ** 2))))
    assert sizes == sorted(sizes)
    assert errors == sorted(errors, reverse=True)


def test_j50_the_default_is_90(wado: Wado) -> None:
    """No imageQuality is imageQuality=90 (A4.82)."""
    assert wado.get("ct").content == wado.get("ct", "imageQuality=90").content


@pytest.mark.parametrize("quality", ["0", "101", "abc", "-1", "1.5", "", "1e1", "999999999999"])
@pytest.mark.parametrize("media_type", ["image/jpeg", "image/png"])
def test_j50_quality_is_one_to_a_hundred(wado: Wado, quality: str, media_type: str) -> None:
    """Outside 1..100, or no integer: 400 (A4.81), also where the type ignores it."""
    assert wado.status("ct", f"contentType={media_type}&imageQuality={quality}") == 400


def test_j50_png_is_identical_with_and_without_quality(wado: Wado) -> None:
    """PNG with imageQuality=10 is identical to PNG without (A4.84)."""
    for of in ("ct", "rgb0"):
        plain = wado.get(of, "contentType=image/png").content
        for quality in (1, 10, 100):
            assert wado.get(of, f"contentType=image/png&imageQuality={quality}").content == plain


def test_j51_lossy_objects_at_the_best_quality(wado: Wado) -> None:
    """jpg with imageQuality=100: a baseline JPEG of the stored frame, in whatever way it was made (A4.83)."""
    response = wado.get("jpg", "imageQuality=100")
    assert (response.status_code, response.headers["content-type"]) == (200, JPEG)
    assert_jpeg_shows(response.content, render(build("jpg")))
