"""Running uvicorn on a socket that is already open, quietly: a query holds UIDs, so no line may hold a query."""

import logging
import os
import signal
import socket
from collections.abc import Callable
from types import FrameType
from typing import Any

import click

from wado_core.errors import WadoError
from wado_core.settings import Settings, to_json

APPLICATION = "wado_http.app:create_app_from_environment"

# How long a stopping server waits for answers that are being sent.
GRACE_S = 10
# Connections of one worker; those beyond are answered 503 by uvicorn.
CONNECTIONS = 2000

# Errors and warnings go to standard error; uvicorn's lines about its own start and each request do not go anywhere.
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "filters": {"refusals": {"()": "wado_http.cli.server.refusals_filter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["refusals"], "stream": "ext://sys.stderr"}},
    "root": {"level": "WARNING", "handlers": ["stderr"]},
    "loggers": {
        "uvicorn": {"level": "WARNING"},
        "uvicorn.access": {"level": "CRITICAL", "handlers": [], "propagate": False},
        # pydicom's warnings quote values of the files, patients' names among them.
        "pydicom": {"level": "CRITICAL", "handlers": [], "propagate": False},
    },
}


def refusals_filter() -> Callable[[logging.LogRecord], bool]:
    """Return a filter that keeps everything, but cuts the traceback with which an application ends at start by a refusal."""
    return _without_traceback_of_refusal


def _without_traceback_of_refusal(record: logging.LogRecord) -> bool:
    text = record.getMessage()
    if record.name == "uvicorn.error" and text.startswith("Traceback "):
        kind, _, message = text.rstrip().rpartition("\n")[2].partition(": ")
        if kind.startswith(f"{WadoError.__module__}."):
            record.msg, record.args = message, ()
    return True


def run_server(settings: Settings, listener: socket.socket) -> None:
    """Serve on ``listener`` until a signal ends it; raises KeyboardInterrupt after Ctrl-C, ClickException when it cannot start."""
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    from wado_http.app import SETTINGS_VARIABLE
    from wado_http.cli.protocol import BoundedProtocol

    os.environ[SETTINGS_VARIABLE] = to_json(settings)  # read by the application here, and by workers, which are spawned
    config = uvicorn.Config(
        APPLICATION,
        factory=True,
        workers=settings.workers,
        loop="uvloop",
        http=BoundedProtocol,
        limit_concurrency=CONNECTIONS,
        ws="none",
        lifespan="on",
        log_config=LOGGING,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    if settings.workers == 1:
        server = uvicorn.Server(config)
        try:
            server.run(sockets=[listener])
        except SystemExit as stopped:  # the application failed to start, and its log has said why
            raise click.ClickException("The server could not start.") from stopped
        return
    supervisor = Multiprocess(config, sockets=[listener])
    interrupts: list[int] = []
    handle = signal.getsignal(signal.SIGINT)

    def note(number: int, frame: FrameType | None) -> None:
        interrupts.append(number)
        if callable(handle):
            handle(number, frame)

    signal.signal(signal.SIGINT, note)
    supervisor.run()
    if interrupts:
        raise KeyboardInterrupt
    if any(process.exitcode == uvicorn.config.STARTUP_FAILURE for process in supervisor.processes):
        raise click.ClickException("A worker could not start.")
