"""Stored values as wado_core decodes them: its frame index, its codecs, and H1.2 by the equation."""

from pathlib import Path

import numpy as np

from tests.peers.stored_values import Samples
from tests.reference.samples import sample_values
from wado_core.codecs.registry import decode
from wado_core.dicom.decodable import decodable_pixel
from wado_core.dicom.frames import FrameReader
from wado_core.dicom.instance import describe
from wado_core.dicom.source import BytesSource
from wado_core.settings import Limits


class Ours:
    """A file as it is decoded here."""

    def __init__(self, path: Path) -> None:
        source, self._limits = BytesSource(path.read_bytes()), Limits()
        self.instance = describe(source, "", self._limits).instance
        self._reader = FrameReader(source, self.instance, self._limits)
        self._made: dict[int, Samples] = {}

    def frame(self, number: int) -> Samples:
        """Return one frame, from 1; it is decoded once."""
        if number not in self._made:
            self._made[number] = self._decoded(number)
        return self._made[number]

    def _decoded(self, number: int) -> Samples:
        pixel, syntax = decodable_pixel(self.instance, self._limits), self.instance.transfer_syntax_uid
        made = decode(self._reader.frame(number), pixel, syntax)
        if made.cells.dtype.kind == "f":
            return Samples(made.cells.astype(np.float64), made.pixel.photometric_interpretation)
        cells, of = made.cells.astype(np.int64), made.pixel  # uint64 wraps into the sign, which the mask takes away again
        return Samples(sample_values(cells, of.bits_stored, of.high_bit, int(of.signed)), of.photometric_interpretation)
