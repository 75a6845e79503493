"""``wado index``: bring an index up to date without serving it."""

import time
from collections.abc import Iterable
from dataclasses import replace
from itertools import chain, islice
from typing import TYPE_CHECKING

import click

from wado_core.settings import Settings
from wado_http.cli.configuration import settings_from
from wado_http.cli.index_report import report_lines
from wado_http.cli.index_status import status_lines
from wado_http.cli.lock import holder, holding
from wado_http.cli.options import settings_options
from wado_http.cli.progress import shown_progress
from wado_http.cli.state import served_paths, state_folder, state_folder_of
from wado_http.cli.text import counted, held, printable, shown

if TYPE_CHECKING:
    from wado_core.services.report import Report


@click.command()
@click.option("--status", is_flag=True, help="Only say how far the indexing is and what the index holds; nothing is written.")
@click.option("--report", is_flag=True, help="Only name copies, damaged files and unreadable folders; nothing is written.")
@settings_options("state", "settling_s")
def index(paths: tuple[str, ...], config: str | None, *, status: bool, report: bool, **options: str | None) -> None:
    """Index each PATH, a folder or a file, without serving it.

    'wado serve' with the same PATHs (in any order) and the same --state finds this index. Only what is new or has changed is
    read; every damaged file is named with its reason. While 'wado serve' runs, it keeps the index itself. PATHs and options may
    also come from a file of settings or from the environment; 'wado config' shows what holds.

    \b
    Examples:
      wado index ~/images
      wado index /mnt/ct /mnt/mr --state /var/lib/wado
      wado index ~/images --status                  how far is the server with it?
      wado index ~/images --report                  which objects lie there twice, which files are damaged?
    """
    told = settings_from(paths, config, options)
    roots = served_paths(told.paths, missing_too=status or report)
    if status or report:
        settings = replace(told, paths=roots, state=state_folder_of(roots, told.state))
        for line in chain(status_lines(settings) if status else (), report_lines(settings) if report else ()):
            click.echo(line)
        return
    index_alone(replace(told, paths=roots, state=state_folder(roots, told.state)))


def index_alone(settings: Settings) -> None:
    """Bring an index up to date that no server keeps; raises ClickException when one does."""
    found = holder(settings.state)
    if found is not None and found.command == "serve":
        raise click.ClickException(f"{found} keeps this index. For a look at once send it SIGHUP: kill -HUP {found.process}")
    with holding(settings.state, "index"):
        index_visibly(settings, None)


def index_visibly(settings: Settings, damaged_shown: int | None) -> int:
    """Bring the index of ``settings`` up to date, showing progress and a summary; return how many instances it holds.

    damaged_shown: damaged files to name at most; None names all.
    """
    from wado_core import assemble

    index = assemble.index_to_write(settings)
    try:
        indexing = assemble.indexing(settings, index)
        with shown_progress(settings.paths) as show:
            report: Report = indexing.run(settings.paths, show, settings.index_processes)
        for line in summary(report):
            click.echo(line)
        if report.settling:
            young = counted(report.counts.settling, "file")
            click.echo(f"  {young} may still be being written; looking again in {settings.settling_s:g} s")
            time.sleep(settings.settling_s)
            report = indexing.run(settings.paths, None, settings.index_processes)
            for line in summary(report):
                click.echo(line)
        for path in report.unreadable:
            click.echo(f"  cannot be read now: {shown(path)}")
        for line in damaged(index.problems(), report.totals.damaged, damaged_shown):
            click.echo(line)
    finally:
        index.close()
    return report.totals.instances


def summary(report: "Report") -> Iterable[str]:
    """Yield the lines that say what a run has done and what the index now holds."""
    counts = report.counts
    yield (
        f"Indexed {counted(counts.files_seen, 'file')} in {report.duration_s:.1f} s: "
        f"{counts.files_read:,} read, {counts.unchanged:,} unchanged, {counts.forgotten:,} gone"
        + (f", {counts.moved:,} moved" if counts.moved else "")
        + (f"; {counts.litter:,} passed over by name" if counts.litter else "")
    )
    yield f"  {held(report.totals)}"
    if counts.unreadable or counts.folders_unreadable:
        yield (
            f"  could not be read now: {counted(counts.unreadable, 'file')}, {counted(counts.folders_unreadable, 'folder')}; "
            "the next run tries again"
        )


def damaged(problems: Iterable[tuple[bytes, str]], total: int, most: int | None) -> Iterable[str]:
    """Yield a line for each damaged file, at most ``most`` (None: all), and one for the rest."""
    for path, reason in islice(problems, most):
        yield f"  damaged: {shown(path)}: {printable(reason)}"
    if most is not None and total > most:
        yield f"  and {total - most:,} more; 'wado index' with the same PATHs names all"
