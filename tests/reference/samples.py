"""From stored bytes to sample values of one frame (PS3.5 8.1.1, PS3.3 C.7.6.3.1), slowly and one rule at a time."""

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame
from pydicom.uid import UID, ExplicitVRBigEndian, RLELossless

from tests.reference import code_streams

Array = NDArray[Any]

DEFLATED_IMAGE_FRAME = "1.2.840.10008.1.2.8.1"
"""Which pydicom does not know (PS3.5 A.4.13)."""


def frame_samples(ds: Dataset, frame_number: int) -> tuple[Array, str]:
    """Decode one frame, from 1, into sample values.

    Returns (rows, columns) or (rows, columns, samples), int64 (float64 for float pixel data), and the photometric
    interpretation of these values, which differs from the header's where a codec undoes the colour transform (H3.4).
    Raises IndexError for a frame that does not exist.
    """
    if not 1 <= frame_number <= number_of_frames(ds):
        raise IndexError(f"no frame {frame_number}")
    photometric = str(ds.PhotometricInterpretation)
    for keyword, dtype in (("FloatPixelData", "f4"), ("DoubleFloatPixelData", "f8")):
        if keyword in ds:
            return _float_frame(ds, keyword, dtype, frame_number), photometric
    syntax = UID(ds.file_meta.TransferSyntaxUID)
    representation = ds.PixelRepresentation if ds.BitsAllocated > 1 else 0  # a cell of one bit has no room for a sign
    if syntax in (DEFLATED_IMAGE_FRAME, RLELossless):
        stream = get_frame(ds.PixelData, frame_number - 1, number_of_frames=number_of_frames(ds))
        cells = rle_cells(stream, ds) if syntax == RLELossless else shaped_cells(zlib.decompress(stream, -zlib.MAX_WBITS), ds, 1)
        return sample_values(cells, ds.BitsStored, ds.HighBit, representation), photometric
    if not syntax.is_encapsulated:
        return sample_values(native_cells(ds, frame_number), ds.BitsStored, ds.HighBit, representation), photometric
    decoded, photometric = code_streams.decode(ds, frame_number)
    return sample_values(decoded.astype(np.int64), ds.BitsStored, ds.BitsStored - 1, representation), photometric


def stored_cells(ds: Dataset, frame_number: int) -> Array:
    """Return the cells of a frame with all their bits, where a frame keeps them: native and RLE ones; none of others."""
    syntax = UID(ds.file_meta.TransferSyntaxUID)
    if syntax == RLELossless:
        return rle_cells(get_frame(ds.PixelData, frame_number - 1, number_of_frames=number_of_frames(ds)), ds)
    return np.zeros((0, 0), np.int64) if syntax.is_encapsulated else native_cells(ds, frame_number)


def number_of_frames(ds: Dataset) -> int:
    """Number of Frames (0028,0008), 1 when absent, empty or no number."""
    try:
        return int(ds.get("NumberOfFrames") or 1)
    except ValueError:
        return 1


def sample_values(cells: Array, bits_stored: int, high_bit: int, pixel_representation: int) -> Array:
    """Cut the sample out of its cell and give it its sign (H1.2)."""
    values = (cells >> (high_bit + 1 - bits_stored)) & ((1 << bits_stored) - 1)
    if pixel_representation == 1:
        negative = values >= 1 << (bits_stored - 1)
        values = np.where(negative, values - (1 << bits_stored), values)
    return np.asarray(values)


def native_cells(ds: Dataset, frame_number: int) -> Array:
    """Read the cells of one uncompressed frame, unsigned, in (rows, columns[, samples]) order (H1.3, H1.8)."""
    return shaped_cells(little_endian_bytes(ds, "PixelData", ds.BitsAllocated), ds, frame_number)


def shaped_cells(data: bytes, ds: Dataset, frame_number: int) -> Array:
    """Read the cells of one frame out of little endian bytes; each frame of Deflated Image Frame Compression is the first of its own."""
    rows, columns, samples, allocated = ds.Rows, ds.Columns, ds.SamplesPerPixel, ds.BitsAllocated
    whole = rows * columns * 3 * number_of_frames(ds) * allocated <= len(data) * 8  # labelled so by writers who did not subsample
    if ds.PhotometricInterpretation == "YBR_PARTIAL_422" or (ds.PhotometricInterpretation == "YBR_FULL_422" and not whole):
        return expand_422(read_cells(data, allocated, frame_number, rows * columns * 2).reshape(rows, columns * 2))
    flat = read_cells(data, allocated, frame_number, rows * columns * samples)
    if samples == 1:
        return flat.reshape(rows, columns)
    if ds.PlanarConfiguration == 1:
        return np.moveaxis(flat.reshape(samples, rows, columns), 0, -1)
    return flat.reshape(rows, columns, samples)


def little_endian_bytes(ds: Dataset, keyword: str, cell_bits: int) -> bytes:
    """Return the bytes of an element as a little endian file would hold them (PS3.5 7.3, Annex D).

    In big endian an OW value is a row of 16-bit words with the greater byte first, whatever the cells in it; an OB value is not
    touched.  Wider cells are turned round as a whole, as in pydicom's rtdose_expb.dcm, whose doses are those of rtdose.dcm; the other
    reading, the words of a cell with the lowest first, is tested with files that DCMTK writes.
    """
    data = bytes(ds[keyword].value)
    if UID(ds.file_meta.TransferSyntaxUID) != ExplicitVRBigEndian or (ds[keyword].VR == "OB" and cell_bits <= 8):
        return data
    unit = max(cell_bits // 8, 2)
    return b"".join(data[i : i + unit][::-1] for i in range(0, len(data), unit))


def read_cells(data: bytes, bits_allocated: int, frame_number: int, count: int) -> Array:
    """Read ``count`` cells of a frame out of the unbroken stream of cells of all frames.

    Returns (count,) int64; numbers of Python for cells of 64 bits.
    """
    first = (frame_number - 1) * count
    octets = np.frombuffer(data, dtype=np.uint8).astype(np.int64)
    if bits_allocated == 1:
        bits = [(int(octets[i // 8]) >> (i % 8)) & 1 for i in range(first, first + count)]
        return np.array(bits, dtype=np.int64)
    size = bits_allocated // 8
    if size == 8:
        octets = octets.astype(object)
    frame = octets[first * size : (first + count) * size].reshape(count, size)
    return np.asarray(sum(frame[:, i] << (8 * i) for i in range(size)))


def expand_422(units: Array) -> Array:
    """Y1 Y2 Cb Cr units to a full triple for each pixel, both of a pair with the same chroma (H3.3).

    units: (rows, columns * 2).  Returns (rows, columns, 3).
    """
    rows, width = units.shape
    out = np.zeros((rows, width // 2, 3), dtype=np.int64)
    for column in range(width // 2):
        unit = units[:, column // 2 * 4 : column // 2 * 4 + 4]
        out[:, column, 0] = unit[:, column % 2]
        out[:, column, 1] = unit[:, 2]
        out[:, column, 2] = unit[:, 3]
    return out


def rle_cells(stream: bytes, ds: Dataset) -> Array:
    """Decode an RLE frame (PS3.5 Annex G): a segment per byte of each sample, the most significant byte first.

    Cells of 1 bit are packed as native ones are, from the least significant bit of each byte, and each frame begins a byte.
    """
    rows, columns, samples, size = ds.Rows, ds.Columns, ds.SamplesPerPixel, ds.BitsAllocated // 8
    header = [int.from_bytes(stream[i : i + 4], "little") for i in range(0, 64, 4)]
    ends = [*header[2 : header[0] + 1], len(stream)]
    if ds.BitsAllocated == 1:
        segments = [stream[start:end] for start, end in zip(header[1:], ends, strict=False)]
        bits = [read_cells(unpack_bits(segment, -(-rows * columns // 8)), 1, 1, rows * columns) for segment in segments]
        return bits[0].reshape(rows, columns) if samples == 1 else np.stack(bits, axis=-1).reshape(rows, columns, samples)
    cells = np.zeros((samples, rows * columns), dtype=np.int64)
    for index, (start, end) in enumerate(zip(header[1:], ends, strict=False)):
        octets = unpack_bits(stream[start:end], rows * columns)
        sample, byte = divmod(index, size)
        cells[sample] |= np.frombuffer(octets, dtype=np.uint8).astype(np.int64) << (8 * (size - 1 - byte))
    planes = cells.reshape(samples, rows, columns)
    return planes[0] if samples == 1 else np.moveaxis(planes, 0, -1)


def unpack_bits(segment: bytes, length: int) -> bytes:
    """Decode PackBits runs until ``length`` bytes are there (PS3.5 G.3.2)."""
    out, i = bytearray(), 0
    while len(out) < length:
        n = segment[i]
        if n <= 127:
            out += segment[i + 1 : i + 2 + n]
            i += 2 + n
        elif n >= 129:
            out += segment[i + 1 : i + 2] * (257 - n)
            i += 2
        else:
            i += 1
    return bytes(out[:length])


def _float_frame(ds: Dataset, keyword: str, dtype: str, frame_number: int) -> Array:
    """Read a frame of Float or Double Float Pixel Data (7FE0,0008), (7FE0,0009); one sample a pixel (PS3.3 C.7.6.24)."""
    order = ">" if UID(ds.file_meta.TransferSyntaxUID) == ExplicitVRBigEndian else "<"
    count = ds.Rows * ds.Columns
    values = np.frombuffer(ds[keyword].value, dtype=order + dtype)[(frame_number - 1) * count :][:count]
    return values.astype(np.float64).reshape(ds.Rows, ds.Columns)
