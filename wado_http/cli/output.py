"""Where a picture goes: a file that is either the old one or the whole new one, or standard output."""

import os
import stat
import sys
import tempfile
from pathlib import Path

import click

from wado_http.cli.parameters import STANDARD_OUTPUT
from wado_http.cli.text import shown


def check_output(output: str, source: Path) -> None:
    """Refuse an output that cannot be written, or would replace what is read, before any work is done; raises ClickException."""
    if output == STANDARD_OUTPUT:
        return
    path = Path(output)
    if path.exists() and source.exists() and path.samefile(source):
        raise click.ClickException(f"The output {shown(path)} is the file itself; it is not replaced by its picture.")
    if path.is_dir():
        raise click.ClickException(f"The output {shown(path)} is a folder.")
    if not path.parent.is_dir():
        raise click.ClickException(f"The folder of the output does not exist: {shown(path.parent)}")


def write_output(output: str, data: bytes) -> None:
    """Write a picture; an existing file is replaced at once or not at all. Raises ClickException when that fails."""
    if output == STANDARD_OUTPUT:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    target = Path(os.path.realpath(output))  # a link is kept: the file it names is replaced
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(data)  # a device or a pipe: writing is all that can be done with it
        else:
            _replace(target, data)
    except OSError as error:
        raise click.ClickException(f"{shown(output)} cannot be written: {error.strerror}") from error


def _replace(target: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", suffix=".part", dir=target.parent)
    try:
        with open(handle, "wb") as stream:
            os.fchmod(stream.fileno(), _mode(target))
            stream.write(data)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink()
        raise


def _mode(target: Path) -> int:
    """Return the permissions of the file to be replaced, or those that a new file would get."""
    try:
        return stat.S_IMODE(target.stat().st_mode)
    except FileNotFoundError:
        umask = os.umask(0)
        os.umask(umask)
        return 0o666 & ~umask
