"""Storage that refuses: errors of a file server that does not answer, and rights that are missing even for the superuser."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

_FUNCTIONS = ("open", "stat", "lstat", "scandir", "listdir", "readlink", "access")


def refuse(monkeypatch: pytest.MonkeyPatch, path: bytes, number: int) -> None:
    """Let every call of the system for ``path``, and for all below it, fail with this error number until the patch is undone."""
    for name in _FUNCTIONS:
        monkeypatch.setattr(os, name, _refusing(getattr(os, name), path, number))


def _refusing(function: Any, barred: bytes, number: int) -> Any:
    def call(path: Any = ".", *more: Any, **named: Any) -> Any:
        if isinstance(path, str | bytes | os.PathLike):
            called = os.fsencode(path)
            if called == barred or called.startswith(barred + b"/"):
                raise OSError(number, os.strerror(number))
        return function(path, *more, **named)

    return call


_CAPGET, _CAPSET = {"x86_64": (125, 126), "aarch64": (90, 91)}.get(os.uname().machine, (0, 0))
_VERSION_3 = 0x20080522
_OVERRIDES = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH


class _Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _Sets(ctypes.Structure):
    _fields_ = [("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32)]


@contextmanager
def bound_by_rights() -> Iterator[None]:
    """Let this thread be bound by the rights of files as if it were not the superuser; skip the test where that cannot be had."""
    if os.geteuid() != 0:
        yield
        return
    if not _CAPGET:
        pytest.skip("the superuser may read everything here")
    system = ctypes.CDLL(None, use_errno=True).syscall
    header, sets = _Header(_VERSION_3, 0), (_Sets * 2)()
    if system(_CAPGET, ctypes.byref(header), sets):
        pytest.skip("the superuser's capabilities cannot be told")
    before = sets[0].effective
    sets[0].effective = before & ~_OVERRIDES
    if system(_CAPSET, ctypes.byref(header), sets):
        pytest.skip("the superuser's capabilities cannot be laid down")
    try:
        yield
    finally:
        sets[0].effective = before
        system(_CAPSET, ctypes.byref(header), sets)
