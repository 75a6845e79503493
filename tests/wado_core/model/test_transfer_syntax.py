"""Transfer syntaxes and what each says about its bytes (PS3.5 section 10)."""

import pytest

from wado_core.model import transfer_syntax as syntaxes
from wado_core.model.transfer_syntax import TRANSFER_SYNTAXES, TransferSyntax, transfer_syntax


def test_the_table_is_keyed_by_uid() -> None:
    assert all(uid == syntax.uid for uid, syntax in TRANSFER_SYNTAXES.items())
    assert len({syntax.name for syntax in TRANSFER_SYNTAXES.values()}) == len(TRANSFER_SYNTAXES)


def test_only_native_ones_differ_in_their_encoding() -> None:
    native = {uid for uid, syntax in TRANSFER_SYNTAXES.items() if not syntax.encapsulated}
    assert native == {
        syntaxes.IMPLICIT_VR_LITTLE_ENDIAN, syntaxes.EXPLICIT_VR_LITTLE_ENDIAN, syntaxes.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
        syntaxes.EXPLICIT_VR_BIG_ENDIAN,
    }  # fmt: skip
    assert not any(
        syntax.implicit_vr or syntax.big_endian or syntax.deflated for uid, syntax in TRANSFER_SYNTAXES.items() if uid not in native
    )
    assert not any(TRANSFER_SYNTAXES[uid].lossy or TRANSFER_SYNTAXES[uid].video for uid in native)


@pytest.mark.parametrize("uid", ["1.2.840.10008.1.2.4.999", "1.2.3", ""])
def test_an_unknown_one_is_encapsulated_explicit_little_endian(uid: str) -> None:
    """PS3.5 A.4 makes all newer ones so."""
    assert transfer_syntax(uid) == TransferSyntax(uid, uid)
