"""The lists of SOP Classes name classes that exist, and the right ones (PS3.4 B.5)."""

from pydicom import uid
from pydicom._uid_dict import UID_dictionary

from wado_core.model.sop_class import MULTI_FRAME_CLASSES, TEXT_CLASSES

STORAGE = {number: entry[0] for number, entry in UID_dictionary.items() if entry[1] == "SOP Class" and "Storage" in entry[0]}
IN_USE = {number: name for number, name in STORAGE.items() if UID_dictionary[number][2:4] == ("", "")}
"""Neither retired nor of industry (DICONDE)."""
NEWER = {"1.2.840.10008.5.1.4.1.1.66.7"}
"""Label Map Segmentation Storage: of the standard, and not yet of pydicom's dictionary."""


def test_every_class_is_one_of_the_standard() -> None:
    assert set(STORAGE) >= TEXT_CLASSES
    assert set(STORAGE) >= MULTI_FRAME_CLASSES - NEWER


def test_every_class_that_calls_itself_multi_frame_is_listed() -> None:
    named = {number for number, name in IN_USE.items() if "Multi-frame" in name and "Image Storage" in name}
    assert len(named) >= 5
    assert named <= MULTI_FRAME_CLASSES


def test_enhanced_classes_are_listed() -> None:
    enhanced = {number for number, name in IN_USE.items() if name.startswith("Enhanced") and name.endswith("Image Storage")}
    others = {uid.SegmentationStorage, uid.RTDoseStorage, uid.VLWholeSlideMicroscopyImageStorage, uid.OphthalmicTomographyImageStorage}
    assert enhanced | others <= MULTI_FRAME_CLASSES


def test_reports_are_texts() -> None:
    reports = {number for number, name in IN_USE.items() if name.endswith("SR Storage")}
    assert len(reports) > 10
    assert reports | {uid.KeyObjectSelectionDocumentStorage} <= TEXT_CLASSES


def test_no_single_frame_class_is_listed() -> None:
    single = {uid.CTImageStorage, uid.MRImageStorage, uid.ComputedRadiographyImageStorage, uid.SecondaryCaptureImageStorage}
    assert not single & MULTI_FRAME_CLASSES
