"""The attributes that decide a picture, and what each may be instead (PS3.3 C.7.6.3, C.7.6.16, C.9.2, C.11; PS3.5 A.4)."""

from collections.abc import Mapping
from types import MappingProxyType

Value = int | str | tuple[int, ...]

PHOTOMETRIC = (
    "MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_422", "YBR_ICT", "YBR_RCT",
    "ARGB", "HSV", "CMYK",
)  # fmt: skip

TRANSFER_SYNTAXES = tuple(
    f"1.2.840.10008.1.2{end}"
    for end in (
        "", ".1", ".1.99", ".2", ".5", ".8.1", ".4.50", ".4.51", ".4.57", ".4.70", ".4.80", ".4.81", ".4.90", ".4.91", ".4.92", ".4.93",
        ".4.100", ".4.102", ".4.107", ".4.110", ".4.111", ".4.112", ".4.201", ".4.203", ".4.94", ".7.1", ".99",
    )
)  # fmt: skip

_CONTRADICTIONS: dict[str, tuple[Value, ...]] = {
    "Rows": (1, 7, 255, 4096),
    "Columns": (1, 7, 255, 4096),
    "BitsAllocated": (1, 8, 12, 16, 24, 32, 64),
    "BitsStored": (1, 7, 8, 12, 16, 17, 32),
    "HighBit": (0, 6, 7, 11, 15, 31),
    "PixelRepresentation": (0, 1, 2),
    "SamplesPerPixel": (1, 2, 3, 4),
    "PlanarConfiguration": (0, 1, 2),
    "PhotometricInterpretation": PHOTOMETRIC,
    "NumberOfFrames": ("1", "2", "3", "1000", "1000000", "-1", "1.5"),
    "RescaleSlope": ("0.5", "-1", "0", "1e-300", "1e300"),
    "RescaleIntercept": ("-1024", "0.1", "1e300", "-1e300"),
    "RescaleType": ("HU", "US"),
    "WindowCenter": ("40", "-1000000", "1e300", "40\\80", "\\40"),
    "WindowWidth": ("400", "0.5", "1", "-5", "1e-300", "1e300", "400\\0", "\\400"),
    "VOILUTFunction": ("LINEAR", "LINEAR_EXACT", "SIGMOID", "linear", "CUBIC"),
    "LUTDescriptor": ((1, 0, 8), (0, 0, 16), (256, 65535, 16), (65535, 32768, 12), (4096, 0, 0), (4096, 0, 255), (10,), (1, 2, 3, 4)),
    "LUTData": ((0,), tuple(range(256)), tuple(range(4096, 0, -1))),
    "RedPaletteColorLookupTableDescriptor": ((1, 0, 8), (0, 0, 16), (256, 65535, 16), (256, 0, 7), (10,)),
    "GreenPaletteColorLookupTableDescriptor": ((1, 0, 8), (0, 0, 16), (256, 65535, 16)),
    "BluePaletteColorLookupTableDescriptor": ((1, 0, 8), (0, 0, 16), (256, 65535, 16)),
    "RedPaletteColorLookupTableData": ((0,), tuple(range(300))),
    "GreenPaletteColorLookupTableData": ((0,),),
    "BluePaletteColorLookupTableData": ((0,),),
    "SegmentedRedPaletteColorLookupTableData": ((0, 1, 5), (2, 1, 0, 0), (1, 65535, 9), (0, 65535, 1), (7, 7, 7)),
    "SegmentedGreenPaletteColorLookupTableData": ((2, 1, 0, 0),),
    "SegmentedBluePaletteColorLookupTableData": ((1, 65535, 9),),
    "PixelPaddingValue": (0, 1, 32768, 63536),
    "PixelPaddingRangeLimit": (0, 100, 32768, 65535),
    "FloatPixelPaddingValue": (0,),
    "PixelAspectRatio": ("1\\1", "3\\2", "0\\1", "1\\0", "-1\\1", "1"),
    "PixelSpacing": ("1\\1", "0.5\\2", "0\\0"),
    "LossyImageCompression": ("00", "01", "02"),
    "LossyImageCompressionRatio": ("1", "0", "-3"),
    "LossyImageCompressionMethod": ("ISO_10918_1", "NONE"),
    "SmallestImagePixelValue": (0, 65535),
    "LargestImagePixelValue": (0, 65535),
    "DoseGridScaling": ("1e-5", "0", "-1", "1e300"),
    "MaximumFractionalValue": (1, 255, 0),
    "SegmentationType": ("BINARY", "FRACTIONAL", "LABELMAP", "OTHER"),
    "PresentationLUTShape": ("IDENTITY", "INVERSE", "LIN OD"),
    "BurnedInAnnotation": ("YES",),
    "TransferSyntaxUID": TRANSFER_SYNTAXES,
    "ICCProfile": ((0, 0, 2, 0x3000), tuple(range(128))),
    "ColorSpace": ("SRGB", "OTHER"),
    "ExtendedOffsetTable": ((0,) * 4, (65535,) * 4, (8, 0, 0, 0) * 3),
    "ExtendedOffsetTableLengths": ((0,) * 4, (65535,) * 4, (8, 0, 0, 0) * 3),
}
CONTRADICTIONS: Mapping[str, tuple[Value, ...]] = MappingProxyType(_CONTRADICTIONS)
"""By keyword: other values that are legal somewhere.  Their VR is that of the dictionary (PS3.6), words where it leaves a choice."""

OVERLAY: Mapping[int, tuple[str, tuple[Value, ...]]] = MappingProxyType(
    {
        0x0010: ("US", ((0,), (1,), (4096,), (65535,))),
        0x0011: ("US", ((0,), (1,), (4096,), (65535,))),
        0x0015: ("IS", ("0", "2", "1000000", "-1")),
        0x0022: ("LO", ("text",)),
        0x0040: ("CS", ("G", "R", "X")),
        0x0050: ("SS", ((1, 1), (-32768, 32767), (0, 0), (1,), (65535, 65535))),
        0x0051: ("US", ((0,), (1,), (65535,))),
        0x0100: ("US", ((1,), (8,), (16,), (0,))),
        0x0102: ("US", ((0,), (15,), (16,), (65535,))),
        0x3000: ("OW", ((0xFFFF,), (0x5555,) * 64)),
    }
)
"""Of an overlay group 60xx, by element number: VR, and other values (PS3.3 C.9.2)."""

SEQUENCES = (
    "ModalityLUTSequence", "VOILUTSequence", "PixelValueTransformationSequence", "FrameVOILUTSequence", "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence", "PixelMeasuresSequence", "OpticalPathSequence", "SegmentSequence",
    "SegmentIdentificationSequence", "FrameContentSequence", "PaletteColorLookupTableSequence",
)  # fmt: skip
"""Sequences that are broken as a whole, and whose items' attributes are broken in turn."""

MOST_ITEMS = 2
"""Items of one sequence whose attributes are broken: the first and the last."""
