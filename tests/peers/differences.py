"""Files of which another program delivers other stored values than we do, and why; each is looked at, and each must be needed."""

from dataclasses import dataclass

from tests.peers.stored_values import DCMTK, FFMPEG, GDCM, PYDICOM


@dataclass(frozen=True, slots=True)
class Difference:
    """Why a program delivers something else.

    clause: of the requirements.  programs: which of them.
    """

    programs: tuple[str, ...]
    clause: str
    reason: str


ONE_BIT_RLE = Difference((DCMTK, GDCM, PYDICOM), "H1.3", "none of the three decodes RLE of 1 bit allocated")
WHOLE_CELLS = Difference(
    (DCMTK, GDCM), "H1.3", "32-bit cells turned round as a whole, as pydicom wrote them: DCMTK and GDCM turn each 16-bit word round"
)
FLOATS = Difference((GDCM,), "H1.3", "GDCM does not read float pixel data")
SEVEN_BITS = Difference((DCMTK, GDCM, PYDICOM), "H1.1", "none of the three takes JPEG-LS of 7 bits a sample")
JPEG_LS_FRAGMENTS = Difference((GDCM,), "H1.5", "GDCM does not join the fragments of a JPEG-LS frame")
BY_SAMPLE = Difference((FFMPEG,), "H1.1", "FFmpeg leaves pictures black whose components are interleaved sample by sample")
NO_LABEL_MAPS = Difference((GDCM,), "H2.14", "GDCM does not know the SOP class Label Map Segmentation, and refuses the file")
TWO_FRAMES = Difference((GDCM,), "H1.8", "gdcmconv fails to write RGB of more than 8 bits in several frames")

DIFFERENCES = {
    "pydicom: test_files/SC_rgb_jpeg.dcm": Difference(
        (DCMTK,), "H1.1", "DCMTK reads the implicit VR of this encapsulated data set as explicit"
    ),
    "pydicom: test_files/SC_rgb_rle_16bit.dcm": Difference((GDCM,), "H1.8", "GDCM joins the planes of bytes of 16-bit RGB otherwise"),
    "pydicom: test_files/SC_rgb_rle_32bit.dcm": Difference((GDCM,), "H1.8", "GDCM joins the planes of bytes of 32-bit RGB otherwise"),
    "pydicom: test_files/SC_rgb_rle_32bit_2frame.dcm": TWO_FRAMES,
    "samples: pydicom-data/data_store/data/SC_rgb_32bit_2frame.dcm": TWO_FRAMES,
    "samples: pydicom-data/data_store/data/SC_rgb_expb_32bit_2frame.dcm": TWO_FRAMES,
    "pydicom: test_files/rtdose_expb.dcm": WHOLE_CELLS,
    "pydicom: test_files/rtdose_expb_1frame.dcm": WHOLE_CELLS,
    "pydicom: test_files/SC_rgb_jls_lossy_sample.dcm": BY_SAMPLE,
    "samples: highdicom/data/test_files/sm_image_jpegls.dcm": BY_SAMPLE,
    "samples: highdicom/data/test_files/sm_image_jpegls_nobot.dcm": BY_SAMPLE,
    "samples: pydicom-data/data_store/data/JLSL_RGB_ILV2.dcm": BY_SAMPLE,
    "pydicom: test_files/badVR.dcm": Difference(
        (PYDICOM,), "H1.1", "pydicom refuses 1A as a number, and decodes nothing; a broken Number of Frames counts as absent"
    ),
    "samples: dicomParser/testImages/encapsulated/multi-frame/CT0012.fragmented_no_bot_jpeg_ls.80.dcm": JPEG_LS_FRAGMENTS,
    "samples: dicomParser/testImages/encapsulated/multi-frame/CT0012.fragmented_no_bot_jpeg_ls.81.dcm": JPEG_LS_FRAGMENTS,
    "samples: dicom-test-files/data/WG04/JPLY/RG3_JPLY": Difference(
        (DCMTK, GDCM), "H1.6", "lossy values of the 12-bit code stream reach beyond Bits Stored 10, by which the programs' are cut here"
    ),
    "samples: pydicom-data/data_store/data/JLSL_08_07_0_1F.dcm": SEVEN_BITS,
    "samples: pydicom-data/data_store/data/liver_rle.dcm": ONE_BIT_RLE,
    "samples: pydicom-data/data_store/data/liver_nonbyte_aligned_rle.dcm": ONE_BIT_RLE,
    "samples: pydicom-data/data_store/data/parametric_map_float.dcm": FLOATS,
    "samples: pydicom-data/data_store/data/parametric_map_double_float.dcm": FLOATS,
    "pydicom: test_files/SC_rgb_rle_16bit_2frame.dcm": TWO_FRAMES,
    "samples: pydicom-data/data_store/data/SC_rgb_16bit_2frame.dcm": TWO_FRAMES,
    "samples: pydicom-data/data_store/data/SC_rgb_expb_16bit_2frame.dcm": TWO_FRAMES,
    "samples: pydicom-data/data_store/data/emri_small_jpeg_2k_lossless_too_short.dcm": Difference(
        (GDCM,), "H1.5", "GDCM refuses fragments without delimiter"
    ),
    "samples: dcmqi/data/segmentations/sparse-labelmap-noppv.dcm": NO_LABEL_MAPS,
    "samples: dcmqi/data/segmentations/sparse-labelmap-ppv5.dcm": NO_LABEL_MAPS,
    "samples: highdicom/data/test_files/seg_image_sm_control_labelmap.dcm": NO_LABEL_MAPS,
    "samples: highdicom/data/test_files/seg_image_sm_control_labelmap_palette_color.dcm": NO_LABEL_MAPS,
    "samples: pylibjpeg-data/ljdata/ds/JPEG2000Lossless/TOSHIBA_J2K_SIZ1_PixRep0.dcm": Difference(
        (GDCM, PYDICOM), "H1.6", "the samples of the code stream are signed, the header says unsigned: the stream wins"
    ),
    "samples: pylibjpeg-data/ljdata/ds/JPEGBaseline/SC_rgb_jpeg_lossy_gdcm.dcm": Difference(
        (DCMTK, GDCM, PYDICOM), "H3.4", "the header says RGB over a YCbCr stream, which wins"
    ),
    "samples: weasis-dicom-tools/weasis-dicom-tools/src/test/resources/org/dcm4che3/img/jpeg2000-multiframe-multifragments.dcm": Difference(
        (PYDICOM,), "H1.6", "samples of the code stream pass Bits Stored, by which pydicom's are cut here"
    ),
}
"""By file."""
