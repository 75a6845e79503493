"""The instance: what rendering must know of one SOP Instance, without its pixels."""

from dataclasses import dataclass, field
from itertools import chain

from wado_core.model.byte_range import ByteRange
from wado_core.model.color import StoredPalette
from wado_core.model.frame import FrameChunk, FrameLayout
from wado_core.model.grayscale import FrameTransform, Padding
from wado_core.model.image_pixel import CodeStream, ImagePixel
from wado_core.model.overlay import StoredOverlay
from wado_core.model.sop_class import MULTI_FRAME_CLASSES, TEXT_CLASSES, Category
from wado_core.model.transfer_syntax import TransferSyntax, transfer_syntax
from wado_core.model.uid import InstanceKey


@dataclass(frozen=True, slots=True)
class Instance:
    """One SOP Instance's attributes that rendering needs, and where its frames lie.

    version: digest of the identity of the stored bytes; changes whenever they may have changed.
    data_set_offset: where the data set begins, after preamble and File Meta Information.
    has_preamble: the stored bytes are a Part 10 file as they are.
    number_of_frames: that are there, whatever is stated.  missing_frames: that are stated besides.
    image_pixel: None for objects without pixels (or whose pixels are malformed: ``image_problem`` says why).
    frames: None when there are no frames to be read.
    icc_profile: where an ICC profile lies that pictures of it can carry.
    palette: of PALETTE COLOR, or the supplemental one of MONOCHROME2 (PS3.3 C.7.6.19).
    overlays: those of type G, for whichever frames.  overlay_problems: what is wrong with others, told to who asks for overlays.
    warnings: what of the object is broken and left out, tag first, whichever frame is rendered (A5.7).
    chunks: what differs from frame to frame, in the order of frames; all of it, or the chunk of the frame that was asked for, as
        the index reads it. Everything else is the fixed part, from which it follows which chunk holds a frame.
    """

    key: InstanceKey
    sop_class_uid: str
    transfer_syntax_uid: str
    version: str
    modality: str = ""
    number_of_frames: int = 1
    missing_frames: int = 0
    has_preamble: bool = True
    data_set_offset: int = 0
    image_pixel: ImagePixel | None = None
    image_problem: str | None = None
    code_stream: CodeStream | None = None
    frames: FrameLayout | None = None
    padding: Padding | None = None
    palette: StoredPalette | None = None
    icc_profile: ByteRange | None = None
    overlays: tuple[StoredOverlay, ...] = ()
    overlay_problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    chunks: tuple[FrameChunk, ...] = ()

    @property
    def transfer_syntax(self) -> TransferSyntax:
        """The transfer syntax of the stored data set."""
        return transfer_syntax(self.transfer_syntax_uid)

    @property
    def is_image(self) -> bool:
        """Whether it holds pixels."""
        return self.image_pixel is not None or self.image_problem is not None

    @property
    def multi_frame(self) -> bool:
        """Whether frameNumber has a meaning: a multi-frame class, or more than one frame whatever the class (A4.71, A4.74)."""
        return self.is_image and (self.number_of_frames > 1 or self.sop_class_uid in MULTI_FRAME_CLASSES)

    @property
    def category(self) -> Category:
        """Its category when no frame is picked (A.3)."""
        if self.sop_class_uid in TEXT_CLASSES:
            return Category.TEXT
        if not self.is_image:
            return Category.OTHER
        return Category.MULTI_FRAME if self.number_of_frames > 1 else Category.SINGLE_FRAME

    @property
    def representative_frame(self) -> int:
        """The frame that stands for all: the middle one; of a video the first, because to reach another all before it are decoded."""
        return 1 if self.transfer_syntax.video else (self.number_of_frames + 1) // 2

    @property
    def number_of_chunks(self) -> int:
        """How many chunks cover all frames, whichever are loaded."""
        if self.frames is None:
            return 0
        return -(-self.number_of_frames // self.frames.frames_of_a_chunk) if self.frames.frames_of_a_chunk else 1

    def chunk_number(self, frame_number: int) -> int:
        """Return which chunk, counted from 0, holds a frame, counted from 1."""
        if self.frames is None or not self.frames.frames_of_a_chunk:
            return 0
        return (frame_number - 1) // self.frames.frames_of_a_chunk

    def has_columns_of(self, frame_number: int) -> bool:
        """Say whether all is loaded that there is of a frame, counted from 1; of a frame that there is not, there is nothing."""
        return self.number_of_chunks <= 1 or frame_number > self.number_of_frames or any(frame_number in chunk for chunk in self.chunks)

    def chunk_of(self, frame_number: int) -> FrameChunk:
        """Return the chunk that holds a frame; LookupError, a mistake of the caller's, when it is not loaded."""
        number = self.chunk_number(frame_number)
        for chunk in chain(self.chunks[number : number + 1], self.chunks):  # in its place when all are loaded
            if frame_number in chunk:
                return chunk
        raise LookupError(f"The columns of frame {frame_number} are not loaded.")

    def transform(self, frame_number: int) -> FrameTransform:
        """Return the transformations of a frame, counted from 1."""
        if self.frames is None and not self.chunks:
            return FrameTransform()
        return self.chunk_of(frame_number).transform(frame_number)

    def fragments_of(self, frame_number: int) -> int:
        """Return how many fragments an encapsulated frame has, counted from 1; 0 of a native one."""
        return self.chunk_of(frame_number).fragments_of(frame_number) if self.frames is not None and self.frames.encapsulated else 0

    def fragments(self, frame_number: int) -> tuple[ByteRange, ...]:
        """Return the byte ranges of an encapsulated frame, counted from 1, in the order in which they are joined."""
        return self.chunk_of(frame_number).fragments(frame_number)


@dataclass(frozen=True, slots=True)
class Listing:
    """What a page of studies and series shows of an instance; text as stored, decoded to Unicode, not escaped."""

    patient_name: str = ""
    patient_id: str = ""
    study_date: str = ""
    study_description: str = ""
    accession_number: str = ""
    series_number: int | None = None
    series_description: str = ""
    instance_number: int | None = None


@dataclass(frozen=True, slots=True)
class Location:
    """One stored copy of an instance, and what its file looked like when it was indexed.

    path: bytes of the file system (``os.fsencode``): hospital names are in GBK and Latin-1.
    """

    path: bytes
    size: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class Described:
    """An instance read from a source, with what listings show of it; has_picture: this version can render it."""

    instance: Instance
    listing: Listing = field(default_factory=Listing)
    has_picture: bool = False


@dataclass(frozen=True, slots=True)
class Located:
    """An instance and the copy of it to read."""

    instance: Instance
    location: Location
