"""Served paths and the folder of their index."""

import stat
import time
from pathlib import Path

import click
import pytest

from wado_core.settings import default_state_folder
from wado_http.cli.state import served_paths, state_folder


def _folders(root: Path, *names: str) -> list[Path]:
    for name in names:
        (root / name).mkdir(parents=True)
    return [root / name for name in names]


def test_paths_are_resolved_and_each_file_is_reached_once(tmp_path: Path) -> None:
    outer, inner, other = _folders(tmp_path.resolve(), "outer", "outer/inner", "other")
    (tmp_path / "link").symlink_to(other)
    assert served_paths([inner, outer, tmp_path / "link", other, outer / ".." / "other"]) == (outer, other)


def test_very_many_paths_take_no_time(tmp_path: Path) -> None:
    """As in ``wado serve archive/*``; compared in pairs, they took a minute."""
    folders = _folders(tmp_path.resolve(), *(f"study{number:04d}" for number in range(2500)))
    begin = time.monotonic()
    assert served_paths(folders) == tuple(folders)
    assert time.monotonic() - begin < 5.0


def test_missing_path_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(click.ClickException, match=r"gone: No such file"):
        served_paths([tmp_path, tmp_path / "gone"])


def test_each_set_of_paths_has_a_private_folder_of_its_own(tmp_path: Path) -> None:
    first, second = _folders(tmp_path, "first", "second")
    parent = tmp_path / "state"
    both = state_folder((first, second), parent)
    assert both.parent == parent.resolve()
    assert stat.S_IMODE(both.stat().st_mode) == 0o700
    assert state_folder((second, first), parent) == both
    assert len({both, state_folder((first,), parent), state_folder((second,), parent)}) == 3


def test_existing_parent_keeps_its_permissions(tmp_path: Path) -> None:
    (served,) = _folders(tmp_path, "served")
    parent = tmp_path / "state"
    parent.mkdir(mode=0o755)
    parent.chmod(0o755)
    state_folder((served,), parent).chmod(0o755)
    assert stat.S_IMODE(state_folder((served,), parent).stat().st_mode) == 0o700
    assert stat.S_IMODE(parent.stat().st_mode) == 0o755


def test_default_is_the_state_folder_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    (served,) = _folders(tmp_path, "served")
    assert state_folder((served,), None).parent == default_state_folder() == tmp_path / "xdg" / "wado"


@pytest.mark.parametrize("inside", [".", "state", "a/b/state"])
def test_state_within_the_served_files_is_refused(tmp_path: Path, inside: str) -> None:
    (served,) = _folders(tmp_path.resolve(), "served")
    with pytest.raises(click.ClickException, match="--state"):
        state_folder((served,), served / inside)
    assert list(served.iterdir()) == []


def test_link_into_the_served_files_does_not_pass(tmp_path: Path) -> None:
    (served,) = _folders(tmp_path.resolve(), "served")
    (tmp_path / "link").symlink_to(served)
    with pytest.raises(click.ClickException, match="--state"):
        state_folder((served,), tmp_path / "link" / "state")


def test_neighbour_with_the_same_beginning_is_not_inside(tmp_path: Path) -> None:
    (served,) = _folders(tmp_path.resolve(), "served")
    assert state_folder((served,), tmp_path / "served-state").is_dir()


def test_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (served,) = _folders(tmp_path.resolve(), "served")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(click.ClickException, match="cannot be made"):
        state_folder((served,), tmp_path / "file" / "state")
