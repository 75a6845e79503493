"""Grayscale transformations: stored value → modality unit → display value (PS3.3 C.11.1, C.11.2)."""

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from wado_core.model.byte_range import ByteRange


class VoiLutFunction(Enum):
    """VOI LUT Function (0028,1056) (PS3.3 C.11.2.1.2, C.11.2.1.3)."""

    LINEAR = "LINEAR"
    LINEAR_EXACT = "LINEAR_EXACT"
    SIGMOID = "SIGMOID"


@dataclass(frozen=True, slots=True)
class Window:
    """A window in modality units; ``width`` is at least 1 for LINEAR, above 0 for the others (PS3.3 C.11.2.1.2)."""

    center: float
    width: float
    function: VoiLutFunction = VoiLutFunction.LINEAR

    def misses(self, values: "ValueRange") -> bool:
        """Say whether all values become black, or all white, exactly (C.11.2.1.2.1, C.11.2.1.3.2); SIGMOID reaches every value."""
        if values.empty or self.function is VoiLutFunction.SIGMOID:
            return False
        shift = Fraction(1, 2) if self.function is VoiLutFunction.LINEAR else Fraction(0)
        center, half = Fraction(repr(self.center)) - shift, Fraction(repr(self.width)) / 2 - shift
        return Fraction(repr(values.high)) <= center - half or Fraction(repr(values.low)) > center + half


@dataclass(frozen=True, slots=True)
class Rescale:
    """Stored value to modality unit: ``slope * value + intercept`` (PS3.3 C.11.1.1.2)."""

    slope: float = 1.0
    intercept: float = 0.0


@dataclass(frozen=True, slots=True)
class StoredLut:
    """A lookup table as its descriptor describes it, and where its entries lie (PS3.3 C.11.1.1.1, C.11.2.1.1, C.7.6.3.1.5).

    first: input value mapped to the first entry; inputs beyond either end take the end's entry (H2.2).
    bits: width of an entry, 8 to 16; the output range is 0 … 2**bits - 1, whatever entries occur (H2.3).
    count: entries, at least 1.
    data: bytes that hold them: 16-bit words, or two entries a word (``packed``), the first in its low byte.
    big_endian: byte order of the words.
    segmented: words, or if ``packed`` bytes, of a Segmented Palette Color Lookup Table (PS3.3 C.7.9.2).
    """

    first: int
    bits: int
    count: int
    data: ByteRange
    packed: bool = False
    big_endian: bool = False
    segmented: bool = False


@dataclass(frozen=True, slots=True)
class Lut:
    """A lookup table that has been read: ``entries`` are uint16 values, little endian; the rest as in StoredLut."""

    first: int
    bits: int
    entries: bytes

    def __len__(self) -> int:
        return len(self.entries) // 2


@dataclass(frozen=True, slots=True)
class Padding:
    """Stored values low … high, both inclusive, that are no part of the image (PS3.3 C.7.5.1.1.2, H2.13); floats of float pixel data."""

    low: int | float
    high: int | float


@dataclass(frozen=True, slots=True)
class FrameTransform:
    """The modality and VOI transformations that hold for a frame (PS3.3 C.7.6.16.2.9, C.7.6.16.2.10, C.11.1, C.11.2).

    At most one of ``rescale`` and ``modality_lut`` is used, the table first; both absent is the identity (H2.1).
    ``window`` comes before ``voi_lut`` when both are stored (A4.63); both absent is the automatic window (H2.15).
    modality_problem, voi_problem: what is broken among the stored ones, tag first; it counts as absent and is warned of (H2.17),
        what is wrong with the VOI transformation only where it is used.
    """

    rescale: Rescale | None = None
    modality_lut: StoredLut | None = None
    window: Window | None = None
    voi_lut: StoredLut | None = None
    modality_problem: str = ""
    voi_problem: str = ""


@dataclass(frozen=True, slots=True)
class ValueRange:
    """Smallest and largest non-padding value of a whole frame in modality units (H2.15); ``empty``: nothing but padding."""

    low: float
    high: float
    empty: bool = False
