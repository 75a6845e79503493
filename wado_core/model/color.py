"""Colour: palettes and the colour models of stored frames (PS3.3 C.7.6.3.1.2, C.7.6.3.1.5)."""

from dataclasses import dataclass

from wado_core.model.grayscale import Lut


@dataclass(frozen=True, slots=True)
class Palette:
    """The three Palette Color Lookup Tables (PS3.3 C.7.6.3.1.5, C.7.9); entries of ``bits`` 8 or 16."""

    red: Lut
    green: Lut
    blue: Lut
