"""``wado serve``: index folders and answer HTTP requests for what is in them."""

import socket
from dataclasses import replace
from pathlib import Path

import click

from wado_core.settings import Settings
from wado_http.cli.configuration import settings_from
from wado_http.cli.index import index_visibly
from wado_http.cli.kernels import warm_up_visibly
from wado_http.cli.listening import BACKLOG, address_of, is_loopback, reserve, url
from wado_http.cli.options import settings_options
from wado_http.cli.server import run_server
from wado_http.cli.state import served_paths, state_folder
from wado_http.cli.text import counted

# Damaged files that are named before serving; `wado index` names all.
DAMAGED_SHOWN = 20


@click.command()
@settings_options("host", "port", "workers", "state", "rescan_s", "settling_s")
def serve(paths: tuple[str, ...], config: str | None, **options: str | None) -> None:
    """Index each PATH, a folder or a file, and serve it over HTTP until Ctrl-C.

    Folders are searched at every depth. What is not DICOM is skipped; damaged files are named, and the rest is served.
    The index is kept: a second start reads only what has changed. PATHs and options may also come from a file of settings or
    from the environment; 'wado config' shows what holds.

    \b
    Open the address in a browser to look around, or ask for pictures at
    /wado?requestType=WADO&studyUID=…&seriesUID=…&objectUID=…

    \b
    Examples:
      wado serve ~/images
      wado serve /mnt/ct /mnt/mr --port 9000 --workers 4
      wado serve ~/images --host 0.0.0.0            for everybody who can reach this machine
    """
    told = settings_from(paths, config, options)
    roots = served_paths(told.paths)
    folder = state_folder(roots, told.state)
    with reserve(told.host, told.port) as listener:
        settings = _settings(told, roots, folder, listener)
        if not is_loopback(address_of(listener)):
            click.echo(
                f"wado: warning: listening on {told.host}, which other machines can reach; there is no authentication yet, "
                "so everybody who can connect can see every image.",
                err=True,
            )
        warm_up_visibly()
        instances = index_visibly(settings, DAMAGED_SHOWN)
        _listen(listener, told.host)
        click.echo(f"Serving {counted(instances, 'instance')} at {url(settings.host, settings.port)}")
        run_server(settings, listener)


def _listen(listener: socket.socket, host: str) -> None:
    try:
        listener.listen(BACKLOG)
    except OSError as error:  # somebody else has begun to listen meanwhile
        raise click.ClickException(f"Port {listener.getsockname()[1]} of {host} is in use. Choose another with --port.") from error


def _settings(told: Settings, roots: tuple[Path, ...], folder: Path, listener: socket.socket) -> Settings:
    """Return what the server is told; on loopback the numeric address, which its check of the Host header knows."""
    address = address_of(listener)
    host = address if is_loopback(address) else told.host
    return replace(told, paths=roots, state=folder, host=host, port=listener.getsockname()[1])
