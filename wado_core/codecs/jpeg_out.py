"""JPEG baseline encoding (T.81 process 1) by libjpeg-turbo with its accurate integer DCT (docs/adr/0009)."""

import numpy as np
import numpy.typing as npt

# From this quality on chroma keeps its full resolution: fine coloured text (ultrasound) survives.
FULL_CHROMA_QUALITY = 90


def encode(picture: npt.NDArray[np.uint8], quality: int) -> bytes:
    """Encode a picture as SOF0 JPEG: gray as one component, colour as YCbCr with JFIF (A3.5, A3.7).

    picture: (rows, columns) or (rows, columns, 3) uint8, C order.
    quality: 1 … 100, the scale of the IJG; chroma is subsampled 4:2:0 below 90 (A4.82).
    """
    import imagecodecs

    subsampling = None if picture.ndim == 2 else "444" if quality >= FULL_CHROMA_QUALITY else "420"
    return bytes(imagecodecs.jpeg8_encode(picture, level=quality, subsampling=subsampling))
