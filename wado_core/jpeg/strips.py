"""Jobs that are done by the caller and by whoever is idle, their results in order."""

from collections.abc import Callable, Generator, Sequence
from threading import Condition
from typing import Generic, TypeVar

from wado_core.ports import Lend

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")

# More threads than these and the caller's on one picture would wait for each other.
_MOST_HELPERS = 7
# While somebody helps, before every so many jobs of the caller's own more are asked for: who is asked is woken for it, in vain mostly.
_OFFERED_EACH = 4


def in_order(work: Callable[[_Job], _Result], jobs: Sequence[_Job], lend: Lend | None) -> Generator[_Result, None, None]:
    """Yield the results of ``jobs`` in their order.

    The caller works too, and never waits for a job that nobody has begun: a helper that comes late, never, or goes after any job, costs
    nothing. It offers work to all when the first result is there, so that whoever passes that on has a core for it; and to one
    more before each job of its own, or each fourth while it has help: a thread may be idle again.
    Raises what ``work`` raised, at the place of its job. When the iterator is closed, helpers end after the job they are at, and closing
    waits for that: what jobs read from may be closed next.
    """
    if lend is None:
        yield from map(work, jobs)
        return
    board = _Board(work, jobs)
    try:
        for number in range(len(jobs)):
            found = board.result(number, lend)
            if number == 0:
                for _ in range(min(len(jobs) - 1, _MOST_HELPERS)):
                    lend(board.help)
            yield found
    finally:
        board.close()


class _Board(Generic[_Job, _Result]):
    """Which jobs are taken, which are done."""

    def __init__(self, work: Callable[[_Job], _Result], jobs: Sequence[_Job]) -> None:
        self._work = work
        self._jobs = jobs
        self._next = 0
        self._helpers = 0
        self._own = 0
        self._at_work = 0
        self._done: dict[int, _Result | BaseException] = {}
        self._changed = Condition()

    def help(self, may_go_on: Callable[[], bool]) -> None:
        """Do jobs until none is left, this thread is wanted elsewhere, or there are helpers enough."""
        with self._changed:
            if self._helpers == _MOST_HELPERS:
                return
            self._helpers += 1
        while may_go_on() and self._do_next():
            pass
        with self._changed:
            self._helpers -= 1

    def result(self, number: int, lend: Lend) -> _Result:
        """Return a result, doing jobs meanwhile."""
        while True:
            with self._changed:
                while number not in self._done and self._next == len(self._jobs):
                    self._changed.wait()
                if number in self._done:
                    found = self._done.pop(number)
                    break
                offered = 0 < self._next < len(self._jobs) - 1 and self._helpers < _MOST_HELPERS
                offered = offered and (self._helpers == 0 or self._own % _OFFERED_EACH == 0)
                self._own += 1
            if offered:
                lend(self.help)
            self._do_next()
        if isinstance(found, BaseException):
            raise found
        return found

    def close(self) -> None:
        """Begin no further job, and wait for those that were begun."""
        with self._changed:
            self._next = len(self._jobs)
            while self._at_work:
                self._changed.wait()

    def _do_next(self) -> bool:
        with self._changed:
            number = self._next
            if number == len(self._jobs):
                return False
            self._next += 1
            self._at_work += 1
        try:
            outcome: _Result | BaseException = self._work(self._jobs[number])
        except BaseException as error:  # noqa: BLE001 - belongs to whoever waits for the result
            outcome = error
        with self._changed:
            self._done[number] = outcome
            self._at_work -= 1
            self._changed.notify_all()
        return True
