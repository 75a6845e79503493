"""``wado index --status``: how far the indexing is, read from outside; nothing is written, whether a server runs or not."""

import time
from collections.abc import Iterator

from wado_core import assemble
from wado_core.model.index_status import IndexStatus, Phase
from wado_core.settings import Settings
from wado_http.cli.lock import Holder, holder
from wado_http.cli.text import counted, held


def status_lines(settings: Settings) -> Iterator[str]:
    """Yield what is known of an index: who keeps it, how far the run is that goes on, how the last one ended, what it holds."""
    keeper, status = holder(settings.state), assemble.status(settings).read()
    if keeper is None:
        yield "No server runs that keeps the index of these PATHs."
    elif keeper.command == "serve":
        yield f"{keeper} keeps the index of these PATHs."
    else:
        yield f"{keeper} is writing the index of these PATHs."
    if status is not None:
        yield from _said(status, keeper)
    yield index_line(settings)


def index_line(settings: Settings) -> str:
    """Say what the index holds."""
    totals = assemble.totals(settings)
    return "There is no index." if totals is None else f"The index holds {held(totals)}."


def _said(status: IndexStatus, keeper: Holder | None) -> Iterator[str]:
    now = time.time()
    if keeper is not None and keeper.command == "serve":
        if status.phase is Phase.INDEXING:
            yield (
                f"Indexing for {max(now - status.started_s, 0.0):.0f} s: {counted(status.counts.files_seen, 'file')} seen, "
                f"{status.counts.files_read:,} read, {counted(status.counts.instances, 'instance')} so far"
            )
        else:
            yield f"The indexer is {status.phase}."
        if not status.complete:
            yield "Not all files have been seen yet."
        if status.trouble:
            yield f"Indexing does not get on: {status.trouble}"
    if status.finished_s is not None:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(status.finished_s))
        yield f"The last look of a server ended at {when} and took {status.duration_s or 0.0:.1f} s."
