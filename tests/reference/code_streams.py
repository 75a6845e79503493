"""Code streams decoded by other libraries than those of wado_core where there are any, so that one decoder does not judge itself.

GDCM through pydicom first, Pillow through pydicom for what GDCM refuses, then DCMTK's programs; what none of them decodes here is left
to imagecodecs.  The exact commands are ``dcmdjpeg +cn FILE OUT`` and ``dcmdjpls +cn FILE OUT``.
"""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.filereader import dcmread
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    UID,
    HTJ2KLossless,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    SecondaryCaptureImageStorage,
)

Array = NDArray[Any]

PLUGINS = ["gdcm", "pillow"]
"""Of pydicom, in the order in which they are asked; GDCM ends the process on some contradictory headers."""

DCMTK = {
    JPEGExtended12Bit: "dcmdjpeg",
    JPEGLossless: "dcmdjpeg",
    JPEGLosslessSV1: "dcmdjpeg",
    JPEGLSLossless: "dcmdjpls",
    JPEGLSNearLossless: "dcmdjpls",
}

IMAGECODECS: dict[str, Callable[[bytes], Array]] = {
    HTJ2KLossless: imagecodecs.htj2k_decode,
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
                cells, meta = decoder.as_array(ds, index=frame_number - 1, raw=True, decoding_plugin=plugin)
            except Exception:  # noqa: BLE001, S112 - whatever it is, the next decoder is asked
                continue
            return cells, str(meta["photometric_interpretation"])
    stream = get_frame(ds.PixelData, frame_number - 1, number_of_frames=int(ds.get("NumberOfFrames") or 1))
    if syntax in DCMTK and shutil.which(DCMTK[syntax]):
        return with_dcmtk(ds, stream), str(ds.PhotometricInterpretation)
    if syntax in IMAGECODECS:
        return IMAGECODECS[syntax](stream), str(ds.PhotometricInterpretation)
    raise RuntimeError(f"nothing decodes {syntax.name} here")


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
        subprocess.run([DCMTK[syntax], "+cn", stored, decoded], check=True, capture_output=True)
        return np.asarray(dcmread(decoded).pixel_array)
