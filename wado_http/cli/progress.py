"""What moves while files are indexed: a bar on a terminal, plain lines elsewhere; on standard error."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from wado_http.cli.text import counted

if TYPE_CHECKING:
    from wado_core.model.index_status import Progress

Shown = TypeVar("Shown")

# Time between two plain lines.
LINE_EVERY_S = 10.0


@contextmanager
def shown_progress(roots: Sequence[Path]) -> Iterator["Callable[[Progress], None]"]:
    """Give a function that shows the progress of indexing ``roots`` until the block is left."""
    if sys.stderr.isatty():
        with _bar(roots) as show:
            yield show
    else:
        yield lines(LINE_EVERY_S, indexing_line)


def indexing_line(progress: "Progress") -> str:
    """Return the plain line of indexing."""
    return f"Indexing: {counted(progress.files_seen, 'file')} so far, {counted(progress.instances, 'instance')}"


def lines(every_s: float, line: Callable[[Shown], str]) -> Callable[[Shown], None]:
    """Return a function that writes the ``line`` of what it is given every ``every_s`` seconds."""
    last = time.monotonic()

    def show(shown: Shown) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= every_s:
            last = now
            click.echo(line(shown), err=True)

    return show


@contextmanager
def _bar(roots: Sequence[Path]) -> Iterator["Callable[[Progress], None]"]:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as ProgressBar

    columns = (TextColumn("Indexing"), BarColumn(), TextColumn("{task.fields[counts]}"), TimeElapsedColumn())
    count = FileCount(roots)
    with count, ProgressBar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Indexing", total=None, counts="")

        def show(progress: "Progress") -> None:
            seen = progress.files_seen
            total = count.total if count.total is not None and count.total >= seen else None
            of = counted(seen, "file") if total is None else f"{seen:,} of {counted(total, 'file')}"
            bar.update(task, completed=seen, total=total, counts=f"{of}, {counted(progress.instances, 'instance')}")

        yield show


class FileCount:
    """Counts files ahead of the indexing, so that the bar knows its end; ``total`` is None until all are counted.

    Only names are read, in a thread of its own. Links are not followed: should more files turn up, the bar knows no end.
    """

    def __init__(self, roots: Sequence[Path]) -> None:
        self.total: int | None = None
        self._roots = [os.fsencode(root) for root in roots]
        self._left = False
        self._thread = threading.Thread(target=self._count, daemon=True)

    def __enter__(self) -> "FileCount":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._left = True

    def wait(self, timeout_s: float) -> None:
        """Wait until all files are counted, at most ``timeout_s`` seconds."""
        self._thread.join(timeout_s)

    def _count(self) -> None:
        total = 0
        waiting = list(self._roots)
        while waiting and not self._left:
            path = waiting.pop()
            try:
                with os.scandir(path) as entries:
                    for entry in entries:
                        if entry.is_dir(follow_symlinks=False):
                            waiting.append(entry.path)
                        else:
                            total += 1
            except NotADirectoryError:
                total += 1
            except OSError:
                continue  # the indexing will say so
        self.total = total
