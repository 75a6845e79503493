"""JPEG as the pipeline asks for it: which subsampling, which strips (docs/adr/0017)."""

from collections.abc import Generator
from functools import lru_cache

from wado_core.jpeg.encoder import encode as encode_pieces
from wado_core.jpeg.layout import MOST_MCUS, Layout, Subsampling
from wado_core.jpeg.samples import Samples, is_gray
from wado_core.jpeg.tables import CHROMA_STEPS, LUMA_STEPS, Steps, scaled
from wado_core.ports import Lend

# From this quality on chroma keeps its full resolution: fine coloured text (ultrasound) survives.
FULL_CHROMA_QUALITY = 90

# Rows of the picture in a strip, which is a restart interval. Of 13 megapixels the first is a hundredth; all markers and the DC
# values that begin anew cost less than a thousandth of the size.
STRIP_ROWS = 32


def encode(
    samples: Samples, rows: int, columns: int, quality: int, *, in_strips: bool, profile: bytes = b"", lend: Lend | None = None
) -> Generator[bytes, None, None]:
    """Yield a picture in pieces: gray as one component, colour as YCbCr with JFIF (A3.5, A3.7).

    quality: 1 … 100, the scale of the IJG; chroma is subsampled 4:2:0 below 90 (A4.82).
    in_strips: with restart markers, a piece for each of some strips; else one piece.  profile: an ICC profile to embed.
    lend: lets idle threads help with strips.
    """
    layout, steps = _arranged(rows, columns, is_gray(samples), quality, in_strips)
    return encode_pieces(samples, layout, steps, lend, profile)


@lru_cache(maxsize=256)
def _arranged(rows: int, columns: int, gray: bool, quality: int, in_strips: bool) -> tuple[Layout, tuple[Steps, ...]]:
    """Return layout and quantisation; kept, as a server makes pictures of few sizes."""
    color = Subsampling.FULL if quality >= FULL_CHROMA_QUALITY else Subsampling.HALF
    subsampling = Subsampling.GRAY if gray else color
    layout = Layout(rows, columns, subsampling, _strip(columns, subsampling) if in_strips else None)
    return layout, (scaled(LUMA_STEPS, quality), scaled(CHROMA_STEPS, quality))[: layout.components]


def _strip(columns: int, subsampling: Subsampling) -> int:
    """Return the MCU rows of a strip, fewer where a picture is so wide that an interval would have too many MCUs."""
    mcus = -(-columns // (8 * subsampling.across))
    return min(STRIP_ROWS // (8 * subsampling.down), MOST_MCUS // mcus)
