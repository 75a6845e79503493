"""Code streams decoded by other libraries than those of wado_core where there are any, so that one decoder does not judge itself.

GDCM through pydicom first, Pillow through pydicom for what GDCM refuses, then DCMTK's programs; High-Throughput JPEG 2000 by the
OpenJPEG that Pillow holds; what none of them decodes here is left to imagecodecs.  The exact commands are ``dcmdjpeg +cn FILE OUT`` and
``dcmdjpls FILE OUT``, which knows no conversion of colour.
"""

import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.filereader import dcmread
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    SecondaryCaptureImageStorage,
)

Array = NDArray[Any]

SPECTRAL_SELECTION, FULL_PROGRESSION = "1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55"  # retired, without a name in pydicom

PLUGINS = ["gdcm", "pillow"]
"""Of pydicom, in the order in which they are asked; GDCM ends the process on some contradictory headers."""

DCMTK = {
    JPEGExtended12Bit: ("dcmdjpeg", "+cn"),
    SPECTRAL_SELECTION: ("dcmdjpeg", "+cn"),
    FULL_PROGRESSION: ("dcmdjpeg", "+cn"),
    JPEGLossless: ("dcmdjpeg", "+cn"),
    JPEGLosslessSV1: ("dcmdjpeg", "+cn"),
    JPEGLSLossless: ("dcmdjpls",),
    JPEGLSNearLossless: ("dcmdjpls",),
}

HIGH_THROUGHPUT = (HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K)

IMAGECODECS: dict[str, Callable[[bytes], Array]] = {
    SPECTRAL_SELECTION: imagecodecs.jpeg8_decode,
    FULL_PROGRESSION: imagecodecs.jpeg8_decode,
    JPEGExtended12Bit: imagecodecs.jpeg8_decode,
    JPEGLossless: imagecodecs.jpeg8_decode,
    JPEGLosslessSV1: imagecodecs.jpeg8_decode,
    JPEGLSLossless: imagecodecs.jpegls_decode,
    JPEGLSNearLossless: imagecodecs.jpegls_decode,
}
"""Code streams that the others do not decode, or not everywhere."""


def decode(ds: Dataset, frame_number: int) -> tuple[Array, str]:
    """Decode one frame, from 1, of an encapsulated object.

    Returns cells of (rows, columns) or (rows, columns, samples) and the photometric interpretation of these values, which differs
    from the header's where a codec undoes the colour transform (H3.4).  Raises RuntimeError when no decoder takes the stream.
    """
    syntax = UID(ds.file_meta.TransferSyntaxUID)
    decoder = _decoder(syntax)
    for plugin in PLUGINS:
        if decoder is not None and plugin in decoder.available_plugins:
            try:
                cells, meta = decoder.as_array(ds, index=frame_number - 1, raw=True, decoding_plugin=plugin, planar_configuration=0)
            except Exception:  # noqa: BLE001, S112 - whatever it is, the next decoder is asked
                continue
            return cells, "RGB" if _is_transformed(ds, frame_number) else str(meta["photometric_interpretation"])
    stream = get_frame(ds.PixelData, frame_number - 1, number_of_frames=int(ds.get("NumberOfFrames") or 1))
    if syntax in HIGH_THROUGHPUT:
        photometric = "RGB" if ds.PhotometricInterpretation in ("YBR_RCT", "YBR_ICT") else str(ds.PhotometricInterpretation)
        return with_pillow(stream), photometric
    if syntax in DCMTK and shutil.which(DCMTK[syntax][0]):
        with suppress(subprocess.CalledProcessError):
            return with_dcmtk(ds, stream), str(ds.PhotometricInterpretation)
    if syntax in IMAGECODECS:
        return IMAGECODECS[syntax](stream), str(ds.PhotometricInterpretation)
    raise RuntimeError(f"nothing decodes {syntax.name} here")


def _is_transformed(ds: Dataset, frame_number: int) -> bool:
    """Whether a JPEG 2000 stream says that its decoder has a colour transform to undo (T.800 A.6.1), whatever the header says (H3.4)."""
    if UID(ds.file_meta.TransferSyntaxUID) not in (JPEG2000, JPEG2000Lossless):
        return False
    stream = get_frame(ds.PixelData, frame_number - 1, number_of_frames=int(ds.get("NumberOfFrames") or 1))
    coding_style = stream.find(b"\xff\x52")
    return coding_style >= 0 and stream[coding_style + 8] == 1


def with_pillow(stream: bytes) -> Array:
    """Decode a JPEG 2000 stream of 8 or 16 bits a sample with Pillow, which moves signed samples up by half their range."""
    with Image.open(BytesIO(stream)) as image:
        cells = np.asarray(image).astype(np.int64)
    signed, bits = stream[42] >> 7, (stream[42] & 127) + 1  # Ssiz (T.800 A.5.1)
    if bits not in (8, 16):
        raise RuntimeError(f"Pillow scales samples of {bits} bits")
    return cells - (signed << (bits - 1))


def _decoder(syntax: UID) -> Any:
    try:
        return get_decoder(syntax)
    except NotImplementedError:
        return None


def with_dcmtk(ds: Dataset, stream: bytes) -> Array:
    """Decode one code stream with DCMTK's program for its transfer syntax, as the one frame of an object made for that."""
    syntax = UID(ds.file_meta.TransferSyntaxUID)
    one = Dataset()
    one.SOPClassUID, one.SOPInstanceUID = SecondaryCaptureImageStorage, "1.2.3"
    for keyword in (
        "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit",
        "PixelRepresentation",
    ):  # fmt: skip
        if keyword in ds:
            setattr(one, keyword, ds.get(keyword))
    one.PixelData = encapsulate([stream])
    one["PixelData"].is_undefined_length = True
    one.file_meta = FileMetaDataset()
    one.file_meta.TransferSyntaxUID = syntax
    with TemporaryDirectory() as folder:
        stored, decoded = Path(folder) / "stored.dcm", Path(folder) / "decoded.dcm"
        one.save_as(stored, enforce_file_format=True)
        subprocess.run([*DCMTK[syntax], stored, decoded], check=True, capture_output=True)
        return np.asarray(dcmread(decoded).pixel_array)
