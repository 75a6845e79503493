"""The processes that prerender: spawned, of low priority, replaced when an object ends one, ended with the command."""

import multiprocessing
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice

from wado_core import assemble
from wado_core.errors import WadoError
from wado_core.interrupts import end_with_parent, interrupts_withheld
from wado_core.model.uid import InstanceKey
from wado_core.services.prerendering import Prerendered, Prerendering, Wanted
from wado_core.settings import Settings, from_json, to_json

# Requests go first.
_PRIORITY = 15
# Instances of one task: few enough that progress is seen, and that Ctrl-C loses little.
BATCH = 16
# Tasks handed over beforehand for each process, so that none waits.
_AHEAD = 3

_CRASHED = "Making its picture ended the process that tried."

# Of a process that prerenders: what does it, or why it cannot.
_prerendering: list[Prerendering] = []
_refusals: list[WadoError] = []


class Pool:
    """Makes the pictures of many instances in several processes; use it in a ``with`` statement."""

    def __init__(self, settings: Settings, wanted: Wanted, processes: int) -> None:
        self._settings = to_json(settings)
        self._wanted = wanted
        self._processes = processes
        self._executor = self._spawned(processes)
        self._flying: deque[tuple[list[InstanceKey], Future[Prerendered]]] = deque()

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        """End the processes, what they are at too: a picture is kept whole or not at all."""
        self._executor.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            process.kill()  # all are ours
        self._executor.shutdown()

    def results(self, keys: Iterable[InstanceKey]) -> Iterator[Prerendered]:
        """Yield what has come of some instances after the other, in bounded memory however many there are."""
        rest = iter(keys)
        while batch := list(islice(rest, BATCH)):
            try:
                self._flying.append((batch, self._submit(batch)))
            except BrokenProcessPool:
                yield from self._recovered(batch)
            if len(self._flying) >= self._processes * _AHEAD:
                yield from self._landed()
        while self._flying:
            yield from self._landed()

    def _submit(self, batch: list[InstanceKey]) -> "Future[Prerendered]":
        with interrupts_withheld():  # processes are started as they are needed
            return self._executor.submit(_prerender, batch, self._wanted)

    def _landed(self) -> Iterable[Prerendered]:
        batch, future = self._flying.popleft()
        try:
            return (future.result(),)
        except BrokenProcessPool:
            return self._recovered(batch)

    def _recovered(self, batch: list[InstanceKey]) -> Iterator[Prerendered]:
        """Do all that was under way again, one by one: nobody knows which object ended its process."""
        suspects = [*batch, *chain.from_iterable(batch for batch, _ in self._flying)]
        self._flying.clear()
        self._restart(1)
        for key in suspects:
            try:
                yield self._submit([key]).result()
            except BrokenProcessPool:
                crashed = Prerendered(instances=1)
                crashed.failed[_CRASHED] += 1
                yield crashed
                self._restart(1)
        self._restart(self._processes)

    def _restart(self, processes: int) -> None:
        self._executor.shutdown(cancel_futures=True)
        self._executor = self._spawned(processes)

    def _spawned(self, processes: int) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(processes, mp_context=context, initializer=_prepare, initargs=(self._settings,))


def _prepare(settings: str) -> None:
    end_with_parent()
    os.nice(_PRIORITY)
    assemble.warm_up()
    try:
        _prerendering.append(assemble.prerendering(from_json(settings))[0])
    except WadoError as error:  # told with the first task: what goes wrong here would be taken for a crash
        _refusals.append(error)


def _prerender(batch: list[InstanceKey], wanted: Wanted) -> Prerendered:
    if _refusals:
        raise _refusals[0]
    done = Prerendered()
    for key in batch:
        done.add(_prerendering[0].prerender(key, wanted))
        if done.full:
            break
    return done
