"""Processes that try mutants: each with a bound of memory and a deadline, replaced when it is lost."""

import multiprocessing
import resource
import threading
import traceback
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from queue import Empty, SimpleQueue

from conformance.files import EXEMPTIONS, files_of
from tests.bad_data.mutants import Judge, Mutant, mutants_of
from tests.bad_data.trial import Kind, Outcome, attempt
from tests.reference import code_streams
from wado_core.kernels.warmup import warm_up

DEADLINE_S = 20.0
"""For one mutant through all paths; what any takes on a busy machine is below a tenth of it, an endless loop is not."""

MEMORY_BYTES = 1536 << 20
"""Address space for mutants, above what a worker has with everything loaded: some frames of the limit that `Limits` sets."""

START_S = 120.0


@dataclass(frozen=True, slots=True)
class Job:
    """Some mutants of one file, by their numbers in `mutants_of`."""

    path: Path
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """A mutant that was tried."""

    path: Path
    number: int
    mutant: str
    outcome: Outcome


def try_all(jobs: Iterable[Job], processes: int) -> Iterator[Tried]:
    """Try the mutants of all jobs; the results come as they are made."""
    waiting, done = SimpleQueue[Job](), SimpleQueue[Tried | None]()
    for job in jobs:
        waiting.put(job)
    threads = [threading.Thread(target=_attend, args=(waiting, done), daemon=True) for _ in range(processes)]
    for thread in threads:
        thread.start()
    left = processes
    while left:
        tried = done.get()
        if tried is None:
            left -= 1
        else:
            yield tried


def _attend(waiting: "SimpleQueue[Job]", done: "SimpleQueue[Tried | None]") -> None:
    worker = _Worker()
    try:
        while True:
            try:
                job = waiting.get_nowait()
            except Empty:
                return
            for number in job.numbers:
                tried = worker.attempt(job.path, number)
                if tried.outcome.kind is Kind.HUNG:  # once more: a busy machine may have kept it waiting
                    tried = worker.attempt(job.path, number)
                done.put(tried)
    finally:
        worker.end()
        done.put(None)


class _Worker:
    """One process; started anew after a mutant that killed or held it."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        assert self._pipe.poll(START_S), "a worker does not start"
        self._pipe.recv()

    def end(self) -> None:
        self._process.kill()
        self._process.join()
        self._pipe.close()

    def attempt(self, path: Path, number: int) -> Tried:
        self._pipe.send((path, number))
        try:
            name = self._pipe.recv()
            if self._pipe.poll(DEADLINE_S):
                return Tried(path, number, name, self._pipe.recv())
            outcome = Outcome(Kind.HUNG, f"for {DEADLINE_S:.0f} s")
        except EOFError:
            self._process.join()
            outcome = Outcome(Kind.CRASHED, f"exit status {self._process.exitcode}")
        self.end()
        self._start()
        return Tried(path, number, name, outcome)


def _work(pipe: Connection) -> None:
    warnings.simplefilter("ignore")
    import logging

    logging.disable()
    code_streams.PLUGINS.remove("gdcm")
    warm_up()
    _bound_memory()
    pipe.send("ready")
    unjudged = {files_of(name.partition(":")[0]).get(name) for name in EXEMPTIONS}
    path, original, mutants = None, b"", list[Mutant]()
    while True:
        try:
            wanted, number = pipe.recv()
        except EOFError:
            return
        if wanted != path:
            path, original = wanted, wanted.read_bytes()
            mutants = list(mutants_of(original))
        mutant = mutants[number]
        pipe.send(mutant.name)
        pipe.send(_outcome(mutant, original, judged=path not in unjudged))


def _outcome(mutant: Mutant, original: bytes, *, judged: bool) -> Outcome:
    data = mutant.make()
    judges = {Judge.MUTANT: data, Judge.ORIGINAL: original, Judge.NOBODY: None}
    try:
        return attempt(data, judges[mutant.judge] if judged else None)
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "wado_core" in frame.filename]
        where = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "?"
        return Outcome(Kind.FAILED, f"{type(error).__name__} in {where}: {str(error)[:200]}")


def _bound_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    bound = pages * resource.getpagesize() + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
