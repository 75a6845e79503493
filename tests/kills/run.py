"""One run: files change, requests come, processes are killed; at the end everything must be as if nobody had been."""

import random
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.kills.client import Client
from tests.kills.processes import KINDS, Server
from tests.kills.world import World

SETTLE_S = 120.0


@dataclass
class Outcome:
    """What a run showed.

    kills: by kind.  answers: by status; "none" where the connection broke.  wrong: answers that no state of the files explains.
    lost: objects whose answer is wrong after all has settled, deleted ones among them.  damaged: what the check of the index says.
    back_s: from the kill of a supervisor to the address of the next.  exit_status: of the last server, when it was asked to end.
    """

    kills: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    back_s: list[float] = field(default_factory=list)
    changes: int = 0
    deleted: int = 0
    exit_status: int | None = None
    duration_s: float = 0.0


def run(folder: Path, kills: int, seed: int, *, objects: int = 400, workers: int = 2, clients: int = 2) -> Outcome:
    """Kill so many processes at random moments, from the first start on, and compare every answer."""
    outcome, chance = Outcome(), random.Random(seed)
    begin = time.monotonic()
    world = World(folder, objects, seed)
    server = Server(world.root, folder / "state", folder / "log", workers)
    server.start()
    asking = [Client(server, world, seed + number) for number in range(1, clients + 1)]
    stopped = threading.Event()

    def change() -> None:
        while not stopped.is_set():
            world.change()
            time.sleep(0.02)

    changing = threading.Thread(target=change)
    changing.start()
    for client in asking:
        client.start()
    try:
        while outcome.kills.total() < kills:
            time.sleep(chance.choice((0.02, 0.1, 0.3, 0.6)) * chance.random() * 2)
            kind = chance.choice(KINDS)
            if server.kill(kind, chance.randrange(100)):
                outcome.kills[kind] += 1
            if not server.running():
                began = time.monotonic()
                server.start()
                if chance.random() < 0.7:
                    server.wait_for_address()
                    outcome.back_s.append(time.monotonic() - began)
    finally:
        stopped.set()
        changing.join()
        for client in asking:
            client.stop()
            outcome.answers += client.answers
            outcome.wrong += client.wrong
    outcome.lost = _settled(server, world)
    outcome.exit_status = server.stop()
    outcome.damaged = _damage(folder / "state")
    outcome.changes = world.changes
    outcome.deleted = sum(history.version is None for history in world.histories)
    outcome.duration_s = time.monotonic() - begin
    return outcome


def _settled(server: Server, world: World) -> list[str]:
    """Wait until the folders were looked through twice undisturbed, and ask for every object."""
    server.wait_for_address()
    for _ in range(2):
        time.sleep(0.5)  # files settle
        _wait_for_a_look(server)
    client = Client(server, world, 0)
    with httpx.Client(trust_env=False, timeout=20) as http:
        return [
            problem
            for history in world.histories
            for picture in (True, False)
            if (problem := client.ask(http, server.address(), history, picture=picture, settled=True))
        ]


def _wait_for_a_look(server: Server) -> None:
    asked = time.monotonic()
    server.hang_up()
    while True:
        found = server.ready().get("indexing")
        if isinstance(found, dict) and found["phase"] == "waiting" and found["complete"]:
            ago = found["looked_seconds_ago"]
            if ago is not None and time.monotonic() - ago > asked:
                return
        if time.monotonic() - asked > SETTLE_S:
            raise TimeoutError(f"the folders were not looked through: {found}")
        time.sleep(0.1)


def _damage(state: Path) -> list[str]:
    """Return what SQLite finds wrong with the index, nothing when it is sound."""
    (path,) = state.rglob("index.sqlite")
    with closing(sqlite3.connect(path)) as connection:
        found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
    return [] if found == ["ok"] else found
