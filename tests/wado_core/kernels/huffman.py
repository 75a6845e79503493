"""Huffman tables for the tests of coding, beside those of Annex K."""

from wado_core.jpeg.tables import CHROMA_AC, CHROMA_DC, LUMA_AC, LUMA_DC, HuffmanTable

_DC = bytes(range(12))
_AC = bytes([0x00, 0xF0, *(run << 4 | size for run in range(16) for size in range(1, 11))])

# Each code has 16 bits, so that nothing can be longer.
LONGEST = (HuffmanTable(bytes((0,) * 15 + (len(_DC),)), _DC), HuffmanTable(bytes((0,) * 15 + (len(_AC),)), _AC))

# Short codes for long magnitudes; end-of-block comes last.
REVERSED = (
    HuffmanTable(bytes((0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0)), _DC[::-1]),
    HuffmanTable(LUMA_AC.counts, _AC[::-1]),
)

LUMA, CHROMA = (LUMA_DC, LUMA_AC), (CHROMA_DC, CHROMA_AC)
