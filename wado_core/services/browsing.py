"""Browsing: pages of studies and series, as people look through an archive."""

from wado_core.errors import Busy, Gone, NotFound
from wado_core.model.study import InstanceSummary, StudySummary, Totals
from wado_core.model.uid import SeriesKey
from wado_core.ports import Index

STILL_INDEXING = "The folders are still being indexed; please try again shortly."
# How soon what is asked for may have been found while folders are indexed for the first time, seconds.
INDEXING_RETRY_S = 5

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
        """Return a study with ``limit`` series from ``offset`` on; None when there is no such study.

        Raises Busy when there may still be one, while folders are indexed for the first time.
        """
        found = self._index.study(study_uid, offset, limit)
        if found is None:
            self._check_complete()
        return found

    def instances(self, key: SeriesKey, offset: int, limit: int) -> tuple[InstanceSummary, ...]:
        """Return ``limit`` instances of a series from ``offset`` on, in order; raises Busy as ``study`` does."""
        found = self._index.instances(key, offset, limit)
        if not found:
            self._check_complete()
        return found

    def representative(self, study_uid: str, series_uid: str | None = None) -> InstanceSummary:
        """Return the instance that stands for a series, or for a study when none is named.

        Raises NotFound, Gone when all that was there has been deleted, Busy as ``study`` does.
        """
        found = self._index.representative(study_uid, series_uid)
        if found is None:
            raise self.missing(study_uid, series_uid)
        return found

    def missing(self, study_uid: str, series_uid: str | None = None) -> NotFound | Gone:
        """Return why there is no such study or series; raises Busy as ``study`` does."""
        self._check_complete()
        level = "study" if series_uid is None else "series"
        if self._index.has_gone(study_uid, series_uid):
            return Gone(f"All objects of the {level} have been deleted.")
        return NotFound(f"There is no such {level}.")

    def _check_complete(self) -> None:
        if not self._index.complete():
            raise Busy(STILL_INDEXING, INDEXING_RETRY_S)

    def totals(self) -> Totals:
        """Count what is indexed."""
        return self._index.totals()
