"""Media type choice: Accept, contentType and what can be made of an object (A.2, A.3, PS3.18 8.7.8)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from wado_core.errors import InvalidRequest, NotAcceptable
from wado_core.model.render import MediaType
from wado_core.model.sop_class import Category

DICOM = "application/dicom"
JPEG = str(MediaType.JPEG)
PNG = str(MediaType.PNG)
JSON = "application/json"

# A2.12: written often, registered never; answered as image/jpeg.
ALIASES = {"image/jpg": JPEG}

# What this version makes of each category, the category's default first (A.3). Text objects have no rendered type yet, so
# their default, text/html, cannot be chosen and application/dicom is left.
PRODUCIBLE: dict[Category, tuple[str, ...]] = {
    Category.SINGLE_FRAME: (JPEG, PNG, DICOM),
    Category.MULTI_FRAME: (DICOM,),
    Category.TEXT: (DICOM,),
    Category.OTHER: (DICOM,),
}

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - a token of RFC 9110 5.6.2
_MEDIA_RANGE = re.compile(rf"({_TOKEN})/({_TOKEN})")
_PARAMETER = re.compile(rf'({_TOKEN})[ \t]*=[ \t]*({_TOKEN}|"(?:[^"\\]|\\.)*")')
# RFC 9110 12.4.2 allows three decimals and a leading zero only; real clients write ".2" and "0.3333".
_WEIGHT = re.compile(r"0?\.[0-9]+|0\.?|1(?:\.0*)?")
# Longer headers than any browser's are parsed each time rather than remembered.
_REMEMBERED_CHARACTERS = 1024
_READ_CHARACTERS = 4096


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One entry of Accept or contentType in lower case, its weight ``q`` from 0 to 1, its other parameters' names."""

    type: str
    subtype: str
    q: float = 1.0
    parameters: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """``type/subtype``, aliases resolved (A2.12)."""
        name = f"{self.type}/{self.subtype}"
        return ALIASES.get(name, name)

    @property
    def precedence(self) -> tuple[int, bool]:
        """More specific ranges win (RFC 9110 12.5.1); parameters other than q describe variants we do not make."""
        specificity = 0 if self.type == "*" else 1 if self.subtype == "*" else 2
        return specificity, not self.parameters

    def covers(self, media_type: str) -> bool:
        """Say whether ``media_type``, written ``type/subtype``, lies in the range."""
        if self.type == "*":
            return True
        if self.subtype == "*":
            return media_type.startswith(f"{self.type}/")
        return media_type == self.name


@dataclass(frozen=True, slots=True)
class Accept:
    """What a client takes."""

    ranges: tuple[MediaRange, ...]

    def quality(self, media_type: str) -> float:
        """Return the weight of a media type, 0 where it is not taken or excluded by q=0 (A2.7)."""
        matching = [entry for entry in self.ranges if entry.covers(media_type)]
        if not matching:
            return 0.0
        return max(matching, key=lambda entry: (entry.precedence, entry.q)).q


ANYTHING = Accept((MediaRange("*", "*"),))


def parse_accept(header: str | None) -> Accept:
    """Read an Accept header; malformed entries are skipped (A2.7).

    No header, and one without a readable entry, mean that anything is taken (A2.6, RFC 9110 12.5.1).
    """
    if header is None:
        return ANYTHING
    if len(header) > _READ_CHARACTERS:  # no browser's; what stands at its end is not worth the time of the others
        header = header[:_READ_CHARACTERS].rpartition(",")[0]
    return _remembered(header) if len(header) <= _REMEMBERED_CHARACTERS else _accept(header)


def _accept(header: str) -> Accept:
    # Java's HttpURLConnection sends "*; q=.2" for "*/*; q=.2".
    entries = (re.sub(r"^\*(?=$|[ \t;])", "*/*", entry) for entry in _split(header, ","))
    ranges = tuple(parsed for entry in entries if (parsed := _media_range(entry)) is not None)
    return Accept(ranges) if ranges else ANYTHING


_remembered = lru_cache(maxsize=256)(_accept)


def parse_content_type(text: str) -> tuple[MediaRange, ...]:
    """Read the contentType parameter, best weight first and then as written (A2.1, A2.4); q=0 entries are kept out.

    Raises InvalidRequest for anything but a list of media types: wildcards (A2.9), the parameters transfer-syntax and
    charset (A2.10), malformed or empty entries.
    """
    if len(text) > _READ_CHARACTERS:
        raise InvalidRequest(f"contentType must be shorter than {_READ_CHARACTERS} characters.")
    ranges = [_strict_media_type(entry) for entry in _split(text, ",")]
    return tuple(sorted((entry for entry in ranges if entry.q > 0), key=lambda entry: -entry.q))


def _strict_media_type(entry: str) -> MediaRange:
    parsed = _media_range(entry)
    if parsed is None:
        raise InvalidRequest("contentType must be a comma-separated list of media types, such as image/png;q=0.5,image/jpeg.")
    if "*" in {parsed.type, parsed.subtype}:
        raise InvalidRequest("contentType must not hold wildcards.")
    for forbidden in ("transfer-syntax", "charset"):
        if forbidden in parsed.parameters:
            raise InvalidRequest(f"contentType must not hold the media type parameter {forbidden}.")
    return parsed


def _media_range(entry: str) -> MediaRange | None:
    """Read ``type/subtype;name=value…``; None when malformed."""
    first, *rest = _split(entry, ";")
    match = _MEDIA_RANGE.fullmatch(first)
    if match is None:
        return None
    type_, subtype = match[1].lower(), match[2].lower()
    if ("*" in type_ and (type_, subtype) != ("*", "*")) or ("*" in subtype and subtype != "*"):
        return None  # neither */jpeg nor image/j*
    weight = 1.0
    names: list[str] = []
    for text in rest:
        parameter = _PARAMETER.fullmatch(text)
        if parameter is None:
            return None
        name = parameter[1].lower()
        if name != "q":
            names.append(name)
        elif _WEIGHT.fullmatch(parameter[2]):
            weight = float(parameter[2])
        else:
            return None
    return MediaRange(type_, subtype, weight, tuple(names))


def _split(text: str, separator: str) -> Iterator[str]:
    """Split outside quoted strings, and trim."""
    start, quoted, escaped = 0, False, False
    for position, character in enumerate(text):
        if escaped:
            escaped = False
        elif quoted and character == "\\":
            escaped = True
        elif character == '"':
            quoted = not quoted
        elif character == separator and not quoted:
            yield text[start:position].strip(" \t")
            start = position + 1
    yield text[start:].strip(" \t")


def choose(accept: Accept, content_type: Sequence[MediaRange] | None, producible: Sequence[str]) -> str:
    """Choose the media type of the answer (A2.3 to A2.5).

    content_type: as ``parse_content_type`` sorts it; None when the parameter is absent.
    producible: what can be made of the object, its category's default first.
    Raises NotAcceptable, which lists them, never falls back.
    """
    if content_type is not None:
        for entry in content_type:
            if entry.name in producible and accept.quality(entry.name) > 0:
                return entry.name
        raise NotAcceptable(
            "None of the media types in contentType can be made of this object and is covered by Accept.", tuple(producible)
        )
    if accept.quality(producible[0]) > 0:
        return producible[0]
    best = max(producible, key=accept.quality)
    if accept.quality(best) == 0:
        raise NotAcceptable("None of the media types in Accept can be made of this object.", tuple(producible))
    return best
