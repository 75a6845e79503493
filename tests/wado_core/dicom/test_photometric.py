"""Photometric Interpretation as it is meant, and what is refused by its tag (PS3.3 C.7.6.3.1.2; H3.1, H3.3, H3.7, H1.6)."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import JPEG2000Lossless, JPEGBaseline8Bit, RLELossless

import wado_core
from tests.fixtures import file_bytes, image
from tests.fixtures.code_streams import jpeg, jpeg_2000, rle
from tests.fixtures.color_images import pal, pal16
from tests.fixtures.phantom import color_bars
from tests.reference import render
from wado_core.dicom.photometric import interpretation
from wado_core.errors import DamagedObject, NotSupported, WadoError

GRAY = (np.arange(48 * 64) % 251).astype(np.uint8).reshape(48, 64)
NOT_AS_THE_STANDARD_WRITES = pytest.mark.filterwarnings("ignore:Invalid value for VR CS")
TAGS = "(0028,0002) Samples per Pixel", "(0028,0004) Photometric Interpretation"


def picture(ds: Dataset) -> tuple[Any, list[str]]:
    warnings: list[str] = []
    with Image.open(BytesIO(wado_core.render(file_bytes(ds), media_type="image/png", on_warning=warnings.append))) as made:
        return np.asarray(made), warnings


def refusal(ds: Dataset) -> WadoError:
    with pytest.raises((NotSupported, DamagedObject)) as caught:
        wado_core.render(file_bytes(ds))
    return caught.value


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("MONOCHROME2", "MONOCHROME2"), ("monochrome1", "MONOCHROME1"), ("MONOCHROME 2", "MONOCHROME2"), ("Monochrome_2", "MONOCHROME2"),
        ("PALETTE_COLOR", "PALETTE COLOR"), ("PALETTECOLOR", "PALETTE COLOR"), ("rgb", "RGB"), ("YBR-FULL", "YBR_FULL"),
        ("YBR_FULL_4", "YBR_FULL_4"), ("MONOCHROME", "MONOCHROME"), ("MONOCHROME3", "MONOCHROME3"), ("YBR", "YBR"),
        ("a value far longer than a Code String is", "a value far long"),
    ],
)  # fmt: skip
def test_only_what_is_certain_is_corrected(text: str, meant: str) -> None:
    assert interpretation(text, 1) == meant


@NOT_AS_THE_STANDARD_WRITES
@pytest.mark.parametrize("stated", ["monochrome2", "MONOCHROME 2", "MONOCHROME2 "])
def test_misspelt_ones_draw_the_same(stated: str) -> None:
    found, warnings = picture(image(GRAY, attributes={"PhotometricInterpretation": stated}))
    assert np.array_equal(found, render(image(GRAY)))
    assert warnings == []


@pytest.mark.parametrize("stated", [None, ""])
def test_without_one_it_is_gray_or_rgb_and_warned_of(stated: str | None) -> None:
    gray, warnings = picture(image(GRAY, attributes={"PhotometricInterpretation": stated}))
    assert np.array_equal(gray, render(image(GRAY)))
    assert warnings == [f"{TAGS[1]} is missing (PS3.3 C.7.6.3.1.2): MONOCHROME2 was used."]
    colors, warnings = picture(image(color_bars(), photometric="RGB", attributes={"PhotometricInterpretation": stated}))
    assert np.array_equal(colors, color_bars())
    assert "RGB was used" in warnings[0]


@NOT_AS_THE_STANDARD_WRITES
@pytest.mark.parametrize("stated", ["HSV", "ARGB", "CMYK", "YBR_PARTIAL_420", "hsv"])
def test_models_that_are_not_rendered_are_named(stated: str) -> None:
    """H3.7."""
    refused = refusal(image(color_bars(), photometric="RGB", attributes={"PhotometricInterpretation": stated}))
    assert isinstance(refused, NotSupported)
    assert str(refused) == f"{TAGS[1]} is {stated.upper()}, which is not rendered (PS3.3 C.7.6.3.1.2)."


@NOT_AS_THE_STANDARD_WRITES
@pytest.mark.parametrize("stated", ["MONOCHROME", "YBR_FULL_4", "DOE^JOHN"])
def test_unknown_models_are_not_repeated(stated: str) -> None:
    """What stands there may be anything, and goes to anybody."""
    refused = refusal(image(GRAY, attributes={"PhotometricInterpretation": stated}))
    assert str(refused) == f"{TAGS[1]} is none of those of PS3.3 C.7.6.3.1.2."


def test_too_many_samples_over_data_of_one_are_corrected() -> None:
    found, warnings = picture(image(GRAY, attributes={"SamplesPerPixel": 3}))
    assert np.array_equal(found, render(image(GRAY)))
    contradiction = f"{TAGS[0]} is 3, {TAGS[1]} is MONOCHROME2 (PS3.3 C.7.6.3.1.2)"
    assert warnings == [f"{contradiction}, but the pixel data is as long as that of one sample, which was used."]


@pytest.mark.parametrize("samples", [1, 2, 4, None])
def test_too_few_samples_over_data_of_three_are_corrected(samples: int | None) -> None:
    ds = image(color_bars(), photometric="RGB", attributes={"SamplesPerPixel": samples})
    found, warnings = picture(ds)
    assert np.array_equal(found, color_bars())
    assert "as long as that of three samples" in warnings[0]


@pytest.mark.parametrize(
    "ds",
    [
        image(color_bars(), photometric="RGB", attributes={"PhotometricInterpretation": "MONOCHROME2"}),
        image(GRAY, attributes={"PhotometricInterpretation": "RGB"}),
        image(GRAY, attributes={"PhotometricInterpretation": "YBR_FULL"}),
    ],
)
def test_samples_that_nothing_explains_are_refused_by_both_tags(ds: Dataset) -> None:
    refused = refusal(ds)
    assert isinstance(refused, DamagedObject)
    assert all(tag in str(refused) or "asks for" in str(refused) for tag in TAGS)


def encapsulated(stream: bytes, syntax: str, photometric: str, samples: int) -> Dataset:
    cells = GRAY if photometric in ("MONOCHROME2", "PALETTE COLOR") else color_bars()
    attributes = {"SamplesPerPixel": samples}
    return image(cells, photometric=photometric, transfer_syntax=syntax, code_streams=[stream], attributes=attributes)


@pytest.mark.parametrize(("photometric", "samples"), [("RGB", 3), ("YBR_FULL_422", 3), ("MONOCHROME2", 3), ("RGB", 1)])
def test_a_code_stream_of_one_component_is_gray(photometric: str, samples: int) -> None:
    """H1.6."""
    found, warnings = picture(encapsulated(jpeg_2000(GRAY, bits_stored=8), JPEG2000Lossless, photometric, samples))
    assert np.array_equal(found, render(image(GRAY)))
    assert "the code stream has one sample" in warnings[0]


@pytest.mark.parametrize(("photometric", "samples"), [("MONOCHROME2", 1), ("PALETTE COLOR", 1), ("RGB", 1), ("MONOCHROME2", 3)])
def test_a_code_stream_of_three_components_is_in_colour(photometric: str, samples: int) -> None:
    found, warnings = picture(encapsulated(jpeg_2000(color_bars(), bits_stored=8), JPEG2000Lossless, photometric, samples))
    assert np.array_equal(found, color_bars())
    assert "the code stream has three samples" in warnings[0]
    lossy, _ = picture(encapsulated(jpeg(color_bars(), quality=100), JPEGBaseline8Bit, photometric, samples))
    assert np.abs(lossy.astype(int) - color_bars()).max() <= 6


@pytest.mark.parametrize("photometric", ["YBR_RCT", "YBR_ICT", "XYB"])
@pytest.mark.parametrize("compressed", [False, True])
def test_models_of_other_codecs_are_rgb(photometric: str, compressed: bool) -> None:
    """H3.4: writers that decode JPEG 2000 or JPEG XL leave its label behind."""
    ds = image(
        color_bars(),
        photometric=photometric,
        transfer_syntax=RLELossless if compressed else "1.2.840.10008.1.2.1",
        code_streams=[rle(color_bars())] if compressed else None,
    )
    found, warnings = picture(ds)
    assert np.array_equal(found, color_bars())
    assert warnings == [f"{TAGS[1]} is {photometric}, which this transfer syntax does not have (PS3.3 C.7.6.3.1.2): RGB was used."]


def test_pairs_of_pixels_in_an_odd_number_of_columns_are_refused() -> None:
    ds = image(color_bars()[:, :62], photometric="YBR_FULL_422")
    ds.Columns = 61
    assert str(refusal(ds)) == "(0028,0011) Columns is 61; the pixels of YBR_FULL_422 come in pairs (PS3.3 C.7.6.3.1.2)."


def test_partial_ranges_are_refused_where_a_codec_has_its_own() -> None:
    ds = encapsulated(jpeg(color_bars()), JPEGBaseline8Bit, "YBR_PARTIAL_422", 3)
    assert str(refusal(ds)).startswith(f"{TAGS[1]} is YBR_PARTIAL_422, which is not rendered in JPEG Baseline")


@pytest.mark.parametrize("keyword", ["RedPaletteColorLookupTableDescriptor", "BluePaletteColorLookupTableData"])
def test_indices_without_a_palette_are_drawn_as_gray_values(keyword: str) -> None:
    """H3.1: over the full range of the frame, whatever rescale and window stand there."""
    ds = pal()
    delattr(ds, keyword)
    ds.RescaleSlope, ds.RescaleIntercept, ds.WindowCenter, ds.WindowWidth = -1, 5, 3, 4
    found, warnings = picture(ds)
    assert np.array_equal(found, np.arange(256, dtype=np.uint8).reshape(16, 16))
    assert len(warnings) == 1
    assert warnings[0].startswith("(0028,1101) Red" if "Red" in keyword else "(0028,1203) Blue")
    assert "(PS3.3 C.7.6.3.1.5)" in warnings[0]
    assert warnings[0].endswith("Stored values are drawn as gray values.")


@pytest.mark.parametrize("photometric", ["PALETTE COLOR", "MONOCHROME2"])
def test_indices_of_32_bits_are_looked_up_without_a_table_of_all_of_them(photometric: str) -> None:
    """Also those of supplemental palettes (H2.18), whose first value is that of the third colour here."""
    cells = np.arange(256, dtype=np.uint32).reshape(16, 16)
    cells[-1, -1] = 4_000_000_000
    ds = image(cells, photometric=photometric, window=(1, 2), attributes={"PixelPresentation": "COLOR"})
    first = 0 if photometric == "PALETTE COLOR" else 2
    for color in ("Red", "Green", "Blue"):
        ds.add_new(f"{color}PaletteColorLookupTableDescriptor", "US", [256 - first, first, 8])
        ds.add_new(f"{color}PaletteColorLookupTableData", "OW", bytes(255 - n for n in range(first, 256)))
    found, warnings = picture(ds)
    expected = 255 - np.arange(256)
    expected[:first] = [0, 255][:first]
    assert np.array_equal(found, expected.reshape(16, 16, 1).repeat(3, axis=2))
    assert warnings == []


@pytest.mark.parametrize("photometric", ["PALETTE COLOR", "MONOCHROME2"])
def test_floats_are_no_indices(photometric: str) -> None:
    """They are drawn as gray values, with a warning (PS3.3 C.7.6.24)."""
    ds = pal16()
    ds.PhotometricInterpretation, ds.PixelPresentation, ds.BitsAllocated = photometric, "COLOR", 32
    del ds.PixelData, ds.BitsStored, ds.HighBit
    ds.FloatPixelData = np.arange(256, dtype="<f4").tobytes()
    found, warnings = picture(ds)
    assert np.array_equal(found, np.arange(256, dtype=np.uint8).reshape(16, 16))
    assert [warning[:11] for warning in warnings] == ["(0028,1101)"]
