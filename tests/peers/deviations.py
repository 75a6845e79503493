"""Pictures that other programs make otherwise than we do, and why; each is looked at, and each must be needed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deviation:
    """Why a file or fixture is compared otherwise, or not at all.

    clause: of the requirements.  options: further ones for dcmj2pnm.  first_only: later frames are not compared.
    levels: what is allowed; None: some frame cannot agree, which is checked.
    """

    clause: str
    reason: str
    levels: int | None = None
    options: tuple[str, ...] = ()
    first_only: bool = False


SEGMENTED = Deviation("H3.1", "DCMTK does not support segmented palettes")
FUNCTIONAL_GROUPS = Deviation("H2.16", "DCMTK 3.6 reads neither rescale nor window of the functional groups")
UNKNOWN_VR = Deviation("H2.4", "window and rescale are stored as UN, which DCMTK does not take for the numbers that they are")
CUT_OFF = Deviation("H1.6", "DCMTK cuts lossy values of 12 bits off at Bits Stored 10, so that white turns black")
SEVEN_BITS = Deviation("H1.1", "DCMTK refuses lossless JPEG-LS of 7 bits")
SUPPLEMENTAL = Deviation("H2.18", "DCMTK has no supplemental palettes: its picture is gray")
FRACTION = Deviation("H2.14", "DCMTK knows no Maximum Fractional Value")
CODEC = Deviation("H1.1", "DCMTK has no JPEG 2000")
CONVERSION = Deviation("H3.3", "DCMTK drops the fraction of each of the products it adds up", levels=2)
OFFSETS = Deviation(
    "H1.5", "DCMTK finds later frames of several fragments by the Basic Offset Table, which is empty", levels=1, first_only=True
)
HIGH_BYTE = Deviation("H3.1", "DCMTK takes entries by the width of the descriptor: they are 8-bit ones in 16-bit cells")

WORDS = Deviation("H1.3", "the cells are turned round as a whole in OW; DCMTK takes them word by word")
WIDE_BYTES = Deviation("H3.2", "DCMTK reads samples of 32 bits in OW, and not in OB")
FLOATS = Deviation("H1.3", "DCMTK 3.6 has no float pixel data")
BITS = Deviation("H1.3", "DCMTK has no RLE of cells of 1 bit")
DEFLATED_FRAMES = Deviation("H1.1", "DCMTK has no Deflated Image Frame Compression")

FROM_DCMTK = {
    "samples: cornerstone3D/test-images/CT0012.fragmented_no_bot_jpeg_baseline.51.dcm": SUPPLEMENTAL,
    "samples: dicomParser/testImages/encapsulated/multi-frame/CT0012.explicit_little_endian.dcm": SUPPLEMENTAL,
    "samples: dicomParser/testImages/encapsulated/multi-frame/CT0012.not_fragmented_bot_rle.dcm": SUPPLEMENTAL,
    "samples: dicomParser/testImages/encapsulated/multi-frame/CT0012.not_fragmented_no_bot_rle.dcm": SUPPLEMENTAL,
    "samples: dicomParser/testImages/encapsulated/multi-frame/CT0012.fragmented_no_bot_jpeg_lossless.57.dcm": SUPPLEMENTAL,
    "samples: dicomParser/testImages/encapsulated/multi-frame/CT0012.fragmented_no_bot_jpeg_lossless.70.dcm": SUPPLEMENTAL,
    "samples: dicomParser/testImages/encapsulated/multi-frame/CT0012.fragmented_no_bot_jpeg_ls.80.dcm": SUPPLEMENTAL,
    "samples: dicomParser/testImages/encapsulated/multi-frame/CT0012.fragmented_no_bot_jpeg_ls.81.dcm": SUPPLEMENTAL,
    "samples: dicomParser/testImages/encapsulated/multi-frame/CT0012.not_fragmented_bot_jpeg_ls.80.dcm": SUPPLEMENTAL,
    "samples: dicomParser/testImages/encapsulated/multi-frame/CT0012.not_fragmented_no_bot_jpeg_ls.80.dcm": SUPPLEMENTAL,
    "samples: cornerstone3D/test-images/CTImage.dcm_JPEGLSLossyTransferSyntax_1.2.840.10008.1.2.4.81.dcm": UNKNOWN_VR,
    "samples: dicom-test-files/data/WG04/JPLY/RG3_JPLY": CUT_OFF,
    "samples: pydicom-data/data_store/data/JLSL_08_07_0_1F.dcm": SEVEN_BITS,
    "j2k": CODEC,
    "j2k_rgb": CODEC,
    "j2k_mf": CODEC,
    "htj2k": CODEC,
    "htj2k_ct": CODEC,
    "htj2k_rgb": CODEC,
    "jpg_frag": OFFSETS,
    "pal_seg": SEGMENTED,
    "pal16_low": HIGH_BYTE,
    "enh": FUNCTIONAL_GROUPS,
    "enh_shared": FUNCTIONAL_GROUPS,
    "pal_seg8": SEGMENTED,
    "supp": SUPPLEMENTAL,
    "seg_frac": FRACTION,
    "ybr": CONVERSION,
    "ybr_part": CONVERSION,
    "ybr422": CONVERSION,
    "gray32_be": WORDS,
    "gray64": Deviation("H1.3", "DCMTK has no samples of 64 bits"),
    "float32": FLOATS,
    "float64": FLOATS,
    "rle_bit1": BITS,
    "pydicom: test_files/rtdose_expb.dcm": WORDS,
    "pydicom: test_files/rtdose_expb_1frame.dcm": WORDS,
    "samples: pydicom-data/data_store/data/SC_rgb_32bit.dcm": WIDE_BYTES,
    "samples: pydicom-data/data_store/data/SC_rgb_32bit_2frame.dcm": WIDE_BYTES,
    "samples: pydicom-data/data_store/data/SC_rgb_expb_32bit.dcm": WIDE_BYTES,
    "samples: pydicom-data/data_store/data/SC_rgb_expb_32bit_2frame.dcm": WIDE_BYTES,
    "samples: pydicom-data/data_store/data/liver_rle.dcm": BITS,
    "samples: pydicom-data/data_store/data/liver_nonbyte_aligned_rle.dcm": BITS,
    "samples: pydicom-data/data_store/data/liver_deflate.dcm": DEFLATED_FRAMES,
    "samples: pydicom-data/data_store/data/liver_nonbyte_aligned_deflate.dcm": DEFLATED_FRAMES,
    "samples: pydicom-data/data_store/data/parametric_map_float.dcm": FLOATS,
    "samples: pydicom-data/data_store/data/parametric_map_double_float.dcm": FLOATS,
    "pydicom: test_files/SC_rgb_jpeg.dcm": Deviation("H1.1", "DCMTK reads the implicit VR of this encapsulated data set as explicit"),
    "samples: pydicom-data/data_store/data/SC_ybr_full_uncompressed.dcm": CONVERSION,
    "samples: pydicom-data/data_store/data/gdcm-US-ALOKA-16.dcm": SEGMENTED,
    "samples: pydicom-data/data_store/data/gdcm-US-ALOKA-16_big.dcm": SEGMENTED,
    "samples: dicomParser/testImages/encapsulated/multi-frame/IM00001.fragmented_no_bot_jpeg_baseline.50.dcm": OFFSETS,
    "samples: dcmjs/test/cine-test.dcm": FUNCTIONAL_GROUPS,
    "samples: dcmjs/test/invalid-vr-length-test.dcm": FUNCTIONAL_GROUPS,
    "samples: highdicom/data/test_files/seg_image_ct_true_fractional.dcm": FRACTION,
    "samples: highdicom/data/test_files/seg_image_sm_control_labelmap.dcm": Deviation(
        "H2.15", "all values but padding are equal, so our picture is black; DCMTK spreads the padding and them over 0..255"
    ),
    "samples: pylibjpeg-data/ljdata/ds/JPEGBaseline/SC_rgb_jpeg_lossy_gdcm.dcm": Deviation(
        "H3.4", "the header says RGB over a YCbCr stream, which wins: DCMTK does so when told to guess", levels=1, options=("+cg",)
    ),
}
"""By file or fixture: from dcmj2pnm."""

NO_ONE_BIT_RLE = Deviation("H1.3", "pydicom does not decode RLE of 1 bit allocated")

FROM_PYDICOM = {
    "pydicom: test_files/badVR.dcm": Deviation("H1.1", "pydicom refuses 1A as a number; a broken Number of Frames counts as absent"),
    "samples: pydicom-data/data_store/data/JLSL_08_07_0_1F.dcm": Deviation("H1.1", "its decoder takes no JPEG-LS of 7 bits a sample"),
    "samples: pydicom-data/data_store/data/liver_rle.dcm": NO_ONE_BIT_RLE,
    "samples: pydicom-data/data_store/data/liver_nonbyte_aligned_rle.dcm": NO_ONE_BIT_RLE,
    "samples: pylibjpeg-data/ljdata/ds/JPEG2000Lossless/TOSHIBA_J2K_SIZ1_PixRep0.dcm": Deviation(
        "H1.6", "the samples of the code stream are signed, the header says unsigned: the stream wins"
    ),
    "samples: pylibjpeg-data/ljdata/ds/JPEGBaseline/SC_rgb_jpeg_lossy_gdcm.dcm": Deviation(
        "H3.4", "the header says RGB over a YCbCr stream, which wins"
    ),
    "samples: pylibjpeg-data/ljdata/ds/JPEGLosslessSV1/JPEGLosslessP14SV1_1s_1f_u_16_16.dcm": Deviation(
        "H2.2", "its lookup tables are empty, and ignored with a warning; pydicom fails"
    ),
}
"""By file: from pydicom's own pipeline."""
