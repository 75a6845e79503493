"""``wado index --report``: what an index knows beyond its objects: copies, damaged files, what cannot be looked at now."""

from collections.abc import Iterator

from wado_core import assemble
from wado_core.errors import Unavailable
from wado_core.settings import Settings
from wado_http.cli.index_status import index_line
from wado_http.cli.text import counted, printable, shown


def report_lines(settings: Settings) -> Iterator[str]:
    """Yield what the index holds, the copies of each instance that has several, damaged files, and unreadable folders.

    Reads beside a running server, and writes nothing. Raises Unavailable when there is no index.
    """
    if assemble.totals(settings) is None:
        raise Unavailable("There is no index of these PATHs; 'wado index' or 'wado serve' makes one.")
    yield index_line(settings)
    index = assemble.index_to_read(settings)
    try:
        several = differing = 0
        for duplicate in index.duplicates():
            several += 1
            differing += duplicate.differ
            served, *others = duplicate.paths
            yield f"  copies: {shown(served)} is served"
            for path in others:
                yield f"          {shown(path)}{' (differs)' if duplicate.differ else ''}"
        yield f"{counted(several, 'instance')} with several copies, {differing:,} of them with copies that differ."
        for path, reason in index.problems():
            yield f"  damaged: {shown(path)}: {printable(reason)}"
    finally:
        index.close()
    roots = {bytes(path) for path in settings.paths}
    for folder in assemble.folders(settings):
        if not folder.complete and not any(location.path in roots for location in folder.files):  # else it is that of a PATH
            yield f"  cannot be read now: {shown(folder.path)}{' is empty' if folder.empty else ''}"
        for path in folder.unreadable:
            yield f"  cannot be looked at now: {shown(path)}"
