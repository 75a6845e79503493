"""The folders that are served, and the folder that holds their index."""

import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from wado_core.settings import default_state_folder
from wado_http.cli.text import shown


def served_paths(paths: Iterable[Path], *, missing_too: bool = False) -> tuple[Path, ...]:
    """Return the paths resolved, in order, without those that lie within another.

    missing_too: also those that are not there now, such as on a disk that is not mounted. Raises ClickException when a path is missing
    or may not be read.
    """
    resolved: list[Path] = []
    for path in paths:
        try:
            resolved.append(path.resolve(strict=not missing_too))
        except OSError as error:
            raise click.ClickException(f"{shown(path)}: {error.strerror}") from error
        if missing_too and not path.exists():
            continue
        if not os.access(path, os.R_OK | (os.X_OK if path.is_dir() else 0)):
            raise click.ClickException(f"{shown(path)}: Permission denied")
    unique = dict.fromkeys(resolved)
    return tuple(path for path in unique if not any(above in unique for above in path.parents))


def state_folder(paths: Sequence[Path], parent: Path | None) -> Path:
    """Make the folder for the index of ``paths`` and return it.

    Each distinct set of paths has a folder of its own under ``parent`` (default: the user's state folder), so that one index
    never answers for files that another command was asked to serve. Only its owner may enter: it holds patients' names.
    Raises ClickException when it would lie within the served files, or cannot be made.
    """
    folder = state_folder_of(paths, parent)
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise click.ClickException(
            f"The state folder {shown(folder)} cannot be made: {error.strerror}; choose another with --state."
        ) from error
    return folder


def state_folder_of(paths: Sequence[Path], parent: Path | None) -> Path:
    """Return the folder for the index of ``paths``, made or not. Raises ClickException when it would lie within the served files."""
    if parent is not None and parent == Path():
        raise click.ClickException("The state folder must be named: --state is empty.")
    root = (parent or default_state_folder()).expanduser().resolve()
    for path in paths:
        if root == path or path in root.parents:
            raise click.ClickException(
                f"The state folder {shown(root)} lies within the served folder {shown(path)}; choose another with --state."
            )
    return root / _digest(paths)


def _digest(paths: Sequence[Path]) -> str:
    """Return 64 bits in hexadecimal over the set of paths, whatever their order."""
    return hashlib.blake2b(b"\0".join(sorted(os.fsencode(path) for path in paths)), digest_size=8).hexdigest()
