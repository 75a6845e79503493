"""Values of settings from text and TOML, and back."""

import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wado_core.settings import MIB, Field, Setting, described
from wado_http.cli.values import bounds, expected, from_text, from_toml, plain, to_toml

PORT, WORKERS, PATHS, STATE, HOST = (described()[name] for name in ("port", "workers", "paths", "state", "host"))
RESCAN, CACHE, AUTO = described()["rescan_s"], described()["render_cache_bytes"], described()["index_processes"]
TRUTH = Field("truth", bool, False, Setting("Whether."), bool)
FOLDER = Path("/etc/wado")


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        (PORT, "0", 0),
        (PORT, "65_535", 65535),
        (RESCAN, "0.5", 0.5),
        (RESCAN, "1e3", 1000.0),
        (RESCAN, "7", 7.0),
        (CACHE, "1048576", MIB),
        (CACHE, "3 KiB", 3072),
        (CACHE, "1_024KiB", MIB),
        (CACHE, "2GiB", 2048 * MIB),
        (AUTO, "auto", None),
        (AUTO, "3", 3),
        (TRUTH, "true", True),
        (TRUTH, "false", False),
        (HOST, "::1", "::1"),
        (STATE, "/var/lib/wado", Path("/var/lib/wado")),
        (PATHS, "/a:/b c", (Path("/a"), Path("/b c"))),
        (PATHS, "/gbk-\udcb2\udce9", (Path("/gbk-\udcb2\udce9"),)),
    ],
)
def test_text_is_read(field: Field, text: str, value: object) -> None:
    read = from_text(field, text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        *((PORT, text) for text in ("", " 80", "80 ", "0x50", "80.0", "٨٠", "-1", "65536", "1__0", "_1", "auto", "true", "9" * 5000)),
        *((RESCAN, text) for text in ("", "nan", "inf", "1e400", "-0.5", "1,5", "5 s", "5s", "1_0")),
        *((CACHE, text) for text in ("", "1 MB", "1 M", "1mib", "1.5 MiB", "-1", "1  MiB", "MiB", "1025 GiB")),
        *((AUTO, text) for text in ("", "Auto", "none", "-1", "65")),
        *((TRUTH, text) for text in ("", "True", "yes", "1", "0", "on")),
        *((HOST, text) for text in ("", "a\n", "\udcff")),
        *((STATE, text) for text in ("", "~nobody-of-this-name/x")),
        *((PATHS, text) for text in ("", "/a:", ":/a", "/a::/b")),
    ],
)
def test_other_text_is_refused_with_what_is_wanted(field: Field, text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be ") as refused:
        from_text(field, text)
    message = str(refused.value)
    assert message.startswith(f"must be {expected(field)}, not {repr(text)[:70]}")
    assert len(message) < 250


def test_paths_of_text_count_from_the_working_folder_and_know_homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    assert from_text(PATHS, "a:../b:~/c:~:./~/d") == (
        tmp_path / "a", tmp_path / ".." / "b", Path("/home/me/c"), Path("/home/me"), tmp_path / "~" / "d",
    )  # fmt: skip
    assert from_text(STATE, ".") == tmp_path


@pytest.mark.parametrize(
    ("field", "value", "read"),
    [
        (PORT, 80, 80),
        (RESCAN, 2, 2.0),
        (RESCAN, 2.5, 2.5),
        (CACHE, 5, 5),
        (CACHE, "64 MiB", 64 * MIB),
        (AUTO, "auto", None),
        (AUTO, 0, 0),
        (TRUTH, True, True),
        (HOST, "localhost", "localhost"),
        (STATE, "state", Path("/etc/wado/state")),
        (STATE, "file:///mnt/%b2%BF%20x", Path("/mnt/\udcb2\udcbf x")),
        (STATE, "file://localhost/~x", Path("/~x")),
        (PATHS, [], ()),
        (PATHS, ["/a", "b", "../c"], (Path("/a"), Path("/etc/wado/b"), Path("/etc/wado/../c"))),
        (PATHS, ["影像"], (Path("/etc/wado/影像"),)),
    ],
)
def test_toml_is_read(field: Field, value: object, read: object) -> None:
    found = from_toml(field, value, FOLDER)
    assert found == read
    assert type(found) is type(read)


OF_NO_USE: list[tuple[Field, list[object]]] = [
    (PORT, ["80", 80.0, True, [80], {}, None, -1, 65536]),
    (RESCAN, ["1", True, float("nan"), float("inf"), -1]),
    (CACHE, [1.0, "1 MB", "", True, -1]),
    (AUTO, ["automatic", "3", True, 65]),
    (TRUTH, [1, "true", 0]),
    (HOST, [1, "", "a\0"]),
    (STATE, ["", 1, ["/a"], "a\0", "file://", "file://host/x", "file:///%C", "file:///%00", "file:///a?b", "file:///a#b"]),
    (PATHS, ["/a", [1], [""], [["/a"]], {"a": 1}, ["~nobody-of-this-name"]]),
]


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in OF_NO_USE for value in values])
def test_other_toml_is_refused_with_what_is_wanted(field: Field, value: object) -> None:
    with pytest.raises(ValueError, match=r"^must be ") as refused:
        from_toml(field, value, FOLDER)
    assert str(refused.value) == f"must be {expected(field)}, not {value!r}"


def test_home_of_toml(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert from_toml(PATHS, ["~/a", "./~/a"], FOLDER) == (Path("/home/me/a"), Path("/etc/wado/~/a"))


def test_what_is_wanted_is_said_with_bounds() -> None:
    assert expected(PORT) == "a whole number from 0 to 65535"
    assert expected(RESCAN) == "a number from 0 to 604_800"
    assert expected(CACHE) == "a size from 0 to 1024 GiB, such as 64 MiB"
    assert expected(AUTO) == 'a whole number from 0 to 64, or "auto"'
    assert [expected(field) for field in (TRUTH, HOST, STATE, PATHS)] == ["true or false", "printable text", "a path", "a list of paths"]
    assert [bounds(field) for field in (described()["limits.decode_s"], HOST)] == ["0.1 to 3600", ""]
    assert [plain(HOST, '"x"'), plain(AUTO, None), plain(CACHE, 128 * MIB)] == ['"x"', "auto", "128 MiB"]


def _written_and_read(field: Field, value: Any) -> Any:
    return from_toml(field, tomllib.loads(f"x = {to_toml(field, value)}")["x"], FOLDER)


def test_what_is_written_is_shaped_for_people() -> None:
    assert to_toml(CACHE, 128 * MIB) == '"128 MiB"'
    assert to_toml(CACHE, 1000) == "1000"
    assert to_toml(CACHE, 0) == "0"
    assert to_toml(RESCAN, 60.0) == "60"
    assert to_toml(described()["limits.elements"], 4_000_000) == "4_000_000"
    assert to_toml(TRUTH, True) == "true"
    assert to_toml(TRUTH, False) == "false"
    assert to_toml(PATHS, (Path("/影像"), Path("/gbk-\udcb2"))) == '[\n    "/影像",\n    "file:///gbk-%B2",\n]'
    assert to_toml(STATE, Path('/"\x7f\x9b\n')) == r'"/\"\U0000007F\U0000009B\n"'


@given(st.integers(0, 1 << 40))
def test_sizes_survive(value: int) -> None:
    assert _written_and_read(CACHE, value) == value


@given(st.floats(0, 604_800))
def test_numbers_survive(value: float) -> None:
    assert _written_and_read(RESCAN, value) == value


@given(st.lists(st.binary(min_size=1, max_size=20).filter(lambda raw: b"\0" not in raw), max_size=4))
def test_paths_of_any_bytes_survive(names: list[bytes]) -> None:
    paths = tuple(Path("/") / os.fsdecode(b"/mnt/" + name) for name in names)
    assert _written_and_read(PATHS, paths) == paths


@given(st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn", "Co", "Cf", "Zl", "Zp", "Zs")), min_size=1))
def test_text_survives(text: str) -> None:
    assert _written_and_read(HOST, text) == text
