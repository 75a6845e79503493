"""Names of SOP Classes, against pydicom's copy of PS3.6."""

from pydicom._uid_dict import UID_dictionary

from wado_http.cli.sop_class_names import SOP_CLASS_NAMES


def test_names_are_those_of_the_standard() -> None:
    expected = {
        uid: entry[0]
        for uid, entry in UID_dictionary.items()
        if entry[1] == "SOP Class" and "Storage" in entry[0] and "Commitment" not in entry[0]
    }
    assert len(expected) > 150
    assert SOP_CLASS_NAMES.items() <= expected.items()
    assert len(SOP_CLASS_NAMES) > 150
