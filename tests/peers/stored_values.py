"""Stored values of a file as DCMTK, GDCM, pydicom and FFmpeg decode them, each with codecs and, but for FFmpeg, a reader of its own.

The exact command lines; each writes native Explicit VR Little Endian, whose cells are taken out of the bytes as PS3.5 8.1.1 says:

- DCMTK: ``dcmconv +te FILE OUT`` for uncompressed and deflated files, ``dcmdrle +te FILE OUT`` for RLE, ``dcmdjpeg +cn +px +te FILE OUT``
  for JPEG, ``dcmdjpls +px +te FILE OUT`` for JPEG-LS; with ``-f`` before them for bare data sets.  ``+cn``: no colour
  transform, as the cells are compared.  It has no JPEG 2000.
- GDCM: ``gdcmconv --raw FILE OUT``, of the wheel python-gdcm.  It has no HTJ2K and no JPEG XL.
- pydicom: ``get_decoder(syntax).as_array(ds, index=frame - 1, raw=True, decoding_plugin=plugin)`` with each of its plugins gdcm, pillow
  and pydicom that decodes the syntax here.
- FFmpeg: ``ffmpeg -loglevel info -f j2k_pipe -c:v jpeg2000 -i - -f rawvideo -`` and ``-f jpegls_pipe -c:v jpegls`` for the code streams of
  JPEG 2000 and JPEG-LS, found by pydicom: two decoders of its own, where all the others share OpenJPEG and CharLS.
"""

import os
import re
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.encaps import get_frame
from pydicom.pixels.decoders.base import get_decoder

from tests.reference.pipeline import read
from tests.reference.samples import frame_samples, sample_values
from wado_core.model import transfer_syntax as syntaxes

DEADLINE_S = 60

DCMTK, GDCM, PYDICOM, FFMPEG = "DCMTK", "GDCM", "pydicom", "FFmpeg"
PROGRAMS = (DCMTK, GDCM, PYDICOM, FFMPEG)

NATIVE = {
    syntaxes.IMPLICIT_VR_LITTLE_ENDIAN,
    syntaxes.EXPLICIT_VR_LITTLE_ENDIAN,
    syntaxes.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    syntaxes.EXPLICIT_VR_BIG_ENDIAN,
}
JPEG = {f"1.2.840.10008.1.2.4.{end}" for end in (50, 51, 53, 55, 57, 70)}
JPEG_LS = {f"1.2.840.10008.1.2.4.{end}" for end in (80, 81)}
JPEG_2000 = {f"1.2.840.10008.1.2.4.{end}" for end in (90, 91)}
RLE = {syntaxes.RLE_LOSSLESS}

DECODES = {
    DCMTK: NATIVE | RLE | JPEG | JPEG_LS,
    GDCM: NATIVE | RLE | JPEG | JPEG_LS | JPEG_2000,
    PYDICOM: NATIVE | RLE | (JPEG - {f"1.2.840.10008.1.2.4.{end}" for end in (51, 53, 55)}) | JPEG_LS | JPEG_2000,
    FFMPEG: JPEG_LS | JPEG_2000,
}
"""Transfer syntaxes that each program decodes; of JPEG Extended pydicom's plugins take 8 bits alone."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Sample values of one frame: (rows, columns) or (rows, columns, samples), and what they are."""

    values: NDArray[Any]
    photometric: str


class Refused(Exception):
    """The program does not decode the file, or is not installed."""


def installed(program: str) -> bool:
    """Whether a program is here."""
    if program == DCMTK:
        return all(shutil.which(name) for name in ("dcmconv", "dcmdrle", "dcmdjpeg", "dcmdjpls"))
    if program == FFMPEG:
        return shutil.which("ffmpeg") is not None
    return program == PYDICOM or _gdcmconv() is not None


def _gdcmconv() -> str | None:
    """Return the program in the wheel, without the script around it, which takes longer than it and hides its exit status."""
    wheel = find_spec("_gdcm")
    folders = list(wheel.submodule_search_locations or ()) if wheel else []
    return shutil.which("gdcmconv", path=os.pathsep.join([*folders, os.environ.get("PATH", "")]))


@contextmanager
def decoded(program: str, path: Path, syntax: str) -> Iterator["Decoded"]:
    """Decode a file with a program; raise Refused when it does not."""
    if program == PYDICOM:
        yield _WithPydicom(_read(path), syntax)
        return
    if program == FFMPEG:
        yield _WithFfmpeg(_read(path), syntax)
        return
    with TemporaryDirectory() as folder:
        out = Path(folder) / "out.dcm"
        command = _dcmtk(path, syntax, out) if program == DCMTK else [str(_gdcmconv()), "--raw", str(path), str(out)]
        done = subprocess.run(command, capture_output=True, timeout=DEADLINE_S)
        if done.returncode != 0 or not out.exists():
            raise Refused(done.stderr.decode(errors="replace").strip()[:300])
        yield _Native(_read(out))


def _dcmtk(path: Path, syntax: str, out: Path) -> list[str]:
    data = path.read_bytes()
    reading = [] if data[128:132] == b"DICM" or data[:2] == b"\2\0" else ["-f"]
    command = ["dcmconv"]
    if syntax in RLE:
        command = ["dcmdrle"]
    elif syntax in JPEG:
        command = ["dcmdjpeg", "+cn", "+px"]
    elif syntax in JPEG_LS:
        command = ["dcmdjpls", "+px"]
    return [*command, "+te", *reading, str(path), str(out)]


def _read(path: Path) -> Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return read(path)


class _Native:
    """A file that a program has written without compression."""

    def __init__(self, ds: Dataset) -> None:
        self._ds = ds

    def frame(self, number: int) -> list[Samples]:
        """Return one frame."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values, photometric = frame_samples(self._ds, number)
        return [Samples(values, photometric)]


class _WithPydicom:
    """A file as pydicom and its plugins decode it."""

    def __init__(self, ds: Dataset, syntax: str) -> None:
        self._ds = ds
        try:
            self._decoder = get_decoder(syntax)
        except NotImplementedError as error:
            raise Refused(str(error)) from error

    def frame(self, number: int) -> list[Samples]:
        """Return one frame as each plugin decodes it."""
        found, refusal = [], ""
        for plugin in self._decoder.available_plugins or ("",):
            try:
                found.append(self._frame(number, plugin))
            except Exception as error:  # noqa: BLE001 - whatever pydicom refuses with
                refusal = f"{plugin}: {error}"
        if not found:
            raise Refused(refusal[:300])
        return found

    def _frame(self, number: int, plugin: str) -> Samples:
        ds = self._ds
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            cells, meta = self._decoder.as_array(ds, index=number - 1, raw=True, decoding_plugin=plugin)
            if cells.dtype.kind == "f":
                return Samples(cells.astype(np.float64), str(meta["photometric_interpretation"]))
            high_bit = ds.HighBit if not plugin else ds.BitsStored - 1  # a plugin delivers samples, pydicom itself cells
            values = sample_values(cells.astype(np.int64), int(meta["bits_stored"]), high_bit, ds.PixelRepresentation)
        return Samples(values, str(meta["photometric_interpretation"]))


class _WithFfmpeg:
    """The code streams of a file as FFmpeg decodes them."""

    def __init__(self, ds: Dataset, syntax: str) -> None:
        self._ds = ds
        self._options = ("-f", "j2k_pipe", "-c:v", "jpeg2000") if syntax in JPEG_2000 else ("-f", "jpegls_pipe", "-c:v", "jpegls")

    def frame(self, number: int) -> list[Samples]:
        """Return one frame."""
        ds = self._ds
        stream = get_frame(ds.PixelData, number - 1, number_of_frames=int(ds.get("NumberOfFrames") or 1))
        bits, signed = _precision(stream)
        command = ["ffmpeg", "-hide_banner", "-loglevel", "info", *self._options, "-i", "-", "-f", "rawvideo", "-"]
        done = subprocess.run(command, input=stream, capture_output=True, timeout=DEADLINE_S)
        told = re.search(r"Video: rawvideo[^,]*, (gray16le|gray|rgb24)\b.*?, ([0-9]+)x([0-9]+)", done.stderr.decode(errors="replace"))
        if done.returncode != 0 or told is None:
            raise Refused("no picture")
        form, columns, rows = told[1], int(told[2]), int(told[3])
        wide = np.frombuffer(done.stdout, "<u2" if form == "gray16le" else np.uint8).astype(np.int64)
        values = wide >> ((16 if form == "gray16le" else 8) - bits)  # it moves samples up to the highest bit
        if signed:
            values -= 1 << (bits - 1)  # and signed ones by half their range
        elif ds.PixelRepresentation == 1:
            bits = min(bits, ds.BitsStored)
            values = sample_values(values, bits, bits - 1, 1)
        shape = (rows, columns, 3) if form == "rgb24" else (rows, columns)
        return [Samples(values.reshape(shape), "RGB" if form == "rgb24" else str(ds.PhotometricInterpretation))]


def _precision(stream: bytes) -> tuple[int, bool]:
    """Return the bits of a sample, and whether it is signed: SIZ of JPEG 2000 (T.800 A.5.1), SOF55 of JPEG-LS (T.87 C.2.2)."""
    begin = stream.find(b"\xff\x4f\xff\x51")
    if begin >= 0:
        return (stream[begin + 42] & 127) + 1, bool(stream[begin + 42] >> 7)
    return stream[stream.find(b"\xff\xf7") + 4], False


Decoded = _Native | _WithPydicom | _WithFfmpeg
