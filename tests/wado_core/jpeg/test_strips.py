"""Work in order: whoever helps, early, late, never or not to its end, the results are those of the caller alone."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wado_core.jpeg.strips import in_order
from wado_core.ports import Helper

DEADLINE_S = 20


class Lender:
    """Threads for work that is offered: each offer is taken at once, for one job, later, after all else, or not at all."""

    def __init__(self, kinds: list[str], delay_s: float = 0.002) -> None:
        self._kinds = kinds
        self._delay_s = delay_s
        self._threads: list[threading.Thread] = []
        self._latest = threading.Event()
        self.offers = 0

    def lend(self, work: Helper) -> None:
        kind = self._kinds[self.offers % len(self._kinds)]
        self.offers += 1
        if kind == "never":
            return
        thread = threading.Thread(target=self._run, args=(work, kind), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run(self, work: Helper, kind: str) -> None:
        if kind == "late":
            time.sleep(self._delay_s)
        if kind == "after all":
            self._latest.wait()
        left = iter(range(1 if kind == "one job" else 1 << 30))
        work(lambda: next(left, None) is not None)

    def end(self) -> None:
        self._latest.set()
        for thread in self._threads:
            thread.join(DEADLINE_S)
        assert not any(thread.is_alive() for thread in self._threads), "a helper does not end"


@contextmanager
def lending(*kinds: str) -> Iterator[Lender]:
    lender = Lender(list(kinds))
    try:
        yield lender
    finally:
        lender.end()


def within_deadline(work: Callable[[], None]) -> None:
    """Run what may hang in a thread of its own, so that a deadlock is a failure and not the end of the tests."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised below
            failures.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(DEADLINE_S)
    assert not thread.is_alive(), "deadlock"
    if failures:
        raise failures[0]


kinds_of_help = st.lists(st.sampled_from(["at once", "one job", "late", "after all", "never"]), min_size=1, max_size=7)


class Failed(Exception):
    """What a job raises here."""


@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    jobs=st.lists(st.integers(0, 2), max_size=24), kinds=kinds_of_help, failing=st.sets(st.integers(0, 23), max_size=2),
    closed_after=st.none() | st.integers(0, 24), pause=st.booleans(),
)  # fmt: skip
def test_results_come_in_order_and_failures_at_their_place(
    jobs: list[int], kinds: list[str], failing: set[int], closed_after: int | None, pause: bool
) -> None:
    """jobs: how long each takes.  closed_after: how many results are taken, None for all."""
    closed = None if closed_after is None else max(closed_after, 1)
    lock, done = threading.Lock(), []

    def work(job: tuple[int, int]) -> int:
        number, tenths_of_ms = job
        time.sleep(tenths_of_ms / 5000)
        with lock:
            done.append(number)
        if number in failing:
            raise Failed(number)
        return number * number

    def run() -> None:
        taken: list[int] = []
        with lending(*kinds) as lender:
            results, failed_at = in_order(work, list(enumerate(jobs)), lender.lend), None
            try:
                for result in results:
                    taken.append(result)
                    if pause:
                        time.sleep(0.0005)
                    if closed_after is not None and len(taken) >= closed_after:
                        results.close()
            except Failed as error:
                (failed_at,) = error.args
        end = min([len(jobs), *failing] if closed is None else [len(jobs), closed, *failing])
        assert len(taken) == end
        assert failed_at == (end if end in failing and end < len(jobs) and end != closed else None)
        assert taken == [number * number for number in range(len(taken))]
        assert len(done) == len(set(done)), "a job was done twice"
        assert lender.offers <= max(2 * len(jobs) - 2, 0)

    within_deadline(run)


def test_without_help_jobs_are_done_when_their_results_are_asked_for() -> None:
    done: list[int] = []
    results = in_order(done.append, [1, 2, 3], None)
    next(results)
    assert done == [1]


def test_helpers_work_at_the_same_time() -> None:
    """Jobs that wait for each other: alone, the caller would never end."""
    meeting = threading.Barrier(3)

    def work(job: int) -> None:
        if job > 0:
            meeting.wait(DEADLINE_S)

    def run() -> None:
        with lending("at once") as lender:
            assert len(list(in_order(work, range(4), lender.lend))) == 4
            assert lender.offers >= 2

    within_deadline(run)


def test_the_caller_does_not_wait_for_a_job_that_nobody_has_begun() -> None:
    """All helpers come after all is done."""

    def run() -> None:
        with lending("after all") as lender:
            assert list(in_order(lambda job: job, range(30), lender.lend)) == list(range(30))

    within_deadline(run)


def test_a_helper_goes_after_the_job_at_which_it_is_told_to() -> None:
    """Nobody else comes: the caller does the rest."""
    caller, done_by = threading.get_ident(), []

    def work(_job: int) -> None:
        done_by.append(threading.get_ident())
        time.sleep(0.005)

    with lending("one job", *["never"] * 100) as lender:
        assert len(list(in_order(work, range(30), lender.lend))) == 30
    assert len(done_by) == 30
    assert done_by.count(caller) == 29


def test_help_is_offered_again_between_the_jobs() -> None:
    """Nobody is idle at first; the last jobs wait for each other, and alone the caller would never end."""
    meeting = threading.Barrier(2)

    def work(job: int) -> None:
        if job >= 18:
            meeting.wait(DEADLINE_S)

    def run() -> None:
        with lending(*["never"] * 7, "one job", *["at once"] * 30) as lender:
            assert len(list(in_order(work, range(20), lender.lend))) == 20

    within_deadline(run)


def test_there_are_never_more_helpers_than_seven() -> None:
    """However many offers are taken: here all of them at once, late."""
    lock, at_work, most, offers, threads = threading.Lock(), 0, 0, list[Helper](), list[threading.Thread]()

    def work(job: int) -> None:
        nonlocal at_work, most
        if job == 20:
            threads.extend(threading.Thread(target=helper, args=(lambda: True,), daemon=True) for helper in offers)
            for thread in threads:
                thread.start()
        with lock:
            at_work += 1
            most = max(most, at_work)
        if job >= 20:
            time.sleep(0.005)
        with lock:
            at_work -= 1

    def run() -> None:
        assert len(list(in_order(work, range(200), offers.append))) == 200
        for thread in threads:
            thread.join()

    within_deadline(run)
    assert len(threads) > 20
    assert most == 8


def test_a_closed_iterator_lets_its_helpers_go() -> None:
    """They end after the job they are at: no other begins."""
    begun: list[int] = []
    first_taken, go_on = threading.Event(), threading.Event()

    def work(job: int) -> int:
        begun.append(job)
        if job:
            first_taken.set()
            go_on.wait(DEADLINE_S)
        return job

    with lending("at once", "never") as lender:
        results = in_order(work, range(100), lender.lend)
        # The helper may be the one that does the first job; then this thread would take the second and wait in it.
        threading.Timer(0.05, go_on.set).start()
        assert next(results) == 0
        results.close()
        begun_then = len(begun)
        go_on.set()
    assert len(begun) <= begun_then + 1 < 100


def test_nothing_is_offered_before_the_first_result_is_there() -> None:
    """Whoever passes it on has a core for that."""
    with lending("never") as lender:
        offered = in_order(lambda _: lender.offers, range(100), lender.lend)
        assert next(offered) == 0
        assert lender.offers == 7


def test_closing_waits_for_the_jobs_that_were_begun() -> None:
    """What they read from may be closed next."""
    at_work, ended, callers = threading.Event(), threading.Event(), list[int]()

    def work(_job: int) -> None:
        if threading.get_ident() not in callers:
            at_work.set()
            time.sleep(0.05)
            ended.set()

    def run() -> None:
        callers.append(threading.get_ident())
        with lending("at once") as lender:
            results = in_order(work, range(1000), lender.lend)
            while not at_work.is_set():
                next(results)
            results.close()
            assert ended.is_set()

    within_deadline(run)


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), MemoryError(), StopIteration()])
def test_a_helper_that_dies_of_its_job_is_the_caller_s_failure(error: BaseException) -> None:
    """Whatever a job raises in a helper's thread reaches who waits for it; the helper's thread lives on."""
    caller = threading.get_ident()

    def work(job: int) -> int:
        if threading.get_ident() == caller:
            time.sleep(0.02)
            return job
        raise error

    with lending("at once") as lender:
        results = in_order(work, range(20), lender.lend)
        with pytest.raises((type(error), RuntimeError)) as raised:
            list(results)
        assert raised.value is error or raised.value.__cause__ is error  # a generator makes StopIteration a RuntimeError


def test_jobs_that_are_none() -> None:
    with lending("at once") as lender:
        assert list(in_order(lambda job: job, [], lender.lend)) == []
        assert lender.offers == 0
