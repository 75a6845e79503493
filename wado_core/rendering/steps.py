"""The steps of a grayscale plan, with the tables that it names read from the object (part H.2)."""

from wado_core.dicom.frames import FrameReader
from wado_core.model.color import Palette
from wado_core.model.grayscale import Lut, StoredLut, ValueRange, Window
from wado_core.model.render import AutomaticWindow, GrayscalePlan
from wado_core.rendering.table import Grayscale, full_range_window


def grayscale_of(gray: GrayscalePlan, reader: FrameReader, palette: Palette | None) -> Grayscale:
    """Return the steps around the VOI transformation.  palette: a supplemental one (H2.18)."""
    modality = reader.lut(gray.modality) if isinstance(gray.modality, StoredLut) else gray.modality
    return Grayscale(modality, gray.inverted, gray.padding, None if palette is None else palette.red.first)


def voi_of(gray: GrayscalePlan, reader: FrameReader, values: ValueRange | None) -> Window | Lut | None:
    """Return the VOI transformation; None draws nothing but background.  values: the range of the frame, for an automatic window."""
    if isinstance(gray.voi, StoredLut):
        return reader.lut(gray.voi)
    if not isinstance(gray.voi, AutomaticWindow):
        return gray.voi
    assert values is not None  # noqa: S101 - who draws with the automatic window has found it
    return full_range_window(values)
