"""Excerpts of JPEG 2000: the packets of the lower resolutions, as the code stream of the smaller picture that they are (T.800 Annex B).

Sizes, code blocks, precincts and quantisation steps of a resolution do not depend on those above it. So a stream of ``levels``
decompositions without the packets of its upper ``steps`` resolutions is a stream of ``levels - steps``, once its header says so, and any
decoder decodes it. Nearly all streams begin with the lower resolutions; of these the rest need not be read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import error as struct_error
from struct import pack, unpack_from

from wado_core.codecs.jpeg_2000_bits import BrokenPacket
from wado_core.codecs.jpeg_2000_markers import EXCERPT, code_stream_of, segments_of
from wado_core.codecs.jpeg_2000_packets import Packets, Resolution
from wado_core.codecs.reduction import Incomplete

_SIZ, _CAP, _COD, _TLM, _PLM, _PLT, _CPF, _QCD, _QCC = 0xFF51, 0xFF50, 0xFF52, 0xFF55, 0xFF57, 0xFF58, 0xFF59, 0xFF5C, 0xFF5D
_COM, _SOT, _SOD = 0xFF64, 0xFF90, 0xFF93
_SOC, _EOC = b"\xff\x4f", b"\xff\xd9"
# Other segments say things of single components or tiles, change the order of packets, or hold their headers.
_HEADER, _TILE_HEADER = frozenset((_SIZ, _CAP, _COD, _TLM, _PLM, _CPF, _QCD, _QCC, _COM)), frozenset((_COM, _PLT))
_LEFT_OUT = frozenset((_TLM, _PLM, _COM))
# Progression orders (T.800 table A.16).
_LRCP, _RLCP, _RPCL, _PCRL, _CPRL = range(5)
_PRECINCTS = 0x01  # of Scod
_SEVERAL_SEGMENTS = 0x05  # of the code-block style: bypass, termination on each pass
_HIGH_THROUGHPUT = 0x40
_MOST_LEVELS = 32
# A tile has no more parts (T.800 A.4.2); their headers have few segments, 256 PLT at most.
_MOST_PARTS, _MOST_SEGMENTS = 255, 1024


def excerpt(data: bytes, steps: int) -> bytes | None:
    """Return the code stream of the picture ``2**steps`` times smaller that a code stream holds, edges rounded up.

    data: a code stream, or as much of its beginning as was read.  steps: at least 1, and at most its levels.
    None where it is of another form than encoders of this field write (several tiles, packed headers, arithmetic coding with
    several segments a block, changes of progression), broken, or has very many code blocks; a decoder that
    reduces then has it all. Raises Incomplete where data ends before the excerpt.
    """
    data = code_stream_of(data)
    try:
        header = _read_header(data, steps)
        packets = b"".join(data[begin:end] for begin, end in _kept(data, header, steps))
    except (BrokenPacket, struct_error):
        return None
    except IndexError as error:
        raise Incomplete from error
    tile = pack(">HHHLBBH", _SOT, 10, 0, 14 + len(packets), 0, 1, _SOD)
    return b"".join((_SOC, header.written(steps), tile, packets, _EOC))


@dataclass(frozen=True, slots=True)
class _Header:
    """The main header of a stream of one tile, whose segments are all known here.

    end: where its first tile-part begins.  coding: COD.
    """

    segments: tuple[tuple[int, bytes], ...]
    end: int
    rows: int
    columns: int
    components: int
    coding: bytes

    @property
    def levels(self) -> int:
        return self.coding[5]

    def written(self, steps: int) -> bytes:
        """Return the segments of the header of the smaller picture, and a comment that it is one."""
        kept = self.levels - steps
        contents = [(marker, self._content(marker, content, kept)) for marker, content in self.segments if marker not in _LEFT_OUT]
        contents.append((_COM, EXCERPT + bytes((steps,))))
        return b"".join(pack(">HH", marker, len(content) + 2) + content for marker, content in contents)

    def _content(self, marker: int, content: bytes, kept: int) -> bytes:
        if marker == _SIZ:
            above = self.levels - kept
            size = -(-self.columns >> above), -(-self.rows >> above)
            return content[:2] + pack(">8L", *size, 0, 0, *size, 0, 0) + content[34:]
        if marker == _COD:
            return content[:5] + bytes((kept,)) + content[6 : 10 + (kept + 1) * (content[0] & _PRECINCTS)]
        if marker == _QCD:
            return _quantisation(content, kept)
        if marker == _QCC:
            index = 1 if self.components < 257 else 2
            return content[:index] + _quantisation(content[index:], kept)
        return content


def _quantisation(content: bytes, levels: int) -> bytes:
    """Keep the steps of the lower subbands (T.800 A.6.4); derived ones count from the lowest anyway (equation E-5)."""
    width = {0: 1, 2: 2}.get(content[0] & 31)
    return content if width is None else content[: 1 + width * (3 * levels + 1)]


def _has_steps(marker: int, content: bytes, levels: int, size: int) -> bool:
    """Say whether a segment of quantisation has a step for each subband; yes of other segments.

    size: bytes of SIZ, which tell how wide the number of a component is.
    """
    if marker not in (_QCD, _QCC):
        return True
    content = content[(1 if size < 36 + 3 * 257 else 2) if marker == _QCC else 0 :]
    width = {0: 1, 2: 2}.get(content[0] & 31) if content else None
    return len(content) >= (3 if width is None else 1 + width * (3 * levels + 1))


def _read_header(data: bytes, steps: int) -> _Header:
    segments, end = segments_of(data)
    if end is None:
        raise IndexError
    markers = [marker for marker, _ in segments]
    found = dict(segments)
    once = all(markers.count(marker) == 1 for marker in (_SIZ, _COD, _QCD))
    if not once or not _HEADER.issuperset(markers):
        raise BrokenPacket
    size, coding = found[_SIZ], found[_COD]
    if len(coding) < 10 or not all(_has_steps(marker, content, coding[5], len(size)) for marker, content in segments):
        raise BrokenPacket
    columns, rows, x, y, tile_columns, tile_rows, tile_x, tile_y, components = unpack_from(">8LH", size, 2)
    one_tile = not (x or y or tile_x or tile_y) and tile_columns >= columns and tile_rows >= rows
    style = coding[8]
    if (
        not one_tile
        or {*size[37::3], *size[38::3]} != {1}
        or len(size) != 36 + 3 * components
        or not steps <= coding[5] <= _MOST_LEVELS
        or len(coding) < 10 + (coding[5] + 1) * (coding[0] & _PRECINCTS)
        or not unpack_from(">H", coding, 2)[0]
        or style & _SEVERAL_SEGMENTS
        or style & 0xC0 not in (0, _HIGH_THROUGHPUT)
    ):
        raise BrokenPacket
    return _Header(tuple(segments), end, rows, columns, components, coding)


def _kept(data: bytes, header: _Header, steps: int) -> Iterator[tuple[int, int]]:
    """Yield begin and end of each packet to keep, in order; nothing behind the last of them is looked at."""
    coding = header.coding
    layers = unpack_from(">H", coding, 2)[0]
    packets = Packets(data, coding[0], high_throughput=bool(coding[8] & _HIGH_THROUGHPUT))
    resolutions = [_resolution(header, number) for number in range(header.levels + 1)]
    parts = _tile_parts(data, header.end)
    at, end = next(parts)
    left = layers * header.components * sum(one.precincts for one in resolutions[: header.levels - steps + 1])
    for layer, number, component, precinct in _order(header, resolutions, layers):
        while at == end:
            at, end = next(parts)
        begin, at = at, packets.end(at, (component, number, precinct), resolutions[number], layer)
        if at > end:
            raise BrokenPacket
        if number <= header.levels - steps:
            if at > len(data):
                raise IndexError
            yield begin, at
            left -= 1
            if not left:
                return


def _order(header: _Header, resolutions: list[Resolution], layers: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield layer, resolution, component and precinct of each packet (T.800 B.12.1), precincts in the order of rows."""
    numbers, components = range(len(resolutions)), range(header.components)
    order = header.coding[1]
    single = all(one.precincts == 1 for one in resolutions)
    if order in (_PCRL, _CPRL) and single:  # the one position is the first of everything
        return ((layer, r, c, 0) for c in components for r in numbers for layer in range(layers))
    if order == _LRCP:
        return ((layer, r, c, p) for layer in range(layers) for r in numbers for c in components for p in range(resolutions[r].precincts))
    if order == _RLCP:
        return ((layer, r, c, p) for r in numbers for layer in range(layers) for c in components for p in range(resolutions[r].precincts))
    if order == _RPCL:
        return ((layer, r, c, p) for r in numbers for p in range(resolutions[r].precincts) for c in components for layer in range(layers))
    raise BrokenPacket


def _resolution(header: _Header, number: int) -> Resolution:
    coding = header.coding
    exponents = coding[10 + number] if coding[0] & _PRECINCTS else 0xFF  # of precincts: columns in the lower bits
    block = (coding[7] & 15) + 2, (coding[6] & 15) + 2
    size = header.rows, header.columns
    return Resolution(size, header.levels - number, (exponents >> 4, exponents & 15), block, lowest=number == 0)


def _tile_parts(data: bytes, at: int) -> Iterator[tuple[int, int]]:
    """Yield begin and end of the packets of each tile-part; IndexError where there is none."""
    segments = 0
    for _ in range(_MOST_PARTS):
        if at + 12 > len(data):
            raise IndexError
        marker, _, tile, length = unpack_from(">HHHL", data, at)
        end = at + length if length else len(data) - 2 * data.endswith(_EOC)
        at += 12
        while (marker_of := _number(data, at)) != _SOD:
            segments += 1
            if marker_of not in _TILE_HEADER or segments > _MOST_SEGMENTS:
                raise BrokenPacket
            at += 2 + _number(data, at + 2)
        at += 2
        if marker != _SOT or tile or end < at:
            raise BrokenPacket
        yield at, end
        at = end
    raise BrokenPacket


def _number(data: bytes, at: int) -> int:
    return data[at] << 8 | data[at + 1]
