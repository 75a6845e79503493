"""``wado serve`` once its options are read: the lock, the socket, the log, and the supervisor over all that follows.

A query holds UIDs, so no line of the log may hold a query.
"""

import logging
import logging.config
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import click

from wado_core.errors import WadoError
from wado_core.settings import Settings
from wado_http.cli.listening import PATIENCE_S, address_of, is_loopback, reserve
from wado_http.cli.lock import holding

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
    """Return a filter that cuts the traceback with which an application ends at start by a refusal, and keeps all else.

    Only the tracebacks of answers that were cut off when the server was stopped are left out: uvicorn says how many in a line; and the
    line about an answer that was left incomplete: why it was has been logged before.
    """
    return _without_traceback_of_refusal


def _without_traceback_of_refusal(record: logging.LogRecord) -> bool:
    if record.name != "uvicorn.error":
        return True
    # By its name: the supervisor logs too, and has no use for asyncio.
    if record.exc_info and record.exc_info[0] is not None and record.exc_info[0].__name__ == "CancelledError":
        return False
    text = record.getMessage()
    if text == "ASGI callable returned without completing response.":
        return False
    if text.startswith("Traceback "):
        kind, _, message = text.rstrip().rpartition("\n")[2].partition(": ")
        if kind.startswith(f"{WadoError.__module__}."):
            record.msg, record.args = message, ()
    return True


def run_server(settings: Settings) -> None:
    """Index and serve what ``settings`` say until a signal ends it.

    Raises KeyboardInterrupt after Ctrl-C, ClickException when another process keeps the index, the port is taken, or nothing starts.
    """
    from wado_http.cli.supervisor import Supervisor

    with (
        holding(settings.state, "serve", settings.disk_cache_bytes) as lock,
        reserve(settings.host, settings.port, PATIENCE_S if lock.left_behind else 0.0) as listener,
    ):
        address = address_of(listener)
        if not is_loopback(address):
            click.echo(
                f"wado: warning: listening on {settings.host}, which other machines can reach; there is no authentication yet, "
                "so everybody who can connect can see every image.",
                err=True,
            )
        # On loopback the numeric address, which the check of the Host header knows.
        host = address if is_loopback(address) else settings.host
        logging.config.dictConfig(LOGGING)
        bound = replace(settings, host=host, port=listener.getsockname()[1])
        Supervisor(bound, listener, lock.descriptor).run()
