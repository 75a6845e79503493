"""Where the application is mounted, as addresses name it."""

from functools import lru_cache
from urllib.parse import quote

from starlette.types import Scope


def mount_path(scope: Scope) -> str:
    """Return the path that the application is mounted at, "" for none, as it is written in headers and pages (RFC 3986 3.3)."""
    path: str = scope.get("root_path", "")
    return _written(path) if path else ""


@lru_cache(maxsize=64)
def _written(path: str) -> str:
    # ASGI gives it decoded; a header holds no character beyond latin-1, and "&" and "'" mean something in a page.
    return quote(path, safe="/:@!$()*+,;=", errors="replace")
