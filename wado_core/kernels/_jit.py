"""The one compile policy of all kernels (docs/adr/0004).

Explicit signatures: everything compiles when its module is imported, nothing inside a request. The GIL is released. No
fastmath and no reassociation: the same plan gives the same bytes on every CPU. No ``parallel=True``: threads belong to
the caller. Compiled code is cached on disk under a name made of the package version and a digest of every kernel source:
numba itself does not notice that a kernel inlined from another file has changed.
"""

import hashlib
import logging
import os
import stat
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba import config, types

_log = logging.getLogger(__name__)
_F = TypeVar("_F", bound=Callable[..., Any])

CACHE_VARIABLE = "WADO_KERNEL_CACHE"


def array_in(dtype: types.Type, dimensions: int) -> types.Array:
    """Type of an input: C order, read-only (a writable array matches it too)."""
    return types.Array(dtype, dimensions, "C", readonly=True)


def array_out(dtype: types.Type, dimensions: int) -> types.Array:
    """Type of an output: C order, writable."""
    return types.Array(dtype, dimensions, "C")


def _digest_of_sources() -> str:
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _package_version() -> str:
    try:
        return version("wado")
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
    name = f"kernels-{_package_version()}-{_digest_of_sources()}"
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


def kernel(*signatures: Sequence[types.Type] | tuple[types.Type, Sequence[types.Type]]) -> Callable[[_F], _F]:
    """Compile a function for ``signatures`` (tuples of argument types) under the policy, or load it from the cache."""

    def compiled(function: _F) -> _F:
        folder = cache_folder()
        before = config.CACHE_DIR
        config.CACHE_DIR = str(folder) if folder else before  # read when the dispatcher is made; other users of numba keep theirs
        try:
            forms = [types.void(*signature) for signature in signatures]
            dispatcher: _F = numba.njit(forms, nogil=True, cache=folder is not None, error_model="numpy", boundscheck=None)(function)
        finally:
            config.CACHE_DIR = before
        return dispatcher

    return compiled
