"""The oracle: one frame of a DICOM object to the 8-bit picture the server must send, composed from the equations."""

from collections.abc import Sequence
from io import BytesIO
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRBigEndian, ImplicitVRLittleEndian

from tests.reference import color, geometry, grayscale, overlay
from tests.reference.lut import Lut, palette, sequence_lut
from tests.reference.rounding import Array, Gray, Number
from tests.reference.samples import frame_samples, stored_cells

RT_DOSE, SEGMENTATION = "1.2.840.10008.5.1.4.1.1.481.2", "1.2.840.10008.5.1.4.1.1.66.4"

Source = Dataset | Path | str | bytes


def render(
    source: Source,
    frame_number: int = 1,
    window: tuple[Number, Number] | None = None,
    region: Sequence[Number] | None = None,
    rows: int | None = None,
    columns: int | None = None,
    *,
    overlays: bool = False,
) -> Gray:
    """Render one frame: the whole matrix first, then the region, then the size (A4.53).

    window: center and width, applied with LINEAR in place of the stored VOI (A4.62, A4.65); ignored for colour (A4.64).
    region: xmin, ymin, xmax, ymax, 0..1.  rows, columns: maxima.
    overlays: painted over the whole matrix (H5.14).
    Returns (rows, columns) or (rows, columns, 3) uint8.
    """
    ds = read(source)
    picture = render_matrix(ds, frame_number, window)
    if overlays:
        picture = overlay.paint(picture, ds, frame_number, stored_cells(ds, frame_number))
    if region is not None:
        x0, y0, x1, y1 = geometry.region_pixels(region, *picture.shape[:2])
        picture = picture[y0:y1, x0:x1]
    height, width = geometry.target_size(picture.shape[0], picture.shape[1], rows, columns)
    return geometry.resample(picture, height, width)


def read(source: Source) -> Dataset:
    """Read a DICOM object; a bare data set without File Meta Information counts as Implicit VR Little Endian (PS3.10 7.5).

    pydicom leaves out fragments that no delimiter ends; they are read as if one stood at the end of the object (H1.5).
    """
    if isinstance(source, Dataset):
        return source
    data = source if isinstance(source, bytes) else Path(source).read_bytes()
    ds = dcmread(BytesIO(data), force=True)
    if "PixelData" not in ds and b"\xe0\x7f\x10\x00" in data:
        ds = dcmread(BytesIO(data + bytes.fromhex("feffdde0 00000000")), force=True)
    if "TransferSyntaxUID" not in ds.file_meta:
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    return ds


def render_matrix(ds: Dataset, frame_number: int = 1, window: tuple[Number, Number] | None = None) -> Gray:
    """Render the whole matrix of one frame, one output pixel for each stored one (A4.43)."""
    samples, photometric = frame_samples(ds, frame_number)
    if photometric == "PALETTE COLOR":
        return color.palette_to_rgb(samples, palette(ds, "Red"), palette(ds, "Green"), palette(ds, "Blue"))
    if photometric == "MONOCHROME2" and _has_supplemental_palette(ds):
        return _supplemented(ds, samples, frame_number, window)
    if photometric.startswith("MONOCHROME"):
        return render_gray(ds, samples, frame_number, window, inverted=photometric == "MONOCHROME1")
    rgb = color.to_8bit_samples(samples, ds.BitsStored)
    if photometric in ("YBR_FULL", "YBR_FULL_422"):
        return color.ybr_full_to_rgb(rgb)
    if photometric == "YBR_PARTIAL_422":
        return color.ybr_partial_to_rgb(rgb)
    if photometric == "RGB":
        return rgb
    raise ValueError(f"no rule for {photometric}")


def _has_supplemental_palette(ds: Dataset) -> bool:
    return ds.get("PixelPresentation") in ("COLOR", "MIXED") and "RedPaletteColorLookupTableDescriptor" in ds


def _supplemented(ds: Dataset, stored: Array, frame_number: int, window: tuple[Number, Number] | None) -> Gray:
    """Colour the stored values from the first that the palette maps on; those below and padding are gray (H2.18).

    The automatic window is that of the gray values alone.  Returns (rows, columns, 3).
    """
    tables = [palette(ds, name) for name in ("Red", "Green", "Blue")]
    padding = stored_padding(ds, stored)
    colored = stored >= tables[0].first
    if padding is not None:
        colored &= ~padding
    gray = render_gray(ds, stored, frame_number, window, inverted=False, colored=colored)
    return np.where(colored[..., None], color.palette_to_rgb(stored, *tables), gray[..., None]).astype(np.uint8)


def render_gray(
    ds: Dataset,
    stored: Array,
    frame_number: int,
    window: tuple[Number, Number] | None,
    *,
    inverted: bool,
    colored: Array | None = None,
) -> Gray:
    """Run padding, modality, VOI and inversion in this order (H.2); padding is black in the end, also when inverted (H2.13).

    colored: pixels that are no gray values.
    An image without a range of values is black as well, whatever its photometric interpretation (H2.15).
    """
    padding = stored_padding(ds, stored)
    values = modality(ds, stored, frame_number)
    display = voi(ds, values, frame_number, window)
    if display is None:
        apart = [mask for mask in (padding, colored) if mask is not None]
        bounds = grayscale.automatic_window(values, np.logical_or.reduce(apart) if apart else None)
        if bounds is None:
            return np.zeros(stored.shape, dtype=np.uint8)
        display = grayscale.linear(values, *bounds)
    if inverted:
        display = grayscale.invert(display)
    return display if padding is None else np.where(padding, np.uint8(0), display)


def stored_padding(ds: Dataset, stored: Array) -> Array | None:
    """Return the mask of padding pixels; None without Pixel Padding Value (0028,0120), or its twin for the kind of pixel data (H2.13).

    The twins belong to Float and Double Float Pixel Data alone (PS3.3 C.7.6.24, C.7.6.25).  What is no number is padding in any case.
    """
    kind = next((kind for kind in ("DoubleFloat", "Float") if f"{kind}PixelData" in ds), "")
    value, limit = ds.get(f"{kind}PixelPaddingValue"), ds.get(f"{kind}PixelPaddingRangeLimit")
    lost = np.isnan(stored) if stored.dtype.kind == "f" else None
    if value is None:
        return lost
    if not kind:
        value, limit = _as_stored(ds, value), None if limit is None else _as_stored(ds, limit)
    padded = grayscale.padding_mask(stored, value, limit)
    return padded if lost is None else padded | lost


def _as_stored(ds: Dataset, value: int) -> int:
    """Read a 16-bit US or SS value as Pixel Representation says, whatever VR the file gave it (H1.4)."""
    word = int(value) & 0xFFFF
    return word - 0x10000 if ds.PixelRepresentation == 1 and word >= 0x8000 else word


def modality(ds: Dataset, stored: Array, frame_number: int) -> Array:
    """Apply the functional group's rescale, else the Modality LUT, else the top level's rescale (H2.1). Returns float64."""
    for item in functional_group(ds, frame_number, "PixelValueTransformationSequence"):
        return grayscale.rescale(stored, *_rescale_of(item))
    if ds.get("SOPClassUID") == RT_DOSE and float(ds.get("DoseGridScaling") or 0) > 0:
        return grayscale.rescale(stored, float(ds.DoseGridScaling), 0)
    lut = _modality_lut(ds)
    if lut is not None:
        return grayscale.modality_lut(stored, lut)
    return grayscale.rescale(stored, *_rescale_of(ds))


def _modality_lut(ds: Dataset) -> Lut | None:
    if not holds_table(ds, "ModalityLUTSequence"):
        return None
    return sequence_lut(ds.ModalityLUTSequence[0], big_endian=_is_big_endian(ds), signed_input=ds.PixelRepresentation == 1)


def holds_table(ds: Dataset, keyword: str) -> bool:
    """Whether a sequence has an item with a table in it: some writers leave empty elements there, and mean none."""
    return bool(ds.get(keyword)) and ds[keyword].value[0].get("LUTDescriptor") is not None


def _rescale_of(item: Dataset) -> tuple[float, float]:
    slope, intercept = item.get("RescaleSlope"), item.get("RescaleIntercept")
    return 1.0 if slope is None else float(slope), 0.0 if intercept is None else float(intercept)


def voi(ds: Dataset, values: Array, frame_number: int, window: tuple[Number, Number] | None) -> Gray | None:
    """Choose the VOI transformation and apply it: the request's window, the functional groups, the image (A4.63, H2.16).

    Within each of them a window goes before a table, and of several the first counts (H2.4).  None: nothing is stored.
    """
    if window is not None:
        return grayscale.linear(values, *window)
    for item in [*functional_group(ds, frame_number, "FrameVOILUTSequence"), ds]:
        stored = stored_window(item)
        if stored is not None:
            center, width, function = stored
            return grayscale.WINDOW_FUNCTIONS[function](values, center, width)
        if holds_table(item, "VOILUTSequence"):
            signed = _can_be_negative(ds, frame_number)
            return grayscale.voi_lut(values, sequence_lut(item.VOILUTSequence[0], big_endian=_is_big_endian(ds), signed_input=signed))
    ends = _ends_of_class(ds)
    if ends is None or _modality_lut(ds) is not None:
        return None
    bounds = grayscale.automatic_window(modality(ds, np.array(ends), frame_number))
    assert bounds is not None
    return grayscale.linear(values, *bounds)


def _ends_of_class(ds: Dataset) -> tuple[int, int] | None:
    """Return the stored values that are black and white whatever a frame holds: of bits and of segmentations (H2.14)."""
    bits = ds.get("BitsStored") or 0
    if ds.get("SOPClassUID") == SEGMENTATION:
        if ds.get("SegmentationType") == "BINARY":
            return 0, 1
        if ds.get("SegmentationType") == "FRACTIONAL" and bits > 1:
            most = int(ds.get("MaximumFractionalValue") or 0)
            return 0, most if 1 <= most < 1 << bits else (1 << bits) - 1
    return ((-1, 0) if ds.PixelRepresentation == 1 else (0, 1)) if bits == 1 else None


def stored_window(item: Dataset) -> tuple[float, float, str] | None:
    """Return center, width and function of the first stored pair; None when it is absent or broken (H2.8, H2.17).

    Broken: no number, not finite, a width below 1 with LINEAR, a width of 0 or less with the others.
    """
    function = str(item.get("VOILUTFunction") or "LINEAR").strip()
    if function not in grayscale.WINDOW_FUNCTIONS:
        function = "LINEAR"
    center, width = (_first_number(item, keyword) for keyword in ("WindowCenter", "WindowWidth"))
    if center is None or width is None or width <= 0 or (function == "LINEAR" and width < 1):
        return None
    return center, width, function


def _first_number(item: Dataset, keyword: str) -> float | None:
    try:
        value: Any = item.get(keyword)  # pydicom converts here, and refuses text that is no number
        if isinstance(value, Sequence) and not isinstance(value, str):
            value = value[0]
        number = float(value)
    except (TypeError, ValueError, IndexError):
        return None
    return number if isfinite(number) else None


def functional_group(ds: Dataset, frame_number: int, keyword: str) -> list[Dataset]:
    """Return the items of a functional group that hold for a frame, its own before the shared one (PS3.3 C.7.6.16)."""
    per_frame = ds.get("PerFrameFunctionalGroupsSequence") or []
    groups = [*per_frame[frame_number - 1 : frame_number], *(ds.get("SharedFunctionalGroupsSequence") or [])[:1]]
    return [group[keyword].value[0] for group in groups if group.get(keyword)]


def _can_be_negative(ds: Dataset, frame_number: int) -> bool:
    """Tell whether the modality step can give negative values, which decides the sign of a VOI LUT's first input (H2.2)."""
    if not functional_group(ds, frame_number, "PixelValueTransformationSequence") and _modality_lut(ds) is not None:
        return False
    if "PixelData" not in ds:
        return True
    signed, bits = ds.PixelRepresentation == 1, ds.BitsStored
    ends = np.array([-(1 << (bits - 1)), (1 << (bits - 1)) - 1] if signed else [0, (1 << bits) - 1])
    return bool(modality(ds, ends, frame_number).min() < 0)


def _is_big_endian(ds: Dataset) -> bool:
    return UID(ds.file_meta.TransferSyntaxUID) == ExplicitVRBigEndian
