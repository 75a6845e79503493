"""Pages: templates filled with what the index lists. Every text of an object is escaped by the templates (A3.13)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Generic, TypeVar

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from wado_core.model.index_status import IndexStatus, Phase
from wado_core.model.sheet import COLUMNS, THUMBNAIL_EDGE
from wado_core.model.study import InstanceSummary, StudySummary, Totals
from wado_core.model.uid import SeriesKey
from wado_core.services.browsing import MOST_SERIES
from wado_http.viewer import links

T = TypeVar("T")

STUDIES_ON_A_PAGE = 25
INSTANCES_ON_A_PAGE = 100
SERIES_ON_A_PAGE = 60

# How the groups of a person name are told apart on a page: alphabetic, ideographic, phonetic (PS3.5 6.2.1).
_GROUPS = " / "


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list, its number from 1."""

    items: tuple[T, ...]
    number: int
    has_next: bool


def page_of(listing: Callable[[int, int], tuple[T, ...]], number: int, size: int) -> Page[T]:
    """Cut a page out of a list.  listing: returns items from an offset on, as many as a limit says."""
    items = listing((number - 1) * size, size + 1)  # one more tells whether there is a next page
    return Page(items[:size], number, len(items) > size)


@cache
def environment() -> Environment:
    """Return the templates, loaded once."""
    loaded = Environment(
        loader=PackageLoader("wado_http.viewer"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    loaded.filters.update(person=person, date=date)
    loaded.globals.update(links=links, series_key=SeriesKey, columns=COLUMNS, edge=THUMBNAIL_EDGE)
    return loaded


@cache
def stylesheet() -> bytes:
    """Return the one style sheet."""
    return files("wado_http.viewer").joinpath("viewer.css").read_bytes()


def studies_page(base: str, page: Page[StudySummary], totals: Totals, status: IndexStatus | None = None) -> str:
    """Write the page of studies.

    base: the path the application is mounted at, without a slash at its end.  status: of the indexing, where there is any.
    """
    indexing = status is not None and (not status.complete or status.phase is Phase.INDEXING)
    shown = {"base": base, "page": page, "totals": totals, "status": status, "indexing": indexing, "most_series": MOST_SERIES}
    return environment().get_template("studies.html").render(shown)


def study_page(base: str, study: StudySummary, number: int, has_next: bool) -> str:
    """Write a page of a study's series."""
    offset = (number - 1) * SERIES_ON_A_PAGE
    shown = {"base": base, "study": study, "number": number, "has_next": has_next, "offset": offset, "limit": SERIES_ON_A_PAGE}
    return environment().get_template("study.html").render(shown)


def series_page(base: str, key: SeriesKey, page: Page[InstanceSummary]) -> str:
    """Write the page of a series' instances."""
    sheet = links.series_sheet(base, key, page.items, (page.number - 1) * INSTANCES_ON_A_PAGE, INSTANCES_ON_A_PAGE)
    return environment().get_template("series.html").render(base=base, key=key, page=page, sheet=sheet)


def person(name: str) -> str:
    """Write a person name for reading: ``Yamada^Tarou=山田^太郎`` becomes ``Yamada, Tarou / 山田, 太郎`` (PS3.5 6.2.1)."""
    groups = []
    for group in name.split("="):
        family, *others = group.split("^")
        rest = " ".join(part.strip() for part in others if part.strip())
        written = ", ".join(part for part in (family.strip(), rest) if part)
        if written:
            groups.append(written)
    return _GROUPS.join(groups)


def date(text: str) -> str:
    """Write ``20240131`` as ``2024-01-31``; anything else as it is stored."""
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 and text.isdecimal() else text
