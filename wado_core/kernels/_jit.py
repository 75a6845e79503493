"""The one compile policy of all kernels (docs/adr/0004).

Explicit signatures: everything compiles when its module is imported, nothing inside a request. The GIL is released. No
fastmath and no reassociation: the same plan gives the same bytes on every CPU. No ``parallel=True``: threads belong to
the caller. Compiled code is cached on disk (see cache.py).
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numba
from numba import config, types

from wado_core.kernels.cache import cache_folder, discard

_log = logging.getLogger(__name__)

_F = TypeVar("_F", bound=Callable[..., Any])


def array_in(dtype: types.Type, dimensions: int) -> types.Array:
    """Type of an input: C order, read-only (a writable array matches it too)."""
    return types.Array(dtype, dimensions, "C", readonly=True)


def array_out(dtype: types.Type, dimensions: int) -> types.Array:
    """Type of an output: C order, writable."""
    return types.Array(dtype, dimensions, "C")


def _compiled(function: _F, forms: Sequence[types.Type], *, cached: bool) -> _F:
    compiled: _F = numba.njit(forms, nogil=True, cache=cached, error_model="numpy", boundscheck=None)(function)
    return compiled


def kernel(*signatures: Sequence[types.Type] | tuple[types.Type, Sequence[types.Type]]) -> Callable[[_F], _F]:
    """Compile a function for ``signatures`` (tuples of argument types) under the policy, or load it from the cache."""

    def compiled(function: _F) -> _F:
        folder = cache_folder()
        before = config.CACHE_DIR
        config.CACHE_DIR = str(folder) if folder else before  # read when the dispatcher is made; other users of numba keep theirs
        try:
            forms = [types.void(*signature) for signature in signatures]
            try:
                dispatcher: _F = _compiled(function, forms, cached=folder is not None)
            except Exception:  # numba raises whatever it meets in a damaged file of its cache
                if folder is None:
                    raise
                _log.warning("the cache of compiled kernels cannot be read and is made anew")
                discard(folder)
                dispatcher = _compiled(function, forms, cached=True)
        finally:
            config.CACHE_DIR = before
        return dispatcher

    return compiled
