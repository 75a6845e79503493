"""Rules of part H.2 through the whole pipeline, on objects that differ in one thing (H2.12, H2.13, H2.14, H2.16, H2.18)."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    EnhancedCTImageStorage,
    EnhancedMRImageStorage,
    EnhancedPETImageStorage,
    EnhancedUSVolumeStorage,
    EnhancedXAImageStorage,
    EnhancedXRFImageStorage,
    LegacyConvertedEnhancedCTImageStorage,
    ParametricMapStorage,
    RTDoseStorage,
    SegmentationStorage,
)

import wado_core
from tests.fixtures import file_bytes, image, lookup_table
from tests.fixtures.multi_frame_images import set_value_groups
from tests.reference import render
from tests.reference.rounding import Array
from wado_core.dicom.class_transforms import DOSE_SCALING_INVALID

RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)
SIGNED = (np.arange(256) - 128).astype(np.int8).reshape(16, 16)


def picture(ds: Dataset, frame_number: int = 1, **asked: Any) -> tuple[Array, list[str]]:
    warnings: list[str] = []
    data = wado_core.render(file_bytes(ds), frame_number=frame_number, media_type="image/png", on_warning=warnings.append, **asked)
    with Image.open(BytesIO(data)) as made:
        return np.asarray(made), warnings


def shown(ds: Dataset, frame_number: int = 1) -> Array:
    """Return the picture of an object with which nothing is wrong."""
    found, warnings = picture(ds, frame_number)
    assert warnings == []
    return found


class TestPresentationLutShape:
    """H2.12: MONOCHROME1 is inverted once and MONOCHROME2 never, whatever Presentation LUT Shape says (2050,0020)."""

    @pytest.mark.parametrize("shape", [None, "IDENTITY", "INVERSE", "LIN OD"])
    @pytest.mark.parametrize("window", [None, (100, 200)])
    @pytest.mark.parametrize(("photometric", "inverted"), [("MONOCHROME1", True), ("MONOCHROME2", False)])
    def test_it_changes_nothing(self, photometric: str, inverted: bool, window: tuple[int, int] | None, shape: str | None) -> None:
        attributes = {} if shape is None else {"PresentationLUTShape": shape}
        found = shown(image(RAMP, photometric=photometric, window=window, attributes=attributes)).reshape(-1).astype(int)
        plain = render(image(RAMP, window=window)).reshape(-1).astype(int)
        assert np.array_equal(found, 255 - plain if inverted else plain)
        assert (found[0] > found[-1]) == inverted


class TestPadding:
    """H2.13: compared with stored values before the modality step, no part of the range, black in the end."""

    @pytest.mark.parametrize("padding", [7, (0, 20), (20, 0), (200, 255), (255, 200), (30, 30)])
    @pytest.mark.parametrize("window", [None, (100, 50)])
    @pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
    def test_ranges_in_both_orders(self, photometric: str, window: tuple[int, int] | None, padding: int | tuple[int, int]) -> None:
        ds = image(RAMP, photometric=photometric, window=window, padding=padding, rescale=(2, -30))
        found = shown(ds).reshape(-1)
        assert np.array_equal(found, render(ds).reshape(-1))
        low, high = (padding, padding) if isinstance(padding, int) else (min(padding), max(padding))
        assert not found[low : high + 1].any()
        if window is None:
            kept = np.delete(found, np.arange(low, high + 1))
            assert sorted((kept[0], kept[-1])) == [0, 255]

    @pytest.mark.parametrize("padding", [-128, (-128, -100), (-100, -128), (-1, 0), (100, 127)])
    @pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
    def test_signed_values(self, photometric: str, padding: int | tuple[int, int]) -> None:
        ds = image(SIGNED, photometric=photometric, padding=padding, pixel_representation=1)
        found = shown(ds).reshape(-1)
        assert np.array_equal(found, render(ds).reshape(-1))
        low, high = (padding, padding) if isinstance(padding, int) else (min(padding), max(padding))
        assert not found[low + 128 : high + 129].any()

    @pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
    def test_nothing_but_padding_is_black(self, photometric: str) -> None:
        assert not shown(image(np.full((4, 4), 9, np.uint8), photometric=photometric, padding=9)).any()


class TestClasses:
    """H2.14."""

    def test_doses_without_scaling_are_warned_of_and_drawn(self) -> None:
        ds = image(RAMP.astype(np.uint16), sop_class=RTDoseStorage, modality="RTDOSE")
        found, warnings = picture(ds)
        assert np.array_equal(found, render(ds))
        assert warnings == [DOSE_SCALING_INVALID]

    @pytest.mark.parametrize("scaling", ["3.2E-7", "1.0000000e-6", "0.001953125", "0.1"])
    def test_the_automatic_window_of_a_dose_does_not_depend_on_its_unit(self, scaling: str) -> None:
        cells = (np.arange(256).reshape(16, 16) * 2).astype(np.uint16)
        ds = image(cells, sop_class=RTDoseStorage, modality="RTDOSE", attributes={"DoseGridScaling": scaling})
        assert np.array_equal(shown(ds), render(image(cells)))

    @pytest.mark.parametrize("value", [0, 1])
    def test_a_mask_of_bytes_is_black_or_white_also_where_it_is_all_one(self, value: int) -> None:
        cells = np.full((4, 4), value, np.uint8)
        ds = image(cells, sop_class=SegmentationStorage, modality="SEG", attributes={"SegmentationType": "BINARY"})
        assert np.array_equal(shown(ds), cells * 255)
        assert np.array_equal(render(ds), cells * 255)

    def test_a_label_map_has_the_range_of_its_frame(self) -> None:
        cells = np.array([[0, 1], [2, 5]], np.uint8)
        ds = image(cells, sop_class="1.2.840.10008.5.1.4.1.1.66.7", modality="SEG", attributes={"SegmentationType": "LABELMAP"})
        assert shown(ds).tolist() == [[0, 51], [102, 255]]


ENHANCED = [EnhancedCTImageStorage, EnhancedMRImageStorage, EnhancedPETImageStorage, EnhancedXAImageStorage, EnhancedXRFImageStorage,
            EnhancedUSVolumeStorage, LegacyConvertedEnhancedCTImageStorage, ParametricMapStorage]  # fmt: skip


def enhanced(sop_class: str, frames: int = 3) -> Dataset:
    ds = image(np.stack([np.roll(RAMP, n) for n in range(frames)]), sop_class=sop_class)
    ds.SharedFunctionalGroupsSequence = Sequence([Dataset()])
    ds.PerFrameFunctionalGroupsSequence = Sequence([Dataset() for _ in range(frames)])
    return ds


class TestFunctionalGroups:
    """H2.16: the frame's own, then the shared, then the image's, in every class that has them."""

    @pytest.mark.parametrize("sop_class", ENHANCED)
    def test_the_nearest_counts(self, sop_class: str) -> None:
        ds = enhanced(sop_class)
        ds.RescaleSlope, ds.RescaleIntercept, ds.WindowCenter, ds.WindowWidth = 1, 0, 10, 20
        set_value_groups(ds.SharedFunctionalGroupsSequence[0], (2, -5), None)
        set_value_groups(ds.PerFrameFunctionalGroupsSequence[0], (3, 1), (300, 500))
        set_value_groups(ds.PerFrameFunctionalGroupsSequence[1], None, (40, 90))
        expected = [((3, 1), (300, 500)), ((2, -5), (40, 90)), ((2, -5), (10, 20))]
        for number, (rescale, window) in enumerate(expected, 1):
            plain = image(np.roll(RAMP, number - 1), rescale=rescale, window=window)
            assert np.array_equal(shown(ds, number), render(plain))
            assert np.array_equal(render(ds, number), render(plain))

    def test_the_identity_transformation_replaces_the_image_s(self) -> None:
        """Identity Pixel Value Transformation (PS3.3 C.7.6.16.2.9b)."""
        ds = enhanced(EnhancedMRImageStorage)
        ds.RescaleSlope, ds.RescaleIntercept = 7, 7
        set_value_groups(ds.SharedFunctionalGroupsSequence[0], (1, 0), (100, 50))
        assert np.array_equal(shown(ds), render(image(RAMP, window=(100, 50))))

    def test_frames_beyond_the_groups_have_the_shared_ones(self) -> None:
        ds = enhanced(EnhancedCTImageStorage)
        ds.PerFrameFunctionalGroupsSequence = Sequence([Dataset()])
        set_value_groups(ds.PerFrameFunctionalGroupsSequence[0], (1, 0), (10, 20))
        set_value_groups(ds.SharedFunctionalGroupsSequence[0], (2, 0), (300, 500))
        assert np.array_equal(shown(ds, 1), render(image(RAMP, window=(10, 20))))
        assert np.array_equal(shown(ds, 3), render(image(np.roll(RAMP, 2), rescale=(2, 0), window=(300, 500))))

    @pytest.mark.parametrize("where", ["image", "shared", "frame"])
    def test_what_maps_to_the_real_world_is_not_for_display(self, where: str) -> None:
        """Real World Value Mapping (0040,9096), as slope or as table."""
        mapping = Dataset()
        mapping.RealWorldValueFirstValueMapped, mapping.RealWorldValueLastValueMapped = 0, 255
        mapping.RealWorldValueSlope, mapping.RealWorldValueIntercept = -3.0, 9.0
        mapping.RealWorldValueLUTData = [float(-n) for n in range(256)]
        ds = enhanced(ParametricMapStorage)
        groups = {"image": ds, "shared": ds.SharedFunctionalGroupsSequence[0], "frame": ds.PerFrameFunctionalGroupsSequence[0]}
        groups[where].RealWorldValueMappingSequence = Sequence([mapping])
        assert np.array_equal(shown(ds), RAMP)

    def test_the_pixel_intensity_relationship_is_not_for_display(self) -> None:
        """Its tables (0028,9422) lead to logarithmic or linear intensities, for measuring and subtracting (PS3.3 C.7.6.16.2.13)."""
        table = lookup_table([255 - n for n in range(256)], first=0, bits=8, signed=False)
        table.LUTFunction = "TO_LINEAR"
        ds = enhanced(EnhancedXAImageStorage)
        ds.SharedFunctionalGroupsSequence[0].PixelIntensityRelationshipLUTSequence = Sequence([table])
        ds.PixelIntensityRelationshipLUTSequence = Sequence([table])
        assert np.array_equal(shown(ds), RAMP)


def supplemented(cells: Array, first: int, entries: int = 50, *, bits: int = 16, **traits: Any) -> Dataset:
    attributes = {"PixelPresentation": "COLOR", **traits.pop("attributes", {})}
    ds = image(cells, attributes=attributes, **traits)
    rng = np.random.default_rng(7)
    for color in ("Red", "Green", "Blue"):
        ds.add_new(f"{color}PaletteColorLookupTableDescriptor", "SS" if first < 0 else "US", [entries, first, bits])
        table = rng.integers(256, 1 << bits, entries) if bits == 16 else rng.integers(0, 256, entries)
        ds.add_new(f"{color}PaletteColorLookupTableData", "OW", table.astype("<u2").tobytes())
    return ds


class TestSupplementalPalette:
    """H2.18: stored values from the palette's first on are coloured, those below gray (PS3.3 C.7.6.19)."""

    @pytest.mark.parametrize("presentation", ["COLOR", "MIXED"])
    @pytest.mark.parametrize("bits", [8, 16])
    @pytest.mark.parametrize("traits", [
        {"cells": RAMP, "first": 200}, {"cells": RAMP, "first": 200, "window": (100, 50)}, {"cells": RAMP, "first": 0},
        {"cells": RAMP, "first": 300}, {"cells": RAMP, "first": 200, "rescale": (-2, 7)},
        {"cells": SIGNED, "first": -20, "pixel_representation": 1}, {"cells": RAMP, "first": 200, "padding": (190, 210)},
        {"cells": RAMP, "first": 200, "padding": 255},
        {"cells": np.arange(4096, dtype=np.uint16).reshape(64, 64), "first": 3900, "entries": 100, "bits_stored": 12, "garbage": 5},
    ])  # fmt: skip
    def test_it_is_the_oracle_s(self, traits: dict[str, Any], bits: int, presentation: str) -> None:
        ds = supplemented(**traits, bits=bits, attributes={"PixelPresentation": presentation})
        found = shown(ds)
        assert found.ndim == 3
        assert np.array_equal(found, render(ds))

    def test_the_automatic_window_is_that_of_the_gray_values(self) -> None:
        found = shown(supplemented(RAMP, 100)).reshape(-1, 3)
        assert (found[0].tolist(), found[99].tolist()) == ([0] * 3, [255] * 3)

    def test_colours_are_averaged_and_not_their_indices(self) -> None:
        ds = supplemented(RAMP, 200, window=(100, 200))
        whole = shown(ds).astype(int)
        small, _ = picture(ds, rows=8)
        assert np.array_equal(small, (whole.reshape(8, 2, 8, 2, 3).sum(axis=(1, 3)) * 2 + 4) // 8)

    @pytest.mark.parametrize(
        ("traits", "gray"),
        [({"attributes": {"PixelPresentation": "MONOCHROME"}}, True), ({"attributes": {"PixelPresentation": ""}}, True),
         ({"photometric": "MONOCHROME1"}, True), ({}, False)],
    )  # fmt: skip
    def test_without_the_presentation_it_is_gray(self, traits: dict[str, Any], gray: bool) -> None:
        assert (shown(supplemented(RAMP, 200, **traits)).ndim == 2) == gray

    def test_a_broken_palette_leaves_a_gray_image_and_a_warning(self) -> None:
        ds = supplemented(RAMP, 200, window=(100, 50))
        del ds.GreenPaletteColorLookupTableData
        found, warnings = picture(ds)
        assert np.array_equal(found, render(image(RAMP, window=(100, 50))))
        assert [warning[:11] for warning in warnings] == ["(0028,1202)"]
