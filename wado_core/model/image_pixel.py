"""The Image Pixel module: how the sample values of a frame lie in memory (PS3.3 C.7.6.3, PS3.5 8.1.1)."""

from dataclasses import dataclass

MONOCHROME = ("MONOCHROME1", "MONOCHROME2")


@dataclass(frozen=True, slots=True)
class ImagePixel:
    """Rows, columns, and the form of one sample (PS3.3 C.7.6.3.1).

    rows, columns: pixels, each at least 1.
    bits_allocated: width of a cell in bits.  bits_stored, high_bit: where the sample lies in its cell (H1.2).
    signed: Pixel Representation = 1, two's complement.
    planar_configuration: 0 = R1 G1 B1 R2 …, 1 = whole planes; meaningless for encapsulated frames (H1.8).
    floating: samples are IEEE 754 floats of ``bits_allocated`` 32 or 64, of Float or Double Float Pixel Data (PS3.3 C.7.6.24, C.7.6.25).
    """

    rows: int
    columns: int
    samples_per_pixel: int
    photometric_interpretation: str
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool = False
    planar_configuration: int = 0
    floating: bool = False

    @property
    def monochrome(self) -> bool:
        """Whether the samples are gray values that pass the grayscale pipeline (PS3.3 C.7.6.3.1.2)."""
        return self.photometric_interpretation in MONOCHROME

    @property
    def native_frame_bits(self) -> int:
        """Size of one uncompressed frame in bits; YBR_FULL_422 and YBR_PARTIAL_422 hold two samples a pixel (C.7.6.3.1.2)."""
        samples = 2 if self.photometric_interpretation in {"YBR_FULL_422", "YBR_PARTIAL_422"} else self.samples_per_pixel
        return self.rows * self.columns * samples * self.bits_allocated


@dataclass(frozen=True, slots=True)
class CodeStream:
    """What the code stream of the first frame says of itself; it wins over the header (H1.6).

    precision: bits of a sample.  signed: as the stream says (JPEG 2000 SIZ); unsigned where the codec knows no sign.
    color_transform: the codec undoes a colour transform of its own (JPEG 2000 MCT, JPEG with Adobe transform 1).
    resolution_levels: how many times the resolution can be halved while decoding (JPEG 2000 COD).
    lossy: samples come out of the decoder other than they went into the encoder; None where the stream does not tell.
    problem: why no decoder takes it, naming the clause; empty when one does.
    is_picture: it is what image/jpeg means, and everybody shows it as we do: baseline JPEG, gray or marked as YCbCr, with neither Exif
        nor a profile of its own (A3.5, A3.7).
    """

    rows: int
    columns: int
    components: int
    precision: int
    signed: bool = False
    color_transform: bool = False
    resolution_levels: int = 0
    lossy: bool | None = None
    problem: str = ""
    is_picture: bool = False
