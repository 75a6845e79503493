"""A worker: answers requests on the socket that all workers share. Started by the supervisor, ``python -m wado_http.cli.worker``."""

import asyncio
import gc
import os
import resource
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from math import ceil

from wado_core.settings import Settings
from wado_http.cli.control import GO, READY, Control, inherited
from wado_http.cli.counts import Counts
from wado_http.environment import settings_from_environment

# More than twice the connections of a worker (CONNECTIONS): each may read a file.
_DESCRIPTORS = 8192


def main(arguments: Sequence[str]) -> None:
    """Serve until SIGTERM or the end of the supervisor; what is in flight is finished first.

    arguments: descriptors of the control socket, the listening socket, the sending end of the notices, and the counts of connections;
        which of the workers this is, from 0.
    """
    for number in (signal.SIGINT, signal.SIGHUP):  # those of a terminal are for the supervisor
        signal.signal(number, signal.SIG_IGN)
    control, listener, notices = Control(int(arguments[0])), inherited(int(arguments[1])), inherited(int(arguments[2]))
    _allow_descriptors()
    gc.disable()  # loading makes a million objects and no garbage: a seventh of its time
    _load()
    if control.line() == GO:
        settings = settings_from_environment()
        counts = Counts(int(arguments[3]), settings.workers)
        os.close(int(arguments[3]))
        _serve(settings, control, listener, notices, counts, int(arguments[4]))


def _allow_descriptors() -> None:
    """Take as many descriptors as connections, files and pipes may need: what shells and systemd allow, 1024, is less."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(_DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # macOS has bounds of its own
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _load() -> None:
    """Import all that does not depend on the index, while the indexer prepares it."""
    import uvicorn  # noqa: F401

    import wado_http.app
    import wado_http.cli.accepting
    import wado_http.cli.protocol  # noqa: F401
    from wado_core import assemble

    assemble.warm_up()


def _serve(settings: Settings, control: Control, listener: socket.socket, notices: socket.socket, counts: Counts, number: int) -> None:
    import uvicorn

    from wado_http.app import create_app
    from wado_http.cli.accepting import WorkerServer
    from wado_http.cli.protocol import BoundedProtocol
    from wado_http.cli.server import CONNECTIONS, LOGGING

    async def ready() -> None:
        """Say so, when called for the first time; uvicorn calls it again and again."""
        if gc.isenabled():
            return
        gc.freeze()
        gc.enable()
        asyncio.get_running_loop().add_reader(control.fileno(), end)
        control.tell(READY)

    def end() -> None:
        asyncio.get_running_loop().remove_reader(control.fileno())
        server.should_exit = True

    app = create_app(settings, notices)
    server = WorkerServer(
        uvicorn.Config(
            app,
            loop="uvloop",
            http=partial(BoundedProtocol, stall_s=settings.stall_s, at_once=app.state.short_way.answer),  # type: ignore[arg-type]
            limit_concurrency=CONNECTIONS,
            ws="none",
            lifespan="on",
            log_config=LOGGING,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=ceil(settings.grace_s),
            callback_notify=ready,
        ),
        listener,
        counts,
        number,
    )
    server.run(sockets=[listener])


if __name__ == "__main__":
    main(sys.argv[1:])
