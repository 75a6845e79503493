"""Files of which another program delivers other stored values than we do, and why; each is looked at, and each must be needed."""

from dataclasses import dataclass

from tests.peers.stored_values import DCMTK, GDCM, PROGRAMS, PYDICOM


@dataclass(frozen=True, slots=True)
class Difference:
    """Why a program delivers something else.

    clause: of the requirements.  programs: which of them.
    """

    programs: tuple[str, ...]
    clause: str
    reason: str


NO_LABEL_MAPS = Difference((GDCM,), "H2.14", "GDCM does not know the SOP class Label Map Segmentation, and refuses the file")
TWO_FRAMES = Difference((GDCM,), "H1.8", "gdcmconv fails to write 16-bit RGB in several frames")

DIFFERENCES = {
    "pydicom: test_files/SC_rgb_jpeg.dcm": Difference(
        (DCMTK,), "H1.1", "DCMTK reads the implicit VR of this encapsulated data set as explicit"
    ),
    "pydicom: test_files/SC_rgb_rle_16bit.dcm": Difference((GDCM,), "H1.8", "GDCM joins the planes of bytes of 16-bit RGB otherwise"),
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
        PROGRAMS, "H3.4", "the header says RGB over a YCbCr stream, which wins"
    ),
    "samples: weasis-dicom-tools/weasis-dicom-tools/src/test/resources/org/dcm4che3/img/jpeg2000-multiframe-multifragments.dcm": Difference(
        (PYDICOM,), "H1.6", "samples of the code stream pass Bits Stored, by which pydicom's are cut here"
    ),
}
"""By file."""
