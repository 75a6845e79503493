"""The rendering core of wado: DICOM objects in, pictures out. Knows no HTTP.

    >>> import wado_core
    >>> jpeg = wado_core.render("ct.dcm", window=(-600, 1500), rows=256)

Importing it is light; numpy, numba and the codecs are loaded when they are first used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wado_core.api import encode_jpeg, open, render, thumbnail
    from wado_core.errors import WadoError
    from wado_core.model.instance import Instance

__all__ = ["Instance", "WadoError", "encode_jpeg", "open", "render", "thumbnail"]

_HOMES = {
    "Instance": "wado_core.model.instance",
    "WadoError": "wado_core.errors",
    "encode_jpeg": "wado_core.api",
    "open": "wado_core.api",
    "render": "wado_core.api",
    "thumbnail": "wado_core.api",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("wado")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
