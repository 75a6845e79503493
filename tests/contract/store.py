"""What every Store keeps to."""

import pickle
from contextlib import suppress
from typing import Protocol

import pytest

from wado_core.errors import ContentChanged
from wado_core.ports import Store


class Shelf(Protocol):
    """The outside of a store: lets a test put and remove objects behind the store's back."""

    def write(self, name: bytes, data: bytes) -> bytes:
        """Put an object, replacing any other, and return its path."""
        ...

    def remove(self, path: bytes) -> None:
        """Take it away."""
        ...


class StoreContract:
    """Subclass and define the fixtures ``store`` and ``shelf``."""

    @pytest.fixture
    def store(self) -> Store:
        raise NotImplementedError

    @pytest.fixture
    def shelf(self) -> Shelf:
        raise NotImplementedError

    def test_reads_what_is_stored(self, store: Store, shelf: Shelf) -> None:
        data = bytes(range(256)) * 300
        location = store.look(shelf.write(b"a", data))
        with store.open(location) as source:
            assert source.size == len(data) == location.size
            assert source.read(0, len(data)) == data
            assert source.read(1000, 7) == data[1000:1007]
            assert source.read(0, 0) == b""

    def test_reads_fewer_bytes_only_at_the_end(self, store: Store, shelf: Shelf) -> None:
        with store.open(store.look(shelf.write(b"a", b"0123456789"))) as source:
            assert source.read(8, 100) == b"89"
            assert source.read(10, 1) == b""
            assert source.read(2**40, 1) == b""

    def test_refuses_negative_ranges(self, store: Store, shelf: Shelf) -> None:
        with store.open(store.look(shelf.write(b"a", b"0123456789"))) as source:
            with pytest.raises(ValueError, match="negative"):
                source.read(-1, 1)
            with pytest.raises(ValueError, match="negative"):
                source.read(0, -1)

    def test_an_empty_object(self, store: Store, shelf: Shelf) -> None:
        with store.open(store.look(shelf.write(b"a", b""))) as source:
            assert source.size == 0
            assert source.read(0, 10) == b""

    def test_names_that_are_no_utf_8(self, store: Store, shelf: Shelf) -> None:
        path = shelf.write(b"\xce\xd2\xff", b"data")
        with store.open(store.look(path)) as source:
            assert source.read(0, 4) == b"data"

    def test_other_bytes_are_content_changed(self, store: Store, shelf: Shelf) -> None:
        location = store.look(shelf.write(b"a", b"old"))
        shelf.write(b"a", b"newer")
        with pytest.raises(ContentChanged), store.open(location):
            pytest.fail("opened other bytes under the old location")

    def test_an_open_object_is_compared_with_what_was_opened(self, store: Store, shelf: Shelf) -> None:
        """Whether it is replaced or changed where it lies, nothing of the new bytes passes for the old."""
        location = store.look(shelf.write(b"a", b"old"))
        with suppress(ContentChanged), store.open(location) as source:
            source.compare()
            shelf.write(b"a", b"newer")
            data = source.read(0, 3)
            source.compare()
            assert data == b"old"

    def test_a_removed_object_is_content_changed(self, store: Store, shelf: Shelf) -> None:
        location = store.look(shelf.write(b"a", b"old"))
        shelf.remove(location.path)
        with pytest.raises(ContentChanged) as refusal, store.open(location):
            pytest.fail("opened what is not there")
        assert location.path.decode() not in str(refusal.value)
        with pytest.raises(ContentChanged):
            store.look(location.path)

    def test_can_be_handed_to_another_process(self, store: Store, shelf: Shelf) -> None:
        location = store.look(shelf.write(b"a", b"data"))
        with pickle.loads(pickle.dumps(store)).open(location) as source:  # noqa: S301 - our own bytes
            assert source.read(0, 4) == b"data"
