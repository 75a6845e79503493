"""``wado prerender``: fill the cache of pictures on disk with what viewers ask for first."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from wado_core.model.sheet import THUMBNAIL_EDGE
from wado_core.settings import Settings, described
from wado_http.cli.configuration import OPTIONS, settings_from, variable
from wado_http.cli.index import index_alone
from wado_http.cli.lock import holder
from wado_http.cli.options import settings_options
from wado_http.cli.state import served_paths, state_folder
from wado_http.cli.values import plain

if TYPE_CHECKING:
    from wado_core.model.uid import InstanceKey
    from wado_core.ports import Index
    from wado_core.services.prerendering import Prerendered, Wanted

NOT_ALL = 1


@click.command()
@click.option(
    "--size", "sizes", type=click.IntRange(1, 8192), multiple=True, default=(THUMBNAIL_EDGE,), metavar="N", show_default=True,
    help="Edge of the square that thumbnails fit into, in pixels: what viewers ask for as rows=N&columns=N. May be given several times.",
)  # fmt: skip
@click.option("--thumbnails-only", is_flag=True, help="Make no pictures in the size of the frame.")
@click.option(
    "--frames", type=click.Choice(["middle", "all"]), default="middle", show_default=True,
    help="Of multi-frame objects: the middle frame (of a video the first), as pages show it, or every one.",
)  # fmt: skip
@click.option("--jobs", type=click.IntRange(1, 256), metavar="N", help="Processes, all of low priority.  [default: one a core]")
@settings_options("state", "settling_s", "disk_cache_bytes")
def prerender(
    paths: tuple[str, ...], config: str | None, *, sizes: tuple[int, ...], thumbnails_only: bool, frames: str, jobs: int | None,
    **options: str | None,
) -> int:  # fmt: skip
    """Make the pictures of all that lies at each PATH, and keep them on disk, where a server finds them.

    The PATHs are indexed first; while 'wado serve' runs, its index is used as it is. 'wado serve' with the same PATHs, the same
    --state and a --disk-cache (best in a file of settings) answers from these pictures for as long as their files do not change. They
    are those of requests for image/jpeg without further parameters, and thumbnails as viewers ask for them, by /thumbnail too. What is
    there already is not made again; it ends when seven eighths of the room are taken. Ctrl-C loses nothing that was made.

    The pictures lie in the state folder, private to its owner: they show patients.

    \b
    Examples:
      wado prerender ~/images --disk-cache 10GiB
      wado prerender ~/images --disk-cache 10GiB --thumbnails-only --size 128 --size 256
      wado prerender /mnt/ct /mnt/mr --config wado.toml --frames all --jobs 8

    Exit status: 0 all pictures are there, 1 some are not (a line says why), 2 wrong usage, 130 interrupted.
    """
    from wado_core.services.prerendering import Wanted

    told = settings_from(paths, config, options)
    if not told.disk_cache_bytes:
        raise click.ClickException(
            f"No pictures are kept on disk: say how many bytes they may take, with {OPTIONS['disk_cache_bytes']} (such as 10GiB), "
            f"disk_cache_bytes in a file of settings, or {variable('disk_cache_bytes')}."
        )
    roots = served_paths(told.paths)
    settings = replace(told, paths=roots, state=state_folder(roots, told.state))
    keeper = holder(settings.state)
    if keeper is not None and keeper.command == "serve":
        click.echo(f"{keeper} keeps the index of these PATHs; what it holds now is prerendered.")
        if not keeper.disk_cache_bytes:
            option = OPTIONS["disk_cache_bytes"]
            click.echo(
                f"wado: warning: it runs without {option}, and will answer from these pictures once it is started with it.", err=True
            )
    else:
        index_alone(settings)
    wanted = Wanted(full=not thumbnails_only, edges=tuple(dict.fromkeys(sizes)), all_frames=frames == "all")
    done = _prerendered(settings, wanted, jobs)
    return NOT_ALL if done.failed or done.full else 0


def _prerendered(settings: Settings, wanted: "Wanted", jobs: int | None) -> "Prerendered":
    """Make the pictures, showing progress, and the summary also when it is interrupted."""
    from wado_core import assemble
    from wado_core.services.prerendering import Prerendered
    from wado_http.cli.prerender_pool import Pool
    from wado_http.cli.prerender_report import shown_prerendering, summary
    from wado_http.state import usable_cores

    _fill_kernels()
    done, begin = Prerendered(), time.monotonic()
    try:
        with (
            closing(assemble.index_to_read(settings)) as index,
            Pool(settings, wanted, jobs or usable_cores()) as pool,
            shown_prerendering(index.totals().instances) as show,
        ):
            for result in pool.results(_with_pictures(index, done)):
                done.add(result)
                show(done)
                if done.full:
                    break
    finally:
        for line in summary(done, time.monotonic() - begin, plain(described()["disk_cache_bytes"], settings.disk_cache_bytes)):
            click.echo(line)
    return done


def _with_pictures(index: "Index", done: "Prerendered") -> "Iterator[InstanceKey]":
    """Yield the instances that have pictures; the others are done."""
    from wado_core.services.prerendering import instances_of

    for instance in instances_of(index):
        if instance.has_picture:
            yield instance.key
        else:
            done.instances += 1


def _fill_kernels() -> None:
    """Compile the kernels once, visibly; the processes load them from then on."""
    from wado_core import assemble
    from wado_http.cli.kernels import PREPARING

    if assemble.kernels_can_be_cached():
        click.echo(PREPARING, nl=False)
        begin = time.monotonic()
        assemble.warm_up()
        click.echo(f"{time.monotonic() - begin:.1f} s")
