"""What parameter sets and slice headers of H.264 and H.265 say of how pictures are counted (H.264 7.3.2, 7.3.3, H.265 7.3.2.3)."""

from functools import lru_cache

# Profiles whose sequence parameter sets tell of chroma and depth (7.3.2.1.1).
_HIGH = (100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135)
_MOST_ZEROS = 32
# What is read stands within these.
_MOST_BYTES = 256


class _Bits:
    """Reads a NAL unit behind its start code, bit by bit; IndexError at its end."""

    def __init__(self, unit: bytes) -> None:
        self._data = unit[:_MOST_BYTES].replace(b"\0\0\3", b"\0\0")  # emulation prevention (7.4.1)
        self._at = 8  # the header

    def take(self, bits: int = 1) -> int:
        value = 0
        for _ in range(bits):
            value = value << 1 | (self._data[self._at >> 3] >> (7 - (self._at & 7)) & 1)
            self._at += 1
        return value

    def golomb(self) -> int:
        """Return an unsigned Exp-Golomb number (9.1)."""
        zeros = 0
        while not self.take():
            zeros += 1
            if zeros > _MOST_ZEROS:
                raise IndexError
        return (1 << zeros) - 1 + self.take(zeros)


class _Sequence:
    """The beginning of a sequence parameter set. Raises IndexError where it has scaling lists, or counts pictures by offsets."""

    def __init__(self, unit: bytes) -> None:
        bits = _Bits(unit)
        profile = bits.take(8)
        bits.take(16)
        bits.golomb()
        self.planes_apart = False
        if profile in _HIGH:
            if bits.golomb() == 3:
                self.planes_apart = bool(bits.take())
            bits.golomb()
            bits.golomb()
            bits.take()
            if bits.take():
                raise IndexError
        self.frame_number_bits = bits.golomb() + 4
        order = bits.golomb()
        if order == 1:
            raise IndexError
        self.order_bits = bits.golomb() + 4 if order == 0 else 0
        bits.golomb()
        bits.take()
        bits.golomb()
        bits.golomb()
        self.frames_only = bool(bits.take())


_sequence_of = lru_cache(maxsize=16)(_Sequence)


def is_of_frames(sequence: bytes) -> bool:
    """Say whether a sequence parameter set excludes pictures of fields; no, where it is not understood."""
    try:
        return _sequence_of(sequence).frames_only
    except IndexError:
        return False


@lru_cache(maxsize=16)
def _plain_picture_set(unit: bytes) -> bool | None:
    """Say whether slices tell the order of bottom fields too; None where pictures may be redundant, or slices in groups (7.3.2.2)."""
    bits = _Bits(unit)
    bits.golomb()
    bits.golomb()
    bits.take()
    with_bottom = bool(bits.take())
    if bits.golomb():
        return None
    bits.golomb()
    bits.golomb()
    bits.take(3)
    for _ in range(3):
        bits.golomb()
    bits.take(2)
    return None if bits.take() else with_bottom


@lru_cache(maxsize=16)
def hevc_pictures_may_be_hidden(unit: bytes) -> bool:
    """Say whether slices may say of a picture that it is not shown: output_flag_present_flag of a picture parameter set (H.265 7.4.3.3.1).

    unit: the set behind its start code.  Yes, where it is not understood.
    """
    bits = _Bits(unit)
    try:
        bits.take(8)  # the second byte of the header
        bits.golomb()
        bits.golomb()
        bits.take()
        return bool(bits.take())
    except IndexError:
        return True


def h264_pictures_before_are_shown(unit: bytes, sequence: bytes, picture: bytes) -> bool:
    """Say whether an IDR picture lets those before it be shown: its no_output_of_prior_pics_flag is 0 (7.4.3.3).

    unit: the beginning of its first slice.  sequence, picture: its parameter sets.  No, where they are not understood.
    """
    try:
        known = _sequence_of(sequence)
        with_bottom = _plain_picture_set(picture)
        if with_bottom is None or known.planes_apart:
            return False
        bits = _Bits(unit)
        bits.golomb()
        kind = bits.golomb() % 5
        bits.golomb()
        bits.take(known.frame_number_bits)
        bits.golomb()
        bits.take(known.order_bits)
        if with_bottom and known.order_bits:
            bits.golomb()
        return kind == 2 and not bits.take()
    except IndexError:
        return False
