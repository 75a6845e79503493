"""What is seen of prerendering: a bar on a terminal, plain lines elsewhere, and the summary."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from wado_core.services.prerendering import Prerendered
from wado_http.cli.progress import LINE_EVERY_S, lines
from wado_http.cli.text import counted, printable

# Reasons that are told; the rest is counted together.
_REASONS = 10

Show = Callable[[Prerendered], None]


@contextmanager
def shown_prerendering(total: int) -> Iterator[Show]:
    """Give a function that shows how many of ``total`` instances are done until the block is left; on standard error."""
    if sys.stderr.isatty():
        with _bar(total) as show:
            yield show
    else:
        yield lines(LINE_EVERY_S, partial(prerendering_line, total))


def prerendering_line(total: int, done: Prerendered) -> str:
    """Return the plain line of prerendering."""
    return f"Prerendering: {done.instances:,} of {counted(total, 'instance')}, {counted(done.made, 'picture')}"


@contextmanager
def _bar(total: int) -> Iterator[Show]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("Prerendering"), BarColumn(), TextColumn("{task.fields[counts]}"), TimeElapsedColumn(), TextColumn("left"),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Prerendering", total=total, counts="")

        def show(done: Prerendered) -> None:
            counts = f"{done.instances:,} of {counted(total, 'instance')}, {counted(done.made, 'picture')}"
            bar.update(task, completed=done.instances, counts=counts)

        yield show


def summary(done: Prerendered, duration_s: float, room: str) -> Iterator[str]:
    """Yield the lines that say what was done.  room: the bound of the cache, as it is written."""
    rate = done.made / duration_s if duration_s > 0 else 0.0
    failed = sum(done.failed.values())
    yield (
        f"Prerendered {counted(done.instances, 'instance')} in {duration_s:.1f} s: {counted(done.made, 'picture')} made "
        f"({done.size_bytes / 1e6:,.1f} MB, {rate:,.0f} a second), {done.present:,} present, {failed:,} failed"
    )
    reasons = done.failed.most_common()
    for reason, number in reasons[:_REASONS]:
        yield f"  {number:,} failed: {printable(reason)}"
    if len(reasons) > _REASONS:
        yield f"  {sum(number for _, number in reasons[_REASONS:]):,} failed for other reasons"
    if done.full:
        yield f"  stopped: the room for pictures on disk ({room}) is taken; an eighth of it is left to those that will be asked for"
