"""Values of the grayscale pipeline."""

from wado_core.model.grayscale import Lut, VoiLutFunction, Window


def test_a_table_has_as_many_entries_as_words() -> None:
    assert len(Lut(-5, 12, bytes(14))) == 7


def test_a_window_is_linear_unless_it_says_otherwise() -> None:
    assert Window(40, 400) == Window(40, 400, VoiLutFunction.LINEAR) != Window(40, 400, VoiLutFunction.LINEAR_EXACT)
