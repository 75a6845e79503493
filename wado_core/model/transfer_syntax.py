"""Transfer syntaxes: how a data set and its frames are encoded (PS3.5 section 10 and Annex A, PS3.6 Annex A)."""

from dataclasses import dataclass, replace

IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2"
EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1.99"
EXPLICIT_VR_BIG_ENDIAN = "1.2.840.10008.1.2.2"
RLE_LOSSLESS = "1.2.840.10008.1.2.5"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
_JPEG = "1.2.840.10008.1.2.4."
JPEG_LOSSY_PROCESSES = tuple(f"{_JPEG}{number}" for number in (51, 52, 53, 54, 55, 56, 59, 60, 61, 62, 63, 64))
JPEG_LOSSLESS_PROCESSES = tuple(f"{_JPEG}{number}" for number in (57, 58, 65, 66, 70))
JPEG_LS_LOSSLESS = "1.2.840.10008.1.2.4.80"
JPEG_LS = "1.2.840.10008.1.2.4.81"
JPEG_2000_LOSSLESS = "1.2.840.10008.1.2.4.90"
JPEG_2000 = "1.2.840.10008.1.2.4.91"
JPEG_2000_PART_2 = (f"{_JPEG}92", f"{_JPEG}93")
HIGH_THROUGHPUT_JPEG_2000_LOSSLESS = (f"{_JPEG}201", f"{_JPEG}202")
HIGH_THROUGHPUT_JPEG_2000 = f"{_JPEG}203"
JPEG_XL_LOSSLESS = "1.2.840.10008.1.2.4.110"
JPEG_XL_RECOMPRESSION = "1.2.840.10008.1.2.4.111"
JPEG_XL = "1.2.840.10008.1.2.4.112"
DEFLATED_IMAGE_FRAME = "1.2.840.10008.1.2.8.1"
# Video, with the syntaxes whose stream may be cut into several fragments.
MPEG_2_VIDEO = tuple(f"1.2.840.10008.1.2.4.{number}" for number in ("100", "100.1", "101", "101.1"))
H264_VIDEO = tuple(f"1.2.840.10008.1.2.4.{number}{cut}" for number in range(102, 107) for cut in ("", ".1"))
HEVC_VIDEO = tuple(f"1.2.840.10008.1.2.4.{number}" for number in ("107", "108"))


@dataclass(frozen=True, slots=True)
class TransferSyntax:
    """One transfer syntax and what it says about the bytes of a data set."""

    uid: str
    name: str
    encapsulated: bool = True
    lossy: bool = False
    implicit_vr: bool = False
    big_endian: bool = False
    deflated: bool = False
    video: bool = False

    @property
    def native_cells(self) -> bool:
        """Whether frames are cells as the Image Pixel module describes them, lying as they are or deflated one by one."""
        return not self.encapsulated or self.uid == DEFLATED_IMAGE_FRAME


def _native(uid: str, name: str, *, implicit_vr: bool = False, big_endian: bool = False, deflated: bool = False) -> TransferSyntax:
    return TransferSyntax(uid, name, encapsulated=False, implicit_vr=implicit_vr, big_endian=big_endian, deflated=deflated)


def _video(number: int, name: str, *, fragmentable: bool = True) -> list[TransferSyntax]:
    uid = f"1.2.840.10008.1.2.4.{number}"
    whole = TransferSyntax(uid, name, lossy=True, video=True)
    return [whole, replace(whole, uid=f"{uid}.1", name=f"Fragmentable {name}")] if fragmentable else [whole]


TRANSFER_SYNTAXES: dict[str, TransferSyntax] = {
    syntax.uid: syntax
    for syntax in (
        _native(IMPLICIT_VR_LITTLE_ENDIAN, "Implicit VR Little Endian", implicit_vr=True),
        _native(EXPLICIT_VR_LITTLE_ENDIAN, "Explicit VR Little Endian"),
        _native(DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, "Deflated Explicit VR Little Endian", deflated=True),
        _native(EXPLICIT_VR_BIG_ENDIAN, "Explicit VR Big Endian", big_endian=True),
        TransferSyntax(RLE_LOSSLESS, "RLE Lossless"),
        TransferSyntax(JPEG_BASELINE, "JPEG Baseline (Process 1)", lossy=True),
        TransferSyntax("1.2.840.10008.1.2.4.51", "JPEG Extended (Process 2 and 4)", lossy=True),
        TransferSyntax("1.2.840.10008.1.2.4.52", "JPEG Extended (Process 3 and 5)", lossy=True),
        TransferSyntax("1.2.840.10008.1.2.4.53", "JPEG Spectral Selection, Non-Hierarchical (Process 6 and 8)", lossy=True),
        TransferSyntax("1.2.840.10008.1.2.4.54", "JPEG Spectral Selection, Non-Hierarchical (Process 7 and 9)", lossy=True),
        TransferSyntax("1.2.840.10008.1.2.4.55", "JPEG Full Progression, Non-Hierarchical (Process 10 and 12)", lossy=True),
        TransferSyntax("1.2.840.10008.1.2.4.56", "JPEG Full Progression, Non-Hierarchical (Process 11 and 13)", lossy=True),
        TransferSyntax("1.2.840.10008.1.2.4.57", "JPEG Lossless, Non-Hierarchical (Process 14)"),
        TransferSyntax("1.2.840.10008.1.2.4.58", "JPEG Lossless, Non-Hierarchical (Process 15)"),
        TransferSyntax("1.2.840.10008.1.2.4.59", "JPEG Extended, Hierarchical (Process 16 and 18)", lossy=True),
        TransferSyntax("1.2.840.10008.1.2.4.60", "JPEG Extended, Hierarchical (Process 17 and 19)", lossy=True),
        TransferSyntax("1.2.840.10008.1.2.4.61", "JPEG Spectral Selection, Hierarchical (Process 20 and 22)", lossy=True),
        TransferSyntax("1.2.840.10008.1.2.4.62", "JPEG Spectral Selection, Hierarchical (Process 21 and 23)", lossy=True),
        TransferSyntax("1.2.840.10008.1.2.4.63", "JPEG Full Progression, Hierarchical (Process 24 and 26)", lossy=True),
        TransferSyntax("1.2.840.10008.1.2.4.64", "JPEG Full Progression, Hierarchical (Process 25 and 27)", lossy=True),
        TransferSyntax("1.2.840.10008.1.2.4.65", "JPEG Lossless, Hierarchical (Process 28)"),
        TransferSyntax("1.2.840.10008.1.2.4.66", "JPEG Lossless, Hierarchical (Process 29)"),
        TransferSyntax("1.2.840.10008.1.2.4.70", "JPEG Lossless (Process 14, Selection Value 1)"),
        TransferSyntax(JPEG_LS_LOSSLESS, "JPEG-LS Lossless"),
        TransferSyntax(JPEG_LS, "JPEG-LS Near-Lossless", lossy=True),
        TransferSyntax(JPEG_2000_LOSSLESS, "JPEG 2000 (Lossless Only)"),
        TransferSyntax(JPEG_2000, "JPEG 2000", lossy=True),
        TransferSyntax("1.2.840.10008.1.2.4.92", "JPEG 2000 Part 2 Multi-component (Lossless Only)"),
        TransferSyntax("1.2.840.10008.1.2.4.93", "JPEG 2000 Part 2 Multi-component", lossy=True),
        *_video(100, "MPEG2 Main Profile / Main Level"),
        *_video(101, "MPEG2 Main Profile / High Level"),
        *_video(102, "MPEG-4 AVC/H.264 High Profile / Level 4.1"),
        *_video(103, "MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1"),
        *_video(104, "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video"),
        *_video(105, "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video"),
        *_video(106, "MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2"),
        *_video(107, "HEVC/H.265 Main Profile / Level 5.1", fragmentable=False),
        *_video(108, "HEVC/H.265 Main 10 Profile / Level 5.1", fragmentable=False),
        TransferSyntax(JPEG_XL_LOSSLESS, "JPEG XL Lossless"),
        TransferSyntax(JPEG_XL_RECOMPRESSION, "JPEG XL JPEG Recompression", lossy=True),
        TransferSyntax(JPEG_XL, "JPEG XL", lossy=True),
        TransferSyntax("1.2.840.10008.1.2.4.201", "High-Throughput JPEG 2000 (Lossless Only)"),
        TransferSyntax("1.2.840.10008.1.2.4.202", "High-Throughput JPEG 2000 with RPCL Options (Lossless Only)"),
        TransferSyntax("1.2.840.10008.1.2.4.203", "High-Throughput JPEG 2000", lossy=True),
        TransferSyntax(DEFLATED_IMAGE_FRAME, "Deflated Image Frame Compression"),
    )
}


def transfer_syntax(uid: str) -> TransferSyntax:
    """Look up a transfer syntax; an unknown one is encapsulated Explicit VR Little Endian, as PS3.5 A.4 makes all newer ones."""
    return TRANSFER_SYNTAXES.get(uid) or TransferSyntax(uid, uid)
