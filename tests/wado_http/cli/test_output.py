"""Writing a picture: the old file or the whole new one, and nothing else left behind."""

import os
import stat
from pathlib import Path

import click
import pytest

from wado_http.cli.output import check_output, write_output


def test_new_file_gets_the_usual_permissions(tmp_path: Path) -> None:
    previous = os.umask(0o027)
    try:
        write_output(str(tmp_path / "new.jpg"), b"new")
    finally:
        os.umask(previous)
    assert (tmp_path / "new.jpg").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "new.jpg").stat().st_mode) == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["new.jpg"]


def test_existing_file_is_replaced_not_rewritten(tmp_path: Path) -> None:
    target = tmp_path / "old.jpg"
    target.write_bytes(b"old picture")
    target.chmod(0o604)
    with target.open("rb") as reader:
        write_output(str(target), b"new")
        assert reader.read() == b"old picture"  # whoever was reading it still sees one whole picture
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o604


def test_failure_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "old.jpg"
    target.write_bytes(b"old")

    def fail(_self: Path, _target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(click.ClickException, match=r"old\.jpg cannot be written: No space left"):
        write_output(str(target), b"new")
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["old.jpg"]


def test_link_is_kept_and_its_file_replaced(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    real, link = tmp_path / "elsewhere" / "real.jpg", tmp_path / "link.jpg"
    real.write_bytes(b"old")
    link.symlink_to(real)
    write_output(str(link), b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


def test_device_is_written_to_not_replaced() -> None:
    write_output("/dev/null", b"gone")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_longest_file_name_can_be_written(tmp_path: Path) -> None:
    target = tmp_path / ("n" * 251 + ".jpg")
    write_output(str(target), b"new")
    assert target.read_bytes() == b"new"


def test_output_that_cannot_be_is_refused_before_any_work(tmp_path: Path) -> None:
    source = Path("ct.dcm")
    with pytest.raises(click.ClickException, match="is a folder"):
        check_output(str(tmp_path), source)
    with pytest.raises(click.ClickException, match="folder of the output does not exist"):
        check_output(str(tmp_path / "missing" / "a.jpg"), source)
    check_output(str(tmp_path / "a.jpg"), source)
    check_output("a.jpg", source)
    check_output("-", source)
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_not_replaced_by_its_own_picture(tmp_path: Path) -> None:
    source = tmp_path / "ct.dcm"
    source.write_bytes(b"object")
    (tmp_path / "link.jpg").symlink_to(source)
    for output in (source, tmp_path / "link.jpg", tmp_path / "." / "ct.dcm"):
        with pytest.raises(click.ClickException, match="is the file itself"):
            check_output(str(output), source)
