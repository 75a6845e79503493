"""Where compiled kernels are kept, and whether all of them are there; without numba, so that a light process can ask.

The folder's name is made of the package version and a digest of every kernel source: numba itself does not notice that a kernel
inlined from another file has changed.
"""

import fcntl
import hashlib
import logging
import os
import platform
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_log = logging.getLogger(__name__)

CACHE_VARIABLE = "WADO_KERNEL_CACHE"
_LOCK_NAME = "fill.lock"

# Compiled kernels that no process has loaded for so long are removed when others are compiled.
_UNUSED_S = 60 * 24 * 3600


def _digest_of_sources() -> str:
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # run from a plain checkout
        return "0"


def _is_private(folder: Path) -> bool:
    """Compiled code is loaded from the folder, so nobody else may write to it."""
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022 and os.access(folder, os.W_OK)


def _candidates() -> Iterator[Path]:
    """Yield the folders to try; a user without a home or a system without a folder for temporary files has fewer."""
    if own := os.environ.get(CACHE_VARIABLE):
        yield Path(own)
    with suppress(RuntimeError):
        yield Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser(), "wado")
    with suppress(OSError):
        yield Path(tempfile.gettempdir(), f"wado-{os.getuid()}")


@cache
def cache_folder() -> Path | None:
    """Return the folder of compiled kernels, made if needed; None where no folder of ours can be written.

    $WADO_KERNEL_CACHE, else the user's cache folder (XDG), else the folder for temporary files.
    """
    name = f"kernels-{_version_of('wado')}-{_digest_of_sources()}"
    for parent in _candidates():
        folder = parent / name
        try:
            parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # by itself: the mode is for the last folder of a path only
            folder.mkdir(mode=0o700, exist_ok=True)
            if _is_private(folder) and _is_private(folder.parent):
                return folder
        except OSError:
            continue
    _log.warning("no writable cache folder: kernels are compiled at every start")
    return None


def is_filled() -> bool:
    """Say whether all kernels were compiled for this interpreter, numba, machine and place; where that is wrong, they are again."""
    folder = cache_folder()
    return folder is not None and _stamp(folder).exists()


@contextmanager
def filling() -> Iterator[None]:
    """Let one process alone fill the cache, and note at the end that it is full."""
    folder = cache_folder()
    if folder is None:
        yield
        return
    if is_filled():
        with suppress(OSError):
            _stamp(folder).touch()  # in use
        yield
        return
    with ExitStack() as held:
        with suppress(OSError):  # a full disk, or one without locks
            fcntl.flock(held.enter_context(open(folder / _LOCK_NAME, "wb")), fcntl.LOCK_EX)
        yield
        with suppress(OSError):
            _stamp(folder).touch()
    _remove_unused(folder)


def _remove_unused(folder: Path) -> None:
    """Remove what other versions have compiled and nobody has used for a long time."""
    oldest = time.time() - _UNUSED_S
    for other in folder.parent.glob("kernels-*"):
        with suppress(OSError):
            if other != folder and _is_private(other) and all(path.lstat().st_mtime < oldest for path in (other, *other.iterdir())):
                shutil.rmtree(other, ignore_errors=True)


def discard(folder: Path) -> None:
    """Remove what was compiled, and the note that it is all there; the lock stays, others may wait for it."""
    for path in folder.rglob("*"):
        if path.name != _LOCK_NAME and not path.is_dir():
            with suppress(OSError):
                path.unlink()


def _stamp(folder: Path) -> Path:
    """Return the file that says that all is there: its name holds what numba looks at before it takes what it finds."""
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(Path(__file__).parent.glob("*.py")):
        found = path.stat()
        digest.update(f"{path} {found.st_size} {found.st_mtime_ns}\n".encode(errors="surrogateescape"))
    options = sorted((name, value) for name, value in os.environ.items() if name.startswith("NUMBA_"))
    versions = f"{sys.version} {_version_of('numba')} {_version_of('llvmlite')}"
    digest.update(f"{versions} {options} {_processor()}".encode(errors="surrogateescape"))
    return folder / f"filled-{digest.hexdigest()}"


def _processor() -> str:
    """Return the processor's model and features: compiled code fits no other."""
    with suppress(OSError), open("/proc/cpuinfo", encoding="ascii", errors="replace") as lines:
        first = {line.partition(":")[0].strip(): line.partition(":")[2].strip() for line in iter(lines.readline, "\n") if line}
        return " ".join(first.get(name, "") for name in ("model name", "flags", "CPU part", "Features"))
    return f"{platform.machine()} {platform.processor()}"
