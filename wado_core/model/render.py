"""Requests and plans: what was asked, and every default resolved (PS3.4 N.2, PS3.18 9.5)."""

import hashlib
from dataclasses import dataclass, field
from enum import Enum, StrEnum

from wado_core.model.byte_range import ByteRange
from wado_core.model.color import StoredPalette
from wado_core.model.geometry import Rectangle, Region
from wado_core.model.grayscale import Padding, Rescale, StoredLut, Window
from wado_core.model.image_pixel import CodeStream, ImagePixel
from wado_core.model.overlay import StoredOverlay
from wado_core.model.uid import InstanceKey

# Part of every digest: raise it with any change that can change a byte of a picture.
RENDERER_VERSION = 4

DEFAULT_QUALITY = 90

# JPEG pictures of so many pixels or more are made, and sent, piece by piece; a smaller one is made before its first bytes are sent.
STREAMED_PIXELS = 1 << 20


class MediaType(StrEnum):
    """The rendered media types this version makes."""

    JPEG = "image/jpeg"
    PNG = "image/png"


class AutomaticWindow(Enum):
    """Stands for the window over the whole frame's non-padding values, known only from its pixels (H2.15)."""

    FULL_RANGE = "full range"


@dataclass(frozen=True, slots=True)
class RenderRequest:
    """A picture as it was asked for; None means that the parameter was absent.

    overlays: graphics over the image are drawn (H5.14).
    thumbnail: it stands for the object, and carries no ICC profile whatever its size (H3.6).
    """

    frame_number: int | None = None
    window: Window | None = None
    region: Region | None = None
    rows: int | None = None
    columns: int | None = None
    quality: int | None = None
    media_type: MediaType = MediaType.JPEG
    thumbnail: bool = False
    overlays: bool = False

    def of(self, frame_number: int | None, window: Window | None) -> "RenderRequest":
        """Return the same of another frame and through another window."""
        return RenderRequest(
            frame_number, window, self.region, self.rows, self.columns, self.quality, self.media_type, self.thumbnail, self.overlays
        )


@dataclass(frozen=True, slots=True)
class GrayscalePlan:
    """The grayscale pipeline of one frame: modality ∘ VOI ∘ presentation (part H.2).

    Tables stand as they are stored: the plan's version covers their entries, which are read when the picture is made.
    """

    modality: Rescale | StoredLut
    voi: Window | StoredLut | AutomaticWindow
    inverted: bool
    padding: Padding | None


@dataclass(frozen=True, slots=True)
class RenderPlan:
    """One picture with every default resolved; hashable, made without touching a pixel.

    key, version, frame_number: which stored frame.
    image_pixel: as its header says, with the size that its code stream states.  code_stream: as its stream says.
    grayscale: for MONOCHROME1/2.  palette: for PALETTE COLOR; both: a supplemental palette (H2.18).  Neither: direct colour.
    source: pixels of the stored matrix.  rows, columns: size of the picture.
    codecs: names and versions of the libraries that decode and encode.
    icc_profile: where the profile lies that the picture carries.
    overlays: those that are drawn over this frame.
    as_stored: the stored stream of the frame is the picture (A4.83).
    warnings: for the Warning header; no part of the digest.
    digest: 128 bits in hexadecimal over everything that decides the bytes of the picture: the cache key and the ETag. It is
        made of the plan as MessagePack, which is canonical for dataclasses of numbers, strings and bytes: equal plans, equal bytes.
    """

    key: InstanceKey
    version: str
    frame_number: int
    transfer_syntax_uid: str
    image_pixel: ImagePixel
    code_stream: CodeStream | None
    grayscale: GrayscalePlan | None
    palette: StoredPalette | None
    source: Rectangle
    rows: int
    columns: int
    media_type: MediaType
    quality: int
    codecs: str = ""
    icc_profile: ByteRange | None = None
    overlays: tuple[StoredOverlay, ...] = ()
    as_stored: bool = False
    warnings: tuple[str, ...] = ()
    _digest: str = field(default="", init=False, repr=False, compare=False)

    @property
    def digest(self) -> str:
        """The digest, made once for all who ask for it; who renders without a cache never does."""
        if not self._digest:
            object.__setattr__(self, "_digest", self._made_digest())
        return self._digest

    def _made_digest(self) -> str:
        import msgspec

        lossy = self.quality if self.media_type is MediaType.JPEG else None  # lossless types ignore quality (A4.84)
        parts = (
            RENDERER_VERSION, self.key, self.version, self.frame_number, self.transfer_syntax_uid, self.image_pixel, self.code_stream,
            self.grayscale, self.palette, self.source, self.rows, self.columns, self.media_type, lossy,
            self.codecs, self.icc_profile, self.overlays, self.as_stored,
        )  # fmt: skip
        return hashlib.blake2b(msgspec.msgpack.encode(parts), digest_size=16).hexdigest()

    @property
    def streamed(self) -> bool:
        """Whether the picture is made in pieces: a matter of the plan alone, as the layout of its bytes depends on it."""
        return self.media_type is MediaType.JPEG and not self.as_stored and self.rows * self.columns >= STREAMED_PIXELS
