"""Rows of the index: the format of descriptions follows the shape of what is described."""

from dataclasses import dataclass, field, make_dataclass, replace

import msgspec
import pytest

from tests.contract.objects import everything, many_frames
from wado_core.archive import index_rows
from wado_core.archive.index_rows import decode_instance, encode_instance, split, usual_chunk, with_slash


def test_a_description_comes_back() -> None:
    description, further = encode_instance(everything())
    assert decode_instance(description) == everything()
    assert further == []


def test_each_of_several_chunks_is_apart() -> None:
    instance = many_frames(600)
    description, further = encode_instance(instance)
    assert [number for number, _ in further] == [0, 1, 2]
    assert decode_instance(description) == replace(instance, chunks=())
    for number, columns in further:
        assert decode_instance(description, columns) == replace(instance, chunks=instance.chunks[number : number + 1])
    assert [usual_chunk(frame) for frame in (1, 256, 257, 512, 513)] == [0, 0, 1, 1, 2]


@pytest.mark.parametrize("spoilt", [b"", b"\x93\xff", encode_instance(everything())[0][:-1], msgspec.msgpack.encode({"key": 1})])
def test_other_bytes_are_a_decode_error(spoilt: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_instance(spoilt)


@dataclass
class Part:
    """Some part."""

    a: int = 0


@dataclass
class Retyped:
    a: float = 0


@dataclass
class Documented:
    """Quite another sentence."""

    a: int = 0


def formats(monkeypatch: pytest.MonkeyPatch, *parts: type) -> list[int]:
    found = []
    for part in parts:
        whole = make_dataclass("Whole", [("part", part, field(default_factory=part))])
        monkeypatch.setattr(index_rows, "Instance", whole)
        index_rows.format_version.cache_clear()
        found.append(index_rows.format_version())
    index_rows.format_version.cache_clear()
    return found


def test_the_format_changes_with_any_field_of_any_part(monkeypatch: pytest.MonkeyPatch) -> None:
    renamed, longer = make_dataclass("Part", [("b", int, 0)]), make_dataclass("Part", [("a", int, 0), ("b", int, 0)])
    one, other, third, fourth, again = formats(monkeypatch, Part, renamed, longer, Retyped, Part)
    assert len({one, other, third, fourth}) == 4
    assert again == one


def test_the_format_does_not_change_with_prose(monkeypatch: pytest.MonkeyPatch) -> None:
    Documented.__name__ = Documented.__qualname__ = "Part"
    one, other = formats(monkeypatch, Part, Documented)
    assert one == other


def test_a_newer_reader_has_another_format(monkeypatch: pytest.MonkeyPatch) -> None:
    (before,) = formats(monkeypatch, Part)
    monkeypatch.setattr(index_rows, "READER_VERSION", index_rows.READER_VERSION + 1)
    (after,) = formats(monkeypatch, Part)
    assert after != before
    assert 0 < after < 2**63


@pytest.mark.parametrize("path", [b"/a", b"/d/a", b"/d/\xff/a b"])
def test_a_path_is_its_folder_and_its_name(path: bytes) -> None:
    folder, name = split(path)
    assert folder + name == path
    assert b"/" not in name
    assert with_slash(folder) == with_slash(folder[:-1]) == folder
