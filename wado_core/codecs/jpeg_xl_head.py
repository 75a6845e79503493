"""What a JPEG XL stream says of itself: size and samples, read from its image header (ISO/IEC 18181-1 Annex D, containers 18181-2)."""

from dataclasses import dataclass
from struct import unpack_from

CODE_STREAM = b"\xff\x0a"
CONTAINER = b"\x00\x00\x00\x0cJXL \x0d\x0a\x87\x0a"

# The image header with the longest names of extra channels that are worth reading.
_HEAD_BYTES = 4096
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_GRAY = 1
_ALPHA, _SPOT_COLOR, _COLOR_FILTER_ARRAY = 0, 2, 5

# Forms of a U32: a constant (0 bits), or an offset and bits to be read, for each of the four selectors.
_Form = tuple[tuple[int, int], tuple[int, int], tuple[int, int], tuple[int, int]]
_SIZE: _Form = ((1, 9), (1, 13), (1, 18), (1, 30))
_PREVIEW_DIV8: _Form = ((16, 0), (32, 0), (1, 5), (33, 9))
_PREVIEW: _Form = ((1, 6), (65, 8), (321, 10), (1345, 12))
_INTEGER_BITS: _Form = ((8, 0), (10, 0), (12, 0), (1, 6))
_FLOAT_BITS: _Form = ((32, 0), (16, 0), (24, 0), (1, 6))
_ENUM: _Form = ((0, 0), (1, 0), (2, 4), (18, 6))
_EXTRA_CHANNELS: _Form = ((0, 0), (1, 0), (2, 4), (1, 12))
_DIMENSION_SHIFT: _Form = ((0, 0), (3, 0), (4, 0), (1, 3))
_NAME_LENGTH: _Form = ((0, 0), (0, 4), (16, 5), (48, 10))
_FILTER_CHANNEL: _Form = ((1, 0), (0, 2), (3, 4), (19, 8))
_TICKS: _Form = ((100, 0), (1000, 0), (1, 10), (1, 30))
_TICK_PARTS: _Form = ((1, 0), (1001, 0), (1, 8), (1, 10))
_LOOPS: _Form = ((0, 0), (0, 3), (0, 16), (0, 32))


@dataclass(frozen=True, slots=True)
class JpegXlHead:
    """The image header of a JPEG XL stream.

    rows, columns: of the decoded picture, its orientation applied.
    precision: bits of a sample; floating: they are floats.  components: of colour, 1 or 3.
    extra_channels: alpha, depth and the like.  animated: more than one picture.
    """

    rows: int
    columns: int
    precision: int
    floating: bool
    components: int
    extra_channels: int
    animated: bool


class _Bits:
    """Bits, least significant first; EOFError at their end."""

    __slots__ = ("_data", "_position")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def bits(self, count: int) -> int:
        first, end = self._position >> 3, (self._position + count + 7) >> 3
        if end > len(self._data):
            raise EOFError
        value = int.from_bytes(self._data[first:end], "little") >> (self._position & 7)
        self._position += count
        return value & ((1 << count) - 1)

    def flag(self) -> bool:
        return self.bits(1) == 1

    def u32(self, form: _Form) -> int:
        offset, count = form[self.bits(2)]
        return offset + self.bits(count)


def read_jpeg_xl_head(data: bytes) -> JpegXlHead | None:
    """Read the image header of a code stream, naked or in a container; None for other data, or when it ends too early."""
    stream = _code_stream(data)
    if not stream.startswith(CODE_STREAM):
        return None
    try:
        return _image_header(_Bits(stream[len(CODE_STREAM) :]))
    except EOFError:
        return None


def _code_stream(data: bytes) -> bytes:
    """Return the beginning of the code stream, out of its boxes where it is in a container (18181-2 clause 9)."""
    if not data.startswith(CONTAINER):
        return data[:_HEAD_BYTES]
    found, offset = b"", 0
    while offset + 8 <= len(data) and len(found) < _HEAD_BYTES:
        length, kind = unpack_from(">L4s", data, offset)
        start = offset + 8
        if length == 1 and offset + 16 <= len(data):
            (length,) = unpack_from(">Q", data, start)
            start += 8
        end = offset + length if length else len(data)
        if kind == b"jxlc":
            return data[start : min(end, start + _HEAD_BYTES)]
        if kind == b"jxlp":  # its first four bytes count the parts
            found += data[start + 4 : min(end, start + 4 + _HEAD_BYTES)]
        if end <= offset + 7:
            break
        offset = end
    return found


def _image_header(bits: _Bits) -> JpegXlHead:
    rows, columns = _size(bits)
    orientation, animated, precision, floating, extra, components = 1, False, 8, False, 0, 3
    if not bits.flag():  # otherwise all has its default
        if bits.flag():
            orientation, animated = _extra_fields(bits)
        precision, floating = _bit_depth(bits)
        bits.flag()  # 16 bits suffice while decoding
        extra = bits.u32(_EXTRA_CHANNELS)
        for _ in range(extra):
            _extra_channel(bits)
        bits.flag()  # XYB
        components = _components(bits)
    if orientation > 4:
        rows, columns = columns, rows
    return JpegXlHead(rows, columns, precision, floating, components, extra, animated)


def _size(bits: _Bits) -> tuple[int, int]:
    small = bits.flag()
    rows = 8 * (bits.bits(5) + 1) if small else bits.u32(_SIZE)
    ratio = bits.bits(3)
    if ratio:
        across, down = _RATIOS[ratio - 1]
        return rows, rows * across // down
    return rows, 8 * (bits.bits(5) + 1) if small else bits.u32(_SIZE)


def _extra_fields(bits: _Bits) -> tuple[int, bool]:
    """Return orientation (1 to 8, as Exif counts), and whether there is an animation."""
    orientation = bits.bits(3) + 1
    if bits.flag():  # the size to be shown at, which decoders do not heed
        _size(bits)
    if bits.flag():
        form = _PREVIEW_DIV8 if bits.flag() else _PREVIEW
        bits.u32(form)
        if not bits.bits(3):
            bits.u32(form)
    animated = bits.flag()
    if animated:
        for form in (_TICKS, _TICK_PARTS, _LOOPS):
            bits.u32(form)
        bits.flag()
    return orientation, animated


def _bit_depth(bits: _Bits) -> tuple[int, bool]:
    floating = bits.flag()
    precision = bits.u32(_FLOAT_BITS if floating else _INTEGER_BITS)
    if floating:
        bits.bits(4)
    return precision, floating


def _extra_channel(bits: _Bits) -> None:
    if bits.flag():
        return
    kind = bits.u32(_ENUM)
    _bit_depth(bits)
    bits.u32(_DIMENSION_SHIFT)
    for _ in range(bits.u32(_NAME_LENGTH)):
        bits.bits(8)
    if kind == _ALPHA:
        bits.flag()
    elif kind == _SPOT_COLOR:
        bits.bits(64)
    elif kind == _COLOR_FILTER_ARRAY:
        bits.u32(_FILTER_CHANNEL)


def _components(bits: _Bits) -> int:
    if bits.flag():
        return 3
    bits.flag()  # an ICC profile follows
    return 1 if bits.u32(_ENUM) == _GRAY else 3
