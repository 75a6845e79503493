"""Deflated data sets that are kept inflated: a picture of one frame needs all that lies before it (PS3.5 A.5; docs/adr/0020)."""

from wado_core.dicom.source import Inflate, inflated
from wado_core.model.cache_counts import CacheCounts
from wado_core.model.instance import Located
from wado_core.ports import ByteSource
from wado_core.services.shared_cache import SharedCache

# What an entry costs beside its bytes: key, objects, node of the dictionary.
ENTRY_BYTES = 1024

# Path of the copy that was read, and the version of its bytes.
_Key = tuple[bytes, str]


class InflatedDataSets:
    """A bounded cache of inflated data sets, each inflated once for all threads that miss it."""

    def __init__(self, most_bytes: int) -> None:
        """most_bytes: overhead included; 0 keeps nothing. One data set may take all of it: the others go for it."""
        self._data_sets: SharedCache[_Key, ByteSource] = SharedCache(most_bytes, _cost, most_bytes)

    def of(self, located: Located) -> Inflate:
        """Return what inflates the data set of an object, or returns it if it is kept."""
        key = located.location.path, located.instance.version

        def inflate(source: ByteSource, data_set_offset: int, most_bytes: int) -> ByteSource:
            return self._data_sets.get(key, lambda: inflated(source, data_set_offset, most_bytes))

        return inflate

    def drop(self, version: str) -> None:
        """Forget an object whose file has changed while it was read: it may be made of old and new bytes."""
        self._data_sets.drop(lambda key: key[1] == version)

    def counts(self) -> CacheCounts:
        """Return what has come of it."""
        return self._data_sets.counts()


def _cost(data_set: ByteSource) -> int:
    return data_set.size + ENTRY_BYTES
