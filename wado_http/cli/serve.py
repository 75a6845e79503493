"""``wado serve``: index folders and answer HTTP requests for what is in them."""

from pathlib import Path

import click

from wado_core.settings import Settings
from wado_http.cli.server import run_server
from wado_http.cli.state import served_paths, state_folder


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
    Serving starts at once, and what is indexed can be seen at once. The index is kept: a second start reads only what has
    changed. SIGHUP has the folders looked through again, now; SIGTERM ends the server after the answers that are being sent.

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
    run_server(Settings(paths=roots, state=state_folder(roots, state), host=host, port=port, workers=workers))
