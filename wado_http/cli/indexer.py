"""The indexer: keeps the index of what is served. Started by the supervisor, ``python -m wado_http.cli.indexer``."""

import logging.config
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from types import FrameType
from typing import TYPE_CHECKING

from wado_core import assemble
from wado_core.errors import WadoError
from wado_core.settings import Settings
from wado_http.cli.children import STARTUP_FAILURE
from wado_http.cli.control import PREPARED, READY, RESCAN, SAY, WHY, Control, inherited
from wado_http.cli.index import damaged, summary
from wado_http.cli.server import LOGGING
from wado_http.cli.text import counted
from wado_http.environment import settings_from_environment

if TYPE_CHECKING:
    from wado_core.services.keeping import Keeping

# The indexer before this one was ended by a signal.
AFTER_CRASH = "--after-crash"
# The first look is to be reported.
REPORT = "--report"

# Damaged files that are named after the first look; `wado index` names all.
DAMAGED_SHOWN = 20
_LOOK_EVERY_S = 0.1

_log = logging.getLogger(__name__)


def main(arguments: Sequence[str]) -> int:
    """Keep the index until SIGTERM or the end of the supervisor; return the exit status.

    arguments: descriptors of the control socket, the receiving end of the notices and the lock on the state folder, then options.
    The lock is inherited to be held: a new server waits until this process, too, has ended.
    """
    for number in (signal.SIGINT, signal.SIGHUP):  # those of a terminal are for the supervisor
        signal.signal(number, signal.SIG_IGN)
    control, receiving = Control(int(arguments[0])), inherited(int(arguments[1]))
    os.set_inheritable(int(arguments[2]), False)
    logging.config.dictConfig(LOGGING)
    settings = settings_from_environment()
    try:
        keeping = assemble.keeping(settings, receiving, after_crash=AFTER_CRASH in arguments)
        control.tell(PREPARED)
    except WadoError as error:
        control.tell(f"{WHY}{error}")
        return STARTUP_FAILURE
    _obey(control, keeping, settings.grace_s)
    tidying = assemble.tidying(settings)
    if tidying is not None:
        threading.Thread(target=tidying.run, name="tidying", daemon=True).start()
    if REPORT in arguments:
        threading.Thread(target=_report, args=(settings, control, time.time()), name="report", daemon=True).start()
    control.tell(READY)
    try:
        keeping.run()
    except WadoError as error:
        _log.error("%s The indexer starts anew.", error)
        return 1
    return 0


def _obey(control: Control, keeping: "Keeping", grace_s: float) -> None:
    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of every handler
        keeping.stop()

    def heard(line: str) -> None:
        if line == RESCAN:
            keeping.rescan()

    def ended() -> None:
        keeping.stop()
        time.sleep(grace_s)
        os._exit(1)  # a file that cannot be read to its end, as on a dead mount

    signal.signal(signal.SIGTERM, stop)
    control.attend(ended, heard)


def _report(settings: Settings, control: Control, begin: float) -> None:
    """Wait for the end of the first look, and say what it has found."""
    from wado_core.services.report import Report

    board = assemble.status(settings)
    while (status := board.read()) is None or (status.finished_s or 0.0) < begin:
        time.sleep(_LOOK_EVERY_S)
    totals = assemble.totals(settings)
    if totals is not None:
        for line in summary(Report(status.counts, totals, (), status.duration_s or 0.0)):
            control.tell(SAY + line)
        if status.counts.settling:
            young = counted(status.counts.settling, "file")
            control.tell(f"{SAY}  {young} may still be being written, and will be read when settled")
        for line in damaged(assemble.problems(settings, DAMAGED_SHOWN), totals.damaged, DAMAGED_SHOWN):
            control.tell(SAY + line)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
