"""Browsing: pages of studies and series, as people look through an archive."""

from wado_core.model.study import InstanceSummary, StudySummary, Totals
from wado_core.model.uid import SeriesKey
from wado_core.ports import Index

# Series of a study that a page of studies shows; the others have pages of their own.
MOST_SERIES = 12


class Browsing:
    """Lists what is indexed, a page at a time."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def studies(self, offset: int, limit: int) -> tuple[StudySummary, ...]:
        """Return ``limit`` studies from ``offset`` on, newest first, each with its first series."""
        return self._index.studies(offset, limit, MOST_SERIES)

    def study(self, study_uid: str, offset: int, limit: int) -> StudySummary | None:
        """Return a study with ``limit`` series from ``offset`` on; None when there is no such study."""
        return self._index.study(study_uid, offset, limit)

    def instances(self, key: SeriesKey, offset: int, limit: int) -> tuple[InstanceSummary, ...]:
        """Return ``limit`` instances of a series from ``offset`` on, in order."""
        return self._index.instances(key, offset, limit)

    def totals(self) -> Totals:
        """Count what is indexed."""
        return self._index.totals()
