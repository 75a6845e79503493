"""``wado serve``: index folders and answer HTTP requests for what is in them."""

from dataclasses import replace

import click

from wado_core import assemble
from wado_http.cli.configuration import settings_from
from wado_http.cli.options import settings_options
from wado_http.cli.server import run_server
from wado_http.cli.state import served_paths, state_folder, state_folder_of
from wado_http.cli.text import shown


@click.command()
@settings_options("host", "port", "workers", "state", "rescan_s", "settling_s", "disk_cache_bytes")
def serve(paths: tuple[str, ...], config: str | None, **options: str | None) -> None:
    """Index each PATH, a folder or a file, and serve it over HTTP until Ctrl-C.

    Folders are searched at every depth. What is not DICOM is skipped; damaged files are named, and the rest is served.
    Serving starts at once, and what is indexed can be seen at once. The index is kept: a second start reads only what has
    changed. SIGHUP has the folders looked through again, now; SIGTERM ends the server after the answers that are being sent.
    PATHs and options may also come from a file of settings or from the environment; 'wado config' shows what holds.

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
    missing = [path for path in told.paths if not path.exists()]
    roots = served_paths(told.paths, missing_too=True)
    settings = replace(told, paths=roots, state=state_folder_of(roots, told.state))
    if missing:
        if assemble.totals(settings) is None:
            raise click.ClickException(f"{shown(missing[0])}: No such file or directory")
        # It was served before: a disk that is not mounted yet must not keep the others from being served.
        click.echo(f"wado: warning: {shown(missing[0])} is not there now; what was in it is answered 503 until it is back.", err=True)
    run_server(replace(settings, state=state_folder(roots, told.state)))
