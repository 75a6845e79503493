"""``wado serve``: index folders and answer HTTP requests for what is in them."""

import socket
from pathlib import Path

import click

from wado_core.settings import Settings
from wado_http.cli.index import index_visibly
from wado_http.cli.kernels import warm_up_visibly
from wado_http.cli.listening import BACKLOG, address_of, is_loopback, reserve, url
from wado_http.cli.server import run_server
from wado_http.cli.state import served_paths, state_folder
from wado_http.cli.text import counted

# Damaged files that are named before serving; `wado index` names all.
DAMAGED_SHOWN = 20


@click.command(no_args_is_help=True)
@click.argument("paths", type=click.Path(path_type=Path), metavar="PATH...", nargs=-1, required=True)
@click.option(
    "--host", default="127.0.0.1", show_default=True, metavar="ADDRESS",
    help="Address to listen on. The default is reachable from this machine only; 0.0.0.0 is reachable from every network. "
    "There is no authentication yet.",
)  # fmt: skip
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8080, show_default=True, metavar="N",
    help="TCP port to listen on; 0 takes any free one.",
)  # fmt: skip
@click.option(
    "--workers", type=click.IntRange(min=1, max=256), default=1, show_default=True, metavar="N",
    help="Processes that answer requests; each renders on its share of the cores.",
)  # fmt: skip
@click.option(
    "--state", type=click.Path(path_type=Path), metavar="DIR",
    help="Folder for the index, on a local disk and outside the PATHs.  [default: ~/.local/state/wado]",
)  # fmt: skip
def serve(paths: tuple[Path, ...], host: str, port: int, workers: int, state: Path | None) -> None:
    """Index each PATH, a folder or a file, and serve it over HTTP until Ctrl-C.

    Folders are searched at every depth. What is not DICOM is skipped; damaged files are named, and the rest is served.
    The index is kept: a second start reads only what has changed.

    \b
    Open the address in a browser to look around, or ask for pictures at
    /wado?requestType=WADO&studyUID=…&seriesUID=…&objectUID=…

    \b
    Examples:
      wado serve ~/images
      wado serve /mnt/ct /mnt/mr --port 9000 --workers 4
      wado serve ~/images --host 0.0.0.0            for everybody who can reach this machine
    """
    roots = served_paths(paths)
    folder = state_folder(roots, state)
    with reserve(host, port) as listener:
        settings = _settings(roots, folder, host, listener, workers)
        if not is_loopback(address_of(listener)):
            click.echo(
                f"wado: warning: listening on {host}, which other machines can reach; there is no authentication yet, "
                "so everybody who can connect can see every image.",
                err=True,
            )
        warm_up_visibly()
        instances = index_visibly(settings, DAMAGED_SHOWN)
        _listen(listener, host)
        click.echo(f"Serving {counted(instances, 'instance')} at {url(settings.host, settings.port)}")
        run_server(settings, listener)


def _listen(listener: socket.socket, host: str) -> None:
    try:
        listener.listen(BACKLOG)
    except OSError as error:  # somebody else has begun to listen meanwhile
        raise click.ClickException(f"Port {listener.getsockname()[1]} of {host} is in use. Choose another with --port.") from error


def _settings(roots: tuple[Path, ...], folder: Path, host: str, listener: socket.socket, workers: int) -> Settings:
    """Return what the server is told; on loopback the numeric address, which its check of the Host header knows."""
    address = address_of(listener)
    return Settings(
        paths=roots,
        state=folder,
        host=address if is_loopback(address) else host,
        port=listener.getsockname()[1],
        workers=workers,
    )
