"""Mutants of a stored object: each of its pixel attributes in turn removed, emptied, zeroed, made absurd, or contradictory."""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from io import BytesIO
from struct import pack
from typing import Any

from pydicom import dcmread
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag, Tag
from pydicom.uid import DeflatedExplicitVRLittleEndian

from tests.bad_data import streams
from tests.bad_data.attributes import CONTRADICTIONS, MOST_ITEMS, OVERLAY, SEQUENCES, Value
from wado_core.model.transfer_syntax import transfer_syntax

Path = tuple[tuple[int, int], ...]
"""Where an attribute lies: pairs of the tag of a sequence and the index of an item; empty for the data set itself."""

LONG_TEXT = b"9" * 65536
PIXEL_DATA = 0x7FE00010
TRANSFER_SYNTAX_UID = 0x00020010
CELL_SYNTAXES = ("1.2.840.10008.1.2.5", "1.2.840.10008.1.2.8.1")
"""Encapsulated ones whose frames hold cells as the header describes them: RLE, deflated frames."""

OFFSET_TABLES = (0x7FE00001, 0x7FE00002)
"""Extended Offset Table and its lengths: where frames begin is seen in the fragments as well (H1.5)."""

IN_THE_CODE_STREAM = (TRANSFER_SYNTAX_UID, 0x00280006, 0x00280010, 0x00280011, 0x00280100, 0x00280102)
"""Transfer Syntax UID, which names a family of codes as well, Planar Configuration, Rows, Columns, Bits Allocated, High Bit."""

HALF_IN_THE_CODE_STREAM = (0x00280002, 0x00280004, 0x00280101, 0x00280103)
"""Samples per Pixel, Photometric Interpretation, Bits Stored, Pixel Representation: the header still says how to read what comes."""

_PLACE = bytes(range(200, 250))


class Judge(Enum):
    """What the oracle is shown to tell what the picture of a mutant should be."""

    MUTANT = "the mutant"
    ORIGINAL = "the file before: the code stream says what the broken attribute says, and wins (H1.6, H1.8)"
    NOBODY = "nothing"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One broken object: what was done, e.g. "(0028,0010) zeroed", what makes its bytes, and by what its picture is judged."""

    name: str
    make: Callable[[], bytes]
    judge: Judge = Judge.MUTANT


class Stored:
    """A stored object that is written again with one thing broken; everything else keeps its bytes."""

    def __init__(self, data: bytes) -> None:
        """Read the object; any exception of pydicom's means that it cannot be mutated by attributes."""
        self.data = data
        self._has_preamble = data[128:132] == b"DICM"
        ds = self.read()
        self.implicit, self.little = bool(ds.original_encoding[0]), bool(ds.original_encoding[1])
        self.syntax = str(ds.file_meta.get("TransferSyntaxUID", "1.2.840.10008.1.2"))

    def read(self) -> Dataset:
        """Return the data set anew, its values still raw."""
        return dcmread(BytesIO(self.data), force=True)

    def written(self, ds: Dataset, syntax: bytes | None = None, place: tuple[bytes, bytes] | None = None) -> bytes:
        """Return the bytes of a changed data set.

        syntax: other bytes for the Transfer Syntax UID.  place: bytes, and what is to stand there, which pydicom would not write.
        """
        body = DicomBytesIO()
        body.is_little_endian, body.is_implicit_VR = self.little, self.implicit
        write_dataset(body, ds)
        data = body.getvalue()
        if place is not None:
            assert data.count(place[0]) == 1
            data = data.replace(*place)
        if self.syntax == DeflatedExplicitVRLittleEndian:
            deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
            data = deflate.compress(data) + deflate.flush()
            data += b"\0" * (len(data) % 2)
        if not self._has_preamble:
            return data
        return bytes(128) + b"DICM" + self._meta(ds, syntax) + data

    def _meta(self, ds: Dataset, syntax: bytes | None) -> bytes:
        meta = DicomBytesIO()
        meta.is_little_endian, meta.is_implicit_VR = True, False
        for tag in sorted(ds.file_meta.keys()):
            if tag == TRANSFER_SYNTAX_UID:
                uid = self.syntax.encode() if syntax is None else syntax
                uid += b"\0" * (len(uid) % 2)
                meta.write(pack("<HH2sH", 2, 0x10, b"UI", min(len(uid), 0xFFFE)) + uid[:0xFFFE])
            elif tag != 0x00020000:
                only = Dataset()
                only[tag] = ds.file_meta[tag]
                write_dataset(meta, only)
        written = meta.getvalue()
        return pack("<HH2sHL", 2, 0, b"UL", 4, len(written)) + written

    def element(self, tag: int, vr: str, value: bytes) -> RawDataElement:
        """Make an element out of the bytes of its value."""
        return RawDataElement(BaseTag(tag), vr, len(value), value, 0, self.implicit, self.little, True)

    def judge(self, tag: int) -> Judge:
        """Tell by what the picture is judged when an attribute is broken."""
        if tag in OFFSET_TABLES:
            return Judge.ORIGINAL
        if not transfer_syntax(self.syntax).encapsulated or self.syntax in CELL_SYNTAXES:
            return Judge.MUTANT
        if tag in IN_THE_CODE_STREAM:
            return Judge.ORIGINAL
        return Judge.NOBODY if tag in HALF_IN_THE_CODE_STREAM else Judge.MUTANT

    def judge_of_pixels(self, change: str) -> Judge:
        """Tell by what the picture is judged when encapsulated pixel data is changed in one of the ways of `streams`."""
        if " table" in change or "empty fragment" in change or "64 bytes" in change:
            return Judge.ORIGINAL
        return Judge.MUTANT if self.syntax in CELL_SYNTAXES else Judge.NOBODY  # decoders part ways in a broken stream

    def header(self, tag: int, vr: str, length: int) -> bytes:
        """Return the header of an element whose VR has a long length."""
        order = "<" if self.little else ">"
        if self.implicit:
            return pack(f"{order}HHL", tag >> 16, tag & 0xFFFF, length)
        return pack(f"{order}HH2sHL", tag >> 16, tag & 0xFFFF, vr.encode(), 0, length)

    def delimiter(self) -> bytes:
        """Return a Sequence Delimitation Item."""
        return pack(f"{'<' if self.little else '>'}HHL", 0xFFFE, 0xE0DD, 0)

    def numbers(self, vr: str, values: tuple[int, ...]) -> bytes:
        """Encode 16-bit words, or numbers of other binary VRs."""
        form = {"UL": "L", "SL": "l", "FL": "f", "FD": "d", "OV": "Q"}.get(vr, "H")
        mask = (lambda number: number) if form in "fdl" else (lambda number: number & (1 << {"H": 16, "L": 32, "Q": 64}[form]) - 1)
        return pack(f"{'<' if self.little else '>'}{len(values)}{form}", *map(mask, values))


def mutants_of(data: bytes) -> Iterator[Mutant]:
    """Yield every mutant of a stored image, in a fixed order; an object that pydicom cannot read has those of its bytes only."""
    try:
        stored = Stored(data)
        ds = stored.read()
        stored.written(ds)
    except Exception:  # noqa: BLE001 - damaged from the start
        yield from _of_bytes(data)
        return
    for path, tag, vr, others in _attributes(stored, ds):
        yield from _of_attribute(stored, path, tag, vr, others)
    yield from _of_sequences(stored, ds)
    yield from _of_transfer_syntax(stored)
    yield from _of_pixel_data(stored, ds)
    yield from _of_bytes(data)


def _attributes(stored: Stored, ds: Dataset) -> Iterator[tuple[Path, int, str, tuple[bytes, ...]]]:
    """Yield where each attribute lies, its tag, VR, and other values for it; those of items only where they are."""
    for keyword, values in CONTRADICTIONS.items():
        tag = tag_for_keyword(keyword)
        assert tag is not None
        if tag >> 16 == 2:
            continue
        vr = dictionary_VR(tag)
        if " or " in vr:
            vr = "OW" if "OW" in vr else vr[:2]
        others = tuple(_encoded(stored, vr, value) for value in values)
        yield (), tag, vr, others
        for path, item in _items(ds):
            if tag in item:
                yield path, tag, vr, others
    groups = [group for group in (0x6000, 0x6002) if (group, 0x0010) in ds] or [0x6000]
    for group in groups:
        for number, (vr, values) in OVERLAY.items():
            yield (), group << 16 | number, vr, tuple(_encoded(stored, vr, value) for value in values)


def _encoded(stored: Stored, vr: str, value: Value) -> bytes:
    if isinstance(value, str):
        return value.encode() + b" " * (len(value) % 2)
    return stored.numbers(vr, value if isinstance(value, tuple) else (value,))


def _items(ds: Dataset, above: Path = ()) -> Iterator[tuple[Path, Dataset]]:
    for keyword in SEQUENCES:
        tag = tag_for_keyword(keyword)
        assert tag is not None
        if tag in ds and isinstance(ds[tag].value, Sequence):
            items = ds[tag].value
            for index in sorted({0, len(items) - 1})[:MOST_ITEMS] if len(items) else ():
                path = (*above, (tag, index))
                yield path, items[index]
                yield from _items(items[index], path)


def _at(ds: Dataset, path: Path) -> Dataset:
    for tag, index in path:
        ds = ds[tag].value[index]
    return ds


def _raw(ds: Dataset, tag: int) -> RawDataElement | None:
    """Return an element as it is stored; None where there is none, or a sequence that has been gone through."""
    element: Any = ds.get_item(tag)
    return element if isinstance(element, RawDataElement) else None


def _name(path: Path, tag: int) -> str:
    return "".join(f"{Tag(sequence)}[{index}]>" for sequence, index in path).replace(" ", "") + str(Tag(tag)).replace(" ", "")


def _of_attribute(stored: Stored, path: Path, tag: int, vr: str, others: tuple[bytes, ...]) -> Iterator[Mutant]:
    where = _name(path, tag)
    holder = _at(stored.read(), path)
    old = _raw(holder, tag)
    if tag in holder:
        yield Mutant(f"{where} removed", lambda: _without(stored, path, tag), stored.judge(tag))
    if old is not None:
        vr = old.VR or vr
    number = _is_binary(vr)
    length = len(old.value or b"") if old is not None else 2
    changes = {
        "emptied": b"",
        "zeroed": bytes(length or 2) if number else b"0 ",
        "of ones": b"\xff" * (length or 2) if number else b"1e308 ",
        "negative": stored.numbers("US", (0x8000,)) if number else b"-1",
        "of one byte": b"\x01",
        "no number": b"\x00\xf8\xff\x7f" if number else b"NaN ",
        "endless": b"\x7f" * 200 if number else b"INF ",
        "text": b"abc ",
        "of 64 KB": LONG_TEXT,
    }
    if old is not None and old.value and length > 2:
        changes |= {"cut": old.value[: length // 4 * 2], "doubled": old.value * 2 if length < 200_000 else old.value + b"\0\0"}
    changes |= {f"now {other[:24]!r}{'…' * (len(other) > 24)}": other for other in others}
    for kind, value in changes.items():
        if old is None and kind in ("zeroed", "of one byte", "text", "endless"):
            continue
        if old is None or value != old.value:
            yield Mutant(f"{where} {kind}", _replacing(stored, path, tag, vr, value), stored.judge(tag))


def _is_binary(vr: str) -> bool:
    return vr in ("US", "SS", "UL", "SL", "OB", "OW", "FL", "FD", "OV", "OL", "OF", "OD", "UN")


def _without(stored: Stored, path: Path, tag: int) -> bytes:
    ds = stored.read()
    del _at(ds, path)[tag]
    return stored.written(ds)


def _replacing(stored: Stored, path: Path, tag: int, vr: str, value: bytes) -> Callable[[], bytes]:
    def make() -> bytes:
        ds = stored.read()
        _at(ds, path)[tag] = stored.element(tag, vr, value)
        return stored.written(ds)

    return make


def _of_sequences(stored: Stored, ds: Dataset) -> Iterator[Mutant]:
    for path, _ in [((), ds), *_items(ds)]:
        for keyword in SEQUENCES:
            tag = tag_for_keyword(keyword)
            assert tag is not None
            if tag not in _at(ds, path):
                continue
            where = _name(path, tag)
            yield Mutant(f"{where} removed", lambda path=path, tag=tag: _without(stored, path, tag))  # type: ignore[misc]
            for kind, change in {
                "emptied": lambda _: [],
                "with an empty item": lambda _: [Dataset()],
                "without its last item": lambda items: items[:-1],
                "with its first item twice": lambda items: [items[0], *items] if items else [Dataset(), Dataset()],
                "reversed": lambda items: items[::-1],
            }.items():
                yield Mutant(f"{where} {kind}", _with_items(stored, path, tag, change))
            yield Mutant(f"{where} no sequence", _replacing(stored, path, tag, "SQ", b"abcdefgh"))


def _with_items(stored: Stored, path: Path, tag: int, change: Callable[[list[Dataset]], list[Dataset]]) -> Callable[[], bytes]:
    def make() -> bytes:
        ds = stored.read()
        holder = _at(ds, path)
        holder[tag].value = Sequence(change(list(holder[tag].value)))
        return stored.written(ds)

    return make


def _of_transfer_syntax(stored: Stored) -> Iterator[Mutant]:
    where = _name((), TRANSFER_SYNTAX_UID)
    others = [str(value).encode() for value in CONTRADICTIONS["TransferSyntaxUID"]]
    for other in (*others, b"", b"0", b"1.2.840.10008.1.2.4.", b"abc", b"1" * 64, b"9" * 0xFFFE):
        if other.decode() != stored.syntax:
            label = other[:40].decode() or "empty"
            judge = stored.judge(TRANSFER_SYNTAX_UID)
            yield Mutant(f"{where} now {label}", lambda other=other: stored.written(stored.read(), other), judge)  # type: ignore[misc]


def _of_pixel_data(stored: Stored, ds: Dataset) -> Iterator[Mutant]:
    for tag in (PIXEL_DATA, 0x7FE00008, 0x7FE00009):
        element = _raw(ds, tag)
        if element is None or element.value is None:
            continue
        where, vr, value = _name((), tag), element.VR or "OW", element.value
        encapsulated = element.length == 0xFFFFFFFF
        yield Mutant(f"{where} removed", lambda tag=tag: _without(stored, (), tag))  # type: ignore[misc]
        changes = streams.encapsulated(value) if encapsulated else streams.native(value)
        for kind, change in changes:
            judge = stored.judge_of_pixels(kind) if encapsulated else Judge.MUTANT
            yield Mutant(f"{where} {kind}", _with_pixels(stored, tag, vr, change, encapsulated=encapsulated), judge)
        yield Mutant(
            f"{where} {'native' if encapsulated else 'encapsulated'} all at once",
            _with_pixels(stored, tag, vr, lambda value=value: value, encapsulated=not encapsulated),  # type: ignore[misc]
        )


def _with_pixels(stored: Stored, tag: int, vr: str, change: Callable[[], bytes], *, encapsulated: bool) -> Callable[[], bytes]:
    def make() -> bytes:
        ds = stored.read()
        ds[tag] = stored.element(tag, vr, _PLACE)
        value = change()
        new = stored.header(tag, vr, 0xFFFFFFFF if encapsulated else len(value)) + value + (stored.delimiter() if encapsulated else b"")
        return stored.written(ds, place=(stored.header(tag, vr, len(_PLACE)) + _PLACE, new))

    return make


def _of_bytes(data: bytes) -> Iterator[Mutant]:
    """Yield the object cut in its header, in its middle and just before its end, and with something behind it."""
    for part in (0.1, 0.5, 0.9):
        yield Mutant(f"cut at {part:.0%}", lambda part=part: data[: int(len(data) * part)])  # type: ignore[misc]
    for less in (1, 2, 8, 9):
        yield Mutant(f"{less} bytes less", lambda less=less: data[:-less])  # type: ignore[misc]
    yield Mutant("200 bytes more", lambda: data + b"\x5a" * 200)
