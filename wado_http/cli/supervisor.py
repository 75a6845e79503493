"""The supervisor: starts the workers and the indexer, replaces those that end, and ends them all (docs/adr/0014).

It does nothing else, so that nothing else can end it: no request, no content of a file and no database is touched here.
"""

import errno
import logging
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial

import click

from wado_core import assemble
from wado_core.model.index_status import IndexStatus, Phase
from wado_core.settings import Settings, to_json
from wado_http.cli.children import Child, Place
from wado_http.cli.control import GO, PREPARED, READY, RESCAN, SAY, WHY
from wado_http.cli.counts import Counts
from wado_http.cli.indexer import AFTER_CRASH, REPORT
from wado_http.cli.kernels import PREPARING
from wado_http.cli.listening import listen, url
from wado_http.cli.progress import shown_progress
from wado_http.cli.signals import has_terminal, heard_signals
from wado_http.environment import SETTINGS_VARIABLE

_log = logging.getLogger(__name__)

WORKER = "wado_http.cli.worker"
INDEXER = "wado_http.cli.indexer"
KERNELS = "wado_http.cli.kernels"

# Between two looks at the progress of the first indexing.
_LOOK_EVERY_S = 0.25
# How often children that were killed are looked at: one may hang in a system call.
_KILLED_EVERY_S = 0.1
# What children need beyond the time that answers have to be finished.
_CLOSING_S = 2.0

_SIGNALS = (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """The processes of one ``wado serve``."""

    def __init__(self, settings: Settings, listener: socket.socket, lock: int) -> None:
        """Make the supervisor.

        listener: bound; it listens as soon as workers start.  lock: descriptor that the indexer inherits.
        """
        self._settings = settings
        self._listener = listener
        self._lock = lock
        self._grace_s = settings.grace_s
        self._board = assemble.status(settings)
        self._sending, self._receiving = assemble.notice_sockets()
        self._environment = os.environ | {SETTINGS_VARIABLE: to_json(settings), "PYTHONSAFEPATH": "1"}
        self._indexer = Place("indexer", self._start_indexer)
        self._counts, self._shared_counts = Counts.new(settings.workers)
        self._workers = [Place("worker", partial(self._start_worker, number)) for number in range(settings.workers)]
        self._kernels: Child | None = None
        self._selector = selectors.DefaultSelector()
        self._prepared = False  # the index stands, so that workers may open it
        self._served = False  # a worker was ready
        self._reported = False  # what the first look has found was printed
        self._crashed = False  # the indexer was ended by a signal
        self._show: ExitStack | None = None
        self._progress: Callable[[], None] = lambda: None
        self._said: list[str] = []
        self._interrupted = False
        self._stopping_until: float | None = None
        self._outlives_terminal = True
        self._failure = ""
        self._why = ""  # what a child has said before its end

    def run(self) -> None:
        """Serve until a signal ends it; raises KeyboardInterrupt after Ctrl-C, ClickException when the server cannot start."""
        self._outlives_terminal = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN or not has_terminal()
        with self._selector, self._sending, self._receiving, heard_signals(_SIGNALS, self._selector, self._signalled):
            try:
                self._fill_kernels()
                if self._stopping_until is None:
                    listen(self._listener, self._settings.host)
                    self._board.write(IndexStatus(Phase.STARTING, updated_s=time.time()))
                while self._stopping_until is None or (self._children() and time.monotonic() < self._stopping_until + _CLOSING_S):
                    self._fill_places()
                    self._turn()
            finally:
                self._end_progress()
                self._kill()
        if self._failure:
            raise click.ClickException(self._failure)
        if self._interrupted:
            raise KeyboardInterrupt

    # -- starting

    def _fill_kernels(self) -> None:
        """Compile the kernels once, visibly, in a process of its own; workers load them from then on."""
        if not assemble.kernels_can_be_cached():
            return
        _print(PREPARING, end="")
        begin = time.monotonic()
        self._kernels = self._started(KERNELS, [])
        while self._kernels in self._children():
            self._turn()
        _print(f"{time.monotonic() - begin:.1f} s")

    def _fill_places(self) -> None:
        now = time.monotonic()
        for place in (self._indexer, *self._workers):
            if place.child is None and place.due <= now and self._stopping_until is None:
                try:
                    place.child = place.start()
                except OSError as error:  # no more processes or memory, mostly
                    if error.errno == errno.E2BIG:  # the settings are handed over in the environment, which has bounds
                        self._fail("The PATHs are too many to be handed to the processes of the server; serve the folders above them.")
                        return
                    place.quick_ends += 1
                    place.due = now + 1.0
                    _log.error("the %s cannot be started now: %s", place.name, error.strerror)

    def _start_worker(self, number: int) -> Child:
        child = self._started(WORKER, [self._listener.fileno(), self._sending.fileno(), self._shared_counts], str(number))
        if self._prepared:
            child.tell(GO)
        return child

    def _start_indexer(self) -> Child:
        options = [] if self._reported else [REPORT]
        options += [AFTER_CRASH] if self._crashed else []
        return self._started(INDEXER, [self._receiving.fileno(), self._lock], *options)

    def _started(self, module: str, descriptors: list[int], *options: str) -> Child:
        child = Child(module, descriptors, options, self._environment)
        self._selector.register(child.control, selectors.EVENT_READ, lambda: self._hear(child))
        return child

    # -- what happens

    def _turn(self) -> None:
        """Wait for something to happen, and deal with it."""
        for key, _ in self._selector.select(self._patience_s()):
            key.data()
        self._reap()
        self._look()
        if self._stopping_until is not None and time.monotonic() >= self._stopping_until:
            self._kill()

    def _patience_s(self) -> float | None:
        now = time.monotonic()
        due = [place.due - now for place in (self._indexer, *self._workers) if place.child is None]
        if self._stopping_until is not None:
            return max(self._stopping_until - now, _KILLED_EVERY_S)
        if self._show is not None:
            due.append(_LOOK_EVERY_S)
        return max(min(due), 0.0) if due and self._kernels is None else None

    def _hear(self, child: Child) -> None:
        lines = child.lines()
        if child.silent and child.control in self._selector.get_map():
            self._selector.unregister(child.control)
        for line in lines:
            if line == PREPARED and not self._prepared:  # by the first indexer: to a worker that serves, the line would be the end
                self._prepared = True
                for place in self._workers:
                    if place.child is not None:
                        place.child.tell(GO)
            elif line == READY and child is not self._indexer.child:
                self._serves()
            elif line.startswith(SAY):
                self._reported = True
                self._said.append(line.removeprefix(SAY))
            elif line.startswith(WHY):
                self._why = line.removeprefix(WHY)
        self._echo()

    def _serves(self) -> None:
        if not self._served:
            self._served = True
            _print(f"Serving at {url(self._settings.host, self._settings.port)}")
            if not self._reported and self._stopping_until is None:
                self._begin_progress()

    def _echo(self) -> None:
        if self._said and self._served:
            self._end_progress()
            for line in self._said:
                _print(line)
            self._said.clear()

    def _reap(self) -> None:
        if self._kernels is not None and self._kernels.process.poll() is not None:
            ended, self._kernels = self._kernels, None
            self._forget(ended)
            if ended.process.returncode and self._stopping_until is None:
                self._fail("The kernels could not be prepared.")
        for place in (self._indexer, *self._workers):
            if place.child is not None and place.child.process.poll() is not None:
                self._replace(place)

    def _replace(self, place: Place) -> None:
        """Deal with a child that has ended."""
        if place.child is not None:
            self._hear(place.child)  # its last lines
        child = place.vacate(time.monotonic())
        if place in self._workers:
            self._counts.leave(self._workers.index(place))
        self._forget(child)
        why, self._why = self._why, ""
        if self._stopping_until is not None:
            return
        status = child.process.returncode
        if not self._served and status > 0 and (place is not self._indexer or not self._prepared):
            self._fail(f"The server could not start: {why}" if why else "The server could not start.")
            return
        if place is self._indexer:
            self._crashed = status < 0 and -status not in {signal.SIGTERM, signal.SIGINT}
        wait_s = place.due - time.monotonic()
        when = f"in {wait_s:.1f} s" if wait_s > 0 else "now"
        ending = f"{child.ending()} ({why})" if why else child.ending()
        _log.error("the %s (process %d) %s; another is started %s", place.name, child.process.pid, ending, when)

    def _forget(self, child: Child) -> None:
        child.kill()  # what it has started and left behind in its group
        if child.control in self._selector.get_map():
            self._selector.unregister(child.control)
        child.control.close()

    def _fail(self, reason: str) -> None:
        self._failure = reason
        self._stop()

    # -- how far the first look is

    def _begin_progress(self) -> None:
        self._show = ExitStack()
        show = self._show.enter_context(shown_progress(self._settings.paths))

        def progress() -> None:
            status = self._board.read()
            if status is not None and status.phase is Phase.INDEXING:
                show(status.counts)

        self._progress = progress

    def _look(self) -> None:
        if self._show is not None:
            self._progress()

    def _end_progress(self) -> None:
        if self._show is not None:
            self._show.close()
            self._show = None

    # -- signals and the end

    def _signalled(self, number: int) -> None:
        if number == signal.SIGHUP and (self._outlives_terminal or has_terminal()):
            if self._indexer.child is not None:
                self._indexer.child.tell(RESCAN)
        elif number != signal.SIGCHLD:
            self._end(number)

    def _end(self, number: int) -> None:
        if number == signal.SIGINT:
            if self._interrupted:
                self._kill()  # pressed twice
            self._interrupted = True
        self._stop()

    def _stop(self) -> None:
        if self._stopping_until is not None:
            return
        self._stopping_until = time.monotonic() + self._grace_s + _CLOSING_S
        self._end_progress()
        self._listener.close()
        for child in self._children():
            child.stop()

    def _children(self) -> list[Child]:
        places = (place.child for place in (self._indexer, *self._workers))
        return [child for child in (*places, self._kernels) if child is not None]

    def _kill(self) -> None:
        for child in self._children():
            child.kill()


def _print(text: str, end: str = "\n") -> None:
    with suppress(OSError):  # whoever read this may be gone, as in `wado serve … | head -1`
        click.echo(text + end, nl=False)
