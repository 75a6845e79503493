"""Locating: from the UIDs of an object to its description and the copy to read, whatever became of its files since they were indexed."""

import time
from collections.abc import Sequence
from pathlib import Path

from wado_core.errors import Busy, ContentChanged, DamagedIndex, DamagedObject, Gone, NotFound, Unavailable
from wado_core.model.instance import Located, Location
from wado_core.model.notice import FileChanged, IndexDamaged
from wado_core.model.study import Standing
from wado_core.model.uid import InstanceKey
from wado_core.ports import Index, InstanceCache, Near, Notices, Store
from wado_core.services.browsing import INDEXING_RETRY_S, STILL_INDEXING
from wado_core.services.describing import describe_file
from wado_core.services.presence import is_deleted, is_settling, outermost
from wado_core.settings import Limits

UNKNOWN_OBJECT = "No object is stored here under these UIDs."
# How soon an object that is not where it was may have been found.
_LOOK_RETRY_S = 2
# A file that cannot be read and is younger than this is being written rather than damaged, seconds.
_WRITING_S = 5.0
# A file that has changed more recently than this may be in the middle of it, seconds: longer than a tick of any clock of files.
_CHANGING_S = 0.1


class Locating:
    """Finds objects by what the index says, as long as it agrees with the files, and by reading the files again where it does not.

    Nothing is written: the writer of the index is told what has changed.
    """

    def __init__(
        self,
        index: Index,
        store: Store,
        instances: InstanceCache,
        near: Near,
        notices: Notices,
        roots: Sequence[Path],
        limits: Limits,
        *,
        kept: bool = True,
    ) -> None:
        """kept: an indexer hears the notices and looks for what is missing; without one, what is not where it was is gone."""
        self._index = index
        self._store = store
        self._instances = instances
        self._near = near
        self._notices = notices
        self._roots = outermost(roots)
        self._limits = limits
        self._kept = kept

    def in_memory(self, key: InstanceKey, frame_number: int = 1) -> Located | None:
        """Return an instance that was looked up a moment ago, with the columns of a frame, without any I/O."""
        return self._instances.get(key, frame_number)

    def locate(self, key: InstanceKey, frame_number: int = 1) -> Located:
        """Look an instance up, with the columns of a frame, and see that its file is still what it was.

        Raises NotFound, Gone, DamagedObject, Busy while folders are indexed for the first time, Unavailable.
        """
        located = self.in_memory(key, frame_number)
        if located is None:
            located = self._indexed(key, frame_number) or self._read_again(key, frame_number)
            self._instances.put(located)
            self._near.note(located.location)
        return located

    def relocate(self, key: InstanceKey, frame_number: int = 1) -> Located:
        """Look an instance up anew, because its content has changed since a moment ago; raises what ``locate`` does."""
        self._instances.drop(key)
        return self.locate(key, frame_number)

    def _indexed(self, key: InstanceKey, frame_number: int) -> Located | None:
        """Return what the index knows, None when nothing, or when the file is not what it knows."""
        try:
            located = self._index.find(key, frame_number)
            if located is not None and self._store.look(located.location.path) == located.location:
                return located
        except ContentChanged:
            return None
        except Unavailable as error:
            self._tell(error)
            if self._index.copies(key)[1:]:
                return None  # another copy may lie on a disk that answers
            raise
        return None

    def _read_again(self, key: InstanceKey, frame_number: int) -> Located:
        """Look at every copy, in the order of choice, and return the first that holds the object now, described anew if need be."""
        paths = self._index.copies(key)
        refusal: Exception | None = None
        for path in paths:
            try:
                return self._copy(key, path, frame_number)
            except ContentChanged:
                self._notices.send(FileChanged(path))
            except (Unavailable, DamagedObject) as error:
                refusal = refusal or error
        if refusal is not None:
            raise refusal
        if not self._index.complete():
            raise Busy(STILL_INDEXING, INDEXING_RETRY_S)
        match self._index.standing(key):
            case Standing.UNKNOWN:
                raise NotFound(UNKNOWN_OBJECT)
            case Standing.KNOWN if self._kept:
                # Deleted or moved: the indexer, which has been told, looks through the folders.
                raise Busy("The object is not where it was, and is being looked for; please try again shortly.", _LOOK_RETRY_S)
        raise Gone("The object has been deleted.")

    def _copy(self, key: InstanceKey, path: bytes, frame_number: int) -> Located:
        """Return the instance that a file holds now.

        Raises ContentChanged when it is deleted or holds another object, Unavailable, DamagedObject.
        """
        try:
            present = self._store.look(path)
        except ContentChanged:
            if not is_deleted(path, self._roots, self._index.mounts(), self._store):
                raise Unavailable("The folders of the object cannot be read now.") from None
            raise
        if (known := self._known(path, present, frame_number)) is not None:
            if known.instance.key != key:
                raise ContentChanged
            return known
        return self._described(key, present)

    def _known(self, path: bytes, present: Location, frame_number: int) -> Located | None:
        try:
            known = self._index.find_copy(path, frame_number)
        except ContentChanged:
            return None
        return known if known is not None and known.location == present else None

    def _described(self, key: InstanceKey, present: Location) -> Located:
        self._notices.send(FileChanged(present.path))
        self._wait_for_the_end(present)
        indexed = describe_file(self._store, self._limits, present).file
        if indexed is None:
            raise Unavailable("The stored object cannot be read now; please try again shortly.")
        if indexed.described is None:
            # A file that is there is not gone, whatever it looks like: it may be half written.
            if is_settling(present, _WRITING_S):
                raise Unavailable("The stored object is being written; please try again shortly.")
            raise DamagedObject("The stored object has been replaced by something that cannot be read.")
        instance = indexed.described.instance
        if instance.key != key:
            raise ContentChanged
        if (instance.warnings or instance.image_problem) and is_settling(present, _WRITING_S):
            # What is told of it may be that its end is missing: in a moment it may be whole.
            raise Unavailable("The stored object is being written; please try again shortly.")
        return Located(instance, present)

    def _wait_for_the_end(self, present: Location) -> None:
        """Wait until a file that was changed just now has not been changed for a moment; raises Unavailable when it goes on.

        Its size and mtime may be new already while its bytes are not, and several changes may have one mtime.
        """
        if is_settling(present, _CHANGING_S):
            time.sleep(_CHANGING_S)
            if self._store.look(present.path) != present:
                raise Unavailable("The stored object is being written; please try again shortly.")

    def _tell(self, error: Unavailable) -> None:
        if isinstance(error, DamagedIndex):
            self._notices.send(IndexDamaged())
