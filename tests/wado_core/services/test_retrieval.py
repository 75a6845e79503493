"""Objects as files: streamed, closed whatever happens, and with validators that change when bytes may."""

import os
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian

from tests.fixtures import build, uids
from tests.wado_core.services.archive import Archive
from wado_core.dicom.instance import describe
from wado_core.dicom.source import BytesSource
from wado_core.errors import ContentChanged, DamagedObject, NotSupported
from wado_core.model.instance import Located
from wado_core.model.uid import InstanceKey
from wado_core.services.retrieval import OpenChunks
from wado_core.settings import Limits


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = Archive(tmp_path)
    yield made
    assert made.store.open_now == 0, "an object was left open"
    made.close()


def located(archive: Archive, name: str) -> Located:
    archive.put(name, build(name))
    return archive.located(InstanceKey(*uids(name)))


@pytest.mark.parametrize("name", ["ct", "impl", "be", "defl", "rle", "jpg", "j2k", "sr", "ecg", "us10", "noprem"])
def test_a_file_in_explicit_little_endian(archive: Archive, name: str) -> None:
    file = archive.retrieval.stream(located(archive, name))
    data = b"".join(file.chunks)
    assert len(data) == file.length
    ds = dcmread(BytesIO(data))
    assert ds.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert ds.SOPInstanceUID == uids(name)[2]


def test_heavy_frames_are_decoded_elsewhere_to_the_same_values(archive: Archive) -> None:
    data = b"".join(archive.retrieval.stream(located(archive, "j2k")).chunks)
    rle = b"".join(archive.retrieval.stream(located(archive, "rle")).chunks)
    found, expected = (np.frombuffer(dcmread(BytesIO(one)).PixelData, "<u2") & 0xFFF for one in (data, rle))
    np.testing.assert_array_equal(found, expected)


class TestTheObjectIsClosed:
    """The fixture looks for open objects after each of these."""

    def test_at_the_end_of_the_chunks(self, archive: Archive) -> None:
        file = archive.retrieval.stream(located(archive, "ct"))
        assert archive.store.open_now == 1
        assert sum(map(len, file.chunks)) == file.length
        assert archive.store.open_now == 0

    def test_when_nobody_wants_the_rest(self, archive: Archive) -> None:
        chunks = archive.retrieval.stream(located(archive, "ct")).chunks
        next(chunks)
        assert isinstance(chunks, OpenChunks)
        chunks.close()
        chunks.close()
        assert archive.store.open_now == 0

    def test_when_not_even_the_first_chunk_was_wanted(self, archive: Archive) -> None:
        """A generator that never ran would not close it."""
        chunks = archive.retrieval.stream(located(archive, "ct")).chunks
        assert isinstance(chunks, OpenChunks)
        chunks.close()
        assert archive.store.open_now == 0

    def test_when_it_is_refused_before_the_first_chunk(self, archive: Archive) -> None:
        with pytest.raises(NotSupported):
            archive.retrieval.stream(located(archive, "j2k_part2"))

    def test_when_a_chunk_fails(self, archive: Archive) -> None:
        data = bytearray(build("rle_rgb"))
        (second,) = describe(BytesSource(bytes(data)), "", Limits()).instance.fragments(2)
        data[second.offset : second.offset + 64] = bytes(64)  # a frame of no segment
        archive.put("rle_rgb", bytes(data))
        file = archive.retrieval.stream(archive.located(InstanceKey(*uids("rle_rgb"))))
        with pytest.raises(DamagedObject):
            list(file.chunks)


def test_a_file_needs_no_columns_of_its_frames(archive: Archive) -> None:
    """An instance out of the index may hold those of another frame only."""
    of = located(archive, "j2k_mf")
    whole, none_loaded = (
        b"".join(archive.retrieval.stream(one).chunks) for one in (of, replace(of, instance=replace(of.instance, chunks=())))
    )
    assert whole == none_loaded


def test_a_file_that_has_changed_is_not_read(archive: Archive) -> None:
    of = located(archive, "ct")
    archive.root.joinpath("ct.dcm").write_bytes(build("ramp"))
    with pytest.raises(ContentChanged):
        archive.retrieval.stream(of)


def test_a_file_that_changes_while_it_is_sent_is_noticed_at_its_end(archive: Archive) -> None:
    of = located(archive, "ct")
    chunks = archive.retrieval.stream(of).chunks
    next(chunks)
    with archive.root.joinpath("ct.dcm").open("ab") as file:
        file.write(b"more")
    with pytest.raises(ContentChanged):
        list(chunks)


def test_validators(archive: Archive) -> None:
    """They change with the stored bytes, and differ between objects; equal objects have equal ones."""
    ct, ramp = located(archive, "ct").instance, located(archive, "ramp").instance
    tags = {archive.retrieval.etag(one) for one in (ct, ramp, replace(ct, version="other"), replace(ct, key=ramp.key))}
    assert len(tags) == 4
    assert archive.retrieval.etag(ct) == archive.retrieval.etag(replace(ct))
    assert all(len(tag) == 32 and set(tag) <= set("0123456789abcdef") for tag in tags)


def test_a_file_rewritten_while_it_is_sent_ends_short(archive: Archive) -> None:
    """Old and new bytes in one answer must not make its Content-Length, or a client would take it for whole."""
    found = located(archive, "ct")
    file = archive.retrieval.stream(found)
    received = [next(file.chunks)]
    with open(found.location.path, "r+b") as rewritten:
        rewritten.write(bytes(200))
    with pytest.raises(ContentChanged):
        received.extend(file.chunks)
    assert sum(map(len, received)) < file.length


@pytest.mark.parametrize("name", ["rle", "j2k_mf", "defl", "ct"])
def test_no_answer_is_whole_before_the_file_was_compared(archive: Archive, name: str) -> None:
    """Decoded frames may end with a chunk of nothing: held back instead of the last, it would let the whole answer go."""
    found = located(archive, name)
    file = archive.retrieval.stream(found)
    os.utime(found.location.path)
    received: list[bytes] = []
    with pytest.raises(ContentChanged):
        received.extend(file.chunks)
    assert sum(map(len, received)) < file.length
