"""The sections of the report: each test in figures, with its verdict."""

from collections.abc import Iterable, Sequence
from platform import machine

from conformance.jpeg import decoders, encodings, qualities, sources, vectors
from conformance.jpeg.encoders import COMPARED_QUALITIES, LIBRARIES, QUALITIES, with_version
from conformance.jpeg.entropy import Recoded, recode
from conformance.jpeg.generated_scans import LAYOUTS, generated, libjpeg_streams, pairs
from conformance.jpeg.pictures import pictures
from conformance.jpeg.round_trip import INTERVALS, lost
from conformance.jpeg.served import SERVED_QUALITIES, served
from conformance.jpeg.syntax import violations
from conformance.jpeg.transform import Figures, total

MET, NOT_MET = "met", "NOT MET"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows))


def _counts(figures: Figures) -> tuple[str, ...]:
    return f"{figures.compared:,}", f"{figures.differing:,}", f"{figures.ties:,}", str(figures.most)


def _verdict(holds: bool) -> str:
    return f"**{MET}**" if holds else f"**{NOT_MET}**"


def recovered() -> str:
    """Section: where the source components come from, and what the recomputed reference is worth."""
    exactly = sources.recovered_exactly()
    rows = [(name, f"{figures.compared:,}", f"{figures.differing:,}") for name, figures in exactly.items()]
    kinds = (
        ("A1's coefficients and EREF recomputed", sources.committee_against_reference),
        ("EREF recomputed elsewhere and here", sources.derived_against_reference),
    )
    sums = [(name, total(map(kind, vectors.COMPONENTS))) for name, kind in kinds]
    halves = sum(int(sources.ties(name, vectors.quantization(name)).sum()) for name in vectors.COMPONENTS)
    proven = all(figures.differing == 0 for figures in exactly.values()) and all(f.differing == f.ties for _, f in sums)
    return f"""## The source components

The README of the set says that A8 … D8.SRC are both the encoder's source and the reference of the lossless decoder: what O1 decodes to
is the source. The decoder used here is part of this suite and of no library.

{_table(("compared", "samples", "differ"), rows)}

{_table(("compared", "coefficients", "differ", "ties", "max"), [(name, *_counts(figures)) for name, figures in sums])}

Of the {vectors.COEFFICIENTS:,} coefficients {halves} are exact halves. Outside of them the reference is the committee's:
{_verdict(proven)}.
"""


def t1() -> str:
    """Section: the transform."""
    rows, sums = [], [Figures(), Figures()]
    for name in vectors.COMPONENTS:
        figures = sources.against_reference(name), sources.against_committee(name)
        sums = [one + other for one, other in zip(sums, figures, strict=True)]
        size = " × ".join(map(str, vectors.SIZES[name]))
        rows.append((f"{name}8, {size}", *_counts(figures[0]), *_counts(figures[1])[1:]))
    rows.append(("all", *_counts(sums[0]), *_counts(sums[1])[1:]))
    header = ("component", "coefficients", "differ from EREF", "ties", "max", "differ from A1", "ties", "max")
    holds = all(f.beyond == 0 for f in sums) and sums[0].compared == vectors.COEFFICIENTS
    return f"""## T1, transform

The four components, each encoded as a gray picture with A1's table of it (T.83 Annex B); edge blocks included.

{_table(header, rows)}

Max |difference| ≤ 1: {_verdict(holds)}.
"""


def t2() -> str:
    """Section: entropy coding."""
    rows: list[tuple[str, ...]] = []
    holds = True
    for name, what in (("A1", "its tables, DRI 5, ten blocks an MCU"), ("B2", "tables of B1, DRI 11 and 0"), ("C2", "its tables, DRI 10")):
        holds &= _add_recoded(rows, f"{name}: {what}", recode(vectors.stream(name)))
    return f"""## T2, entropy coding

Coefficients in, with the Huffman tables and the restart interval of the stream: the scan has to be the stream's, byte for byte.
The product's coder has two classes of tables, as baseline does; so it codes the scans of C2 one by one, and not C1 with its four.

{_table(("stream", "scans", "blocks", "bytes", "bytes that differ"), rows)}

The bytes of the stream: {_verdict(holds)}.
"""


def _add_recoded(rows: list[tuple[str, ...]], name: str, parts: list[Recoded]) -> bool:
    differing = sum(part.differing_bytes for part in parts)
    sizes = (sum(part.blocks for part in parts), sum(part.size_bytes for part in parts))
    rows.append((name, str(len(parts)), *(f"{size:,}" for size in sizes), f"{differing:,}"))
    return differing == 0


def t2_generated() -> str:
    """Section: entropy coding, without files."""
    rows, holds = [], True
    for tables in pairs():
        streams = [generated(layout, tables, interval) for layout in LAYOUTS for interval in INTERVALS]
        wrong = sum(lost(data, planes) for data, planes in streams)
        holds &= wrong == 0
        stuffed = sum(data.count(b"\xff\x00") for data, _ in streams)
        rows.append((tables, str(len(streams)), f"{sum(p.size for _, planes in streams for p in planes):,}", f"{stuffed:,}", f"{wrong:,}"))
    again = [part for _, stream in libjpeg_streams() for part in recode(stream)]
    differing = sum(part.differing_bytes for part in again)
    return f"""### Generated

Coefficients made to be hard (up to three ZRL, runs of every length, full blocks, AC ±1023, DC differences ±2047), coded by the product
as one component, 4:4:4, 4:2:0 and ten blocks an MCU, with no restart interval and with some; read back by libjpeg and by this suite.

{_table(("Huffman tables", "streams", "coefficients", "bytes FF stuffed", "wrong in either reader"), rows)}

Every coefficient is read back: {_verdict(holds)}.

Streams of libjpeg-turbo, gray and of every subsampling, with typical and optimised Huffman tables, with restart markers and without,
coded again from their coefficients: {len(again)} scans of {sum(part.size_bytes for part in again):,} bytes, of which {differing:,}
differ: {_verdict(differing == 0)}.
"""


def _outcome(outcome: decoders.Outcome) -> tuple[str, ...]:
    return (f"refused: {outcome.refusal}", "", "") if outcome.refusal else (*_counts(outcome.figures)[:2], str(outcome.figures.most))


def _decoded_whole() -> str:
    names = [name for name in vectors.STREAMS if not decoders.whole(name).refusal]
    return f"Decoded as they stand: {', '.join(names)}." if names else "No published stream is decoded as it stands."


def t3() -> str:
    """Section: decoders."""
    rows, holds = [], True
    for name, published in vectors.STREAMS.items():
        outcome = decoders.whole(name)
        holds &= outcome.holds
        rows.append((f"{name}, {published.process}", f"as {decoders.name_of(decoders.TRANSFER_SYNTAX[name])}", *_outcome(outcome)))
    rows.append(("B1, tables only", "as JPEG Baseline (Process 1)", *_outcome(decoders.tables_only())))
    for name, syntax in decoders.APART:
        outcome = decoders.apart(name, syntax)
        holds &= outcome.holds
        rows.append((f"scans of {name}, one by one", f"as {decoders.name_of(syntax)}", *_outcome(outcome)))
    return f"""## T3, decoders of the product

What DICOM objects with such frames give. A decoded component is transformed and quantised again and compared with what decoding in
float64 gives; blocks that extension completes do not count. Lossless samples are compared as they are, and must not differ at all.
Where a stream is refused, the words are those that a client is told. A scan of one component is also a stream of its own, byte for byte.

{_table(("stream", "given to the product", "compared", "differ", "max"), rows)}

{_decoded_whole()} What is decoded is within 1 (equal where lossless), what is not is refused by name: {_verdict(holds)},
as far as it goes; nothing is claimed for streams that are refused.
"""


def t4() -> str:
    """Section: syntax."""
    seen = [(name, violations(data)) for name, data in encodings.encodings()]
    broken = [f"{name}: {found}" for name, found in seen if found]
    other = encodings.qualities_with_other_tables()
    holds = not broken and not other and encodings.huffman_tables_are_typical()
    return f"""## T4, syntax

{len(seen)} streams of the product (gray, 4:4:4, 4:2:2, 4:2:0; sizes from 1 × 1; restart rows; qualities) were read marker by marker and
bit by bit: SOF0 with 8 bits, 8-bit DQT, two Huffman tables of a class at most, with symbols of baseline only, ten blocks an MCU at most,
JFIF's APP0 first, restart markers in sequence and where DRI puts them, stuffed bytes, padding by 1-bits, nothing between the last bit
and EOI. Streams that break a rule: {len(broken)}.

Quantization tables are those of libjpeg at {len(QUALITIES) - len(other)} of {len(QUALITIES)} qualities, Huffman tables those of T.81 K.3.

{_verdict(holds)}.
"""


_GROUPS = {qualities.SOURCES: "four sources", qualities.GRAY: "gray pictures", qualities.LUMA: "Y of colour", qualities.CHROMA: "Cb, Cr"}


def t5() -> str:
    """Section: every quality; without the vectors, of pictures only."""
    found = qualities.added((*(vectors.COMPONENTS if vectors.present() else ()), *pictures()))
    names = {name: group for group, name in _GROUPS.items() if (group, 1) in found}
    groups = [total(found[group, quality] for quality in QUALITIES) for group in names.values()]
    rows = [("all", *(f"{f.differing:,} / {f.ties:,} / {f.most}" for f in groups))]
    for quality in QUALITIES:
        at = [found[group, quality] for group in names.values()]
        rows.append((str(quality), *(f"{f.differing:,} / {f.ties:,} / {f.most}" for f in at)))
    header = ("quality", *(f"{name}: {found[group, 1].compared:,}" for name, group in names.items()))
    return f"""## T5, every quality

The bound of T1 at qualities 1 to 100: on the four sources, on images of pydicom's wheel as the product renders them, on phantoms, noise
and the extremes of every coefficient. Colour with 4:4:4, 4:2:2 and 4:2:0; the reference converts by the equations of JFIF (T.871) in
float64, without rounding to 8 bits, and means chroma exactly. In the cells: coefficients that differ / of them ties / max; in the header:
coefficients compared at each quality.

Pictures: {", ".join(pictures())}.

{_table(header, rows)}

Max |difference| ≤ 1 at every quality: {_verdict(all(f.beyond == 0 for f in groups))}.
"""


def t5_served() -> str:
    """Section: what is served."""
    rows = []
    for quality in SERVED_QUALITIES:
        figures, subsamplings = served(quality)
        rows.append((str(quality), ", ".join(sorted(subsamplings)), *_counts(figures)))
    return f"""### As served

The objects of pydicom's wheel above, whole, as `wado_core.render` and the server give them as image/jpeg: from stored cells through the
window into the transform. The reference is computed from the same pictures as image/png.

{_table(("quality", "colour", "coefficients", "differ", "ties", "max"), rows)}

Max |difference| ≤ 1: {_verdict(all(served(quality)[0].beyond == 0 for quality in SERVED_QUALITIES))}.
"""


def beside() -> str:
    """Section: libraries."""
    encoded = sources.libraries()
    rows = [(package, *(_three_counts(encoded[package, quality]) for quality in COMPARED_QUALITIES)) for package in LIBRARIES]
    own = (total(qualities.sweep(name)[qualities.SOURCES, quality] for name in vectors.COMPONENTS) for quality in COMPARED_QUALITIES)
    rows.insert(0, ("wado", *map(_three_counts, own)))
    decoded = [
        (name, *(" ".join(_outcome(decoders.whole_by_library(name, package))[:1]) + _most(name, package) for package in decoders.LIBRARIES))
        for name in vectors.STREAMS
    ]
    return f"""## Libraries beside: {", ".join(map(with_version, decoders.LIBRARIES))} on {machine()}

The same {vectors.COEFFICIENTS:,} coefficients of the four sources, encoded by libraries as they are when nothing else is asked for: how
many differ / by more than 1 / max.

{_table(("encoder", *(f"quality {quality}" for quality in COMPARED_QUALITIES)), rows)}

Decoders on the whole streams, all components at once: compared, max. wado decodes JPEG with the first two.

{_table(("stream", *decoders.LIBRARIES), decoded)}
"""


def _three_counts(figures: Figures) -> str:
    return f"{figures.differing:,} / {figures.beyond:,} / {figures.most}"


def _most(name: str, package: str) -> str:
    outcome = decoders.whole_by_library(name, package)
    return "" if outcome.refusal else f", max {outcome.figures.most}"
