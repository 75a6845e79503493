"""Colour: palettes and the colour models of stored frames (PS3.3 C.7.6.3.1.2, C.7.6.3.1.5)."""

from dataclasses import dataclass

from wado_core.model.grayscale import Lut, StoredLut


@dataclass(frozen=True, slots=True)
class StoredPalette:
    """The three Palette Color Lookup Tables, and where they lie (PS3.3 C.7.6.3.1.5, C.7.9).

    Their ``bits`` are what their entries really hold, whatever their descriptors say (H3.1).
    """

    red: StoredLut
    green: StoredLut
    blue: StoredLut


@dataclass(frozen=True, slots=True)
class Palette:
    """The three Palette Color Lookup Tables that have been read; the highest 8 of the ``bits`` of their entries are shown."""

    red: Lut
    green: Lut
    blue: Lut
