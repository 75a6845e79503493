"""Requests that go on whatever is killed, each answer compared with all that may be true of its object at that time."""

import random
import threading
import time
from collections import Counter
from urllib.parse import urlencode

import httpx

from tests.kills.objects import key_of, level_of_png, shown_level, stored_value, value_of_dicom
from tests.kills.processes import Server
from tests.kills.world import FRESH_S, History, World

# How long after an object was restored in another place it may still be answered as deleted: until the next look has ended, which
# kills may put off.
PUT_OFF_S = 60.0


class Client:
    """Asks for random objects until it is stopped; counts statuses, and keeps what was answered wrongly."""

    def __init__(self, server: Server, world: World, seed: int) -> None:
        self.answers: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._server = server
        self._world = world
        self._random = random.Random(seed)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        with httpx.Client(trust_env=False, timeout=20) as http:
            while not self._stopped.is_set():
                url = self._server.url or self._server.address()
                if not url:
                    time.sleep(0.02)
                    continue
                history = self._random.choice(self._world.histories)
                try:
                    problem = self.ask(http, url, history, picture=self._random.random() < 0.7)
                except httpx.HTTPError:  # killed before, or in the middle of, its answer
                    self.answers["none"] += 1
                    continue
                if problem:
                    self.wrong.append(problem)

    def ask(self, http: httpx.Client, url: str, history: History, *, picture: bool, settled: bool = False) -> str:
        """Ask for an object; return what is wrong with the answer, "" when nothing is.

        settled: nothing changes and nobody is killed any more: there is one right answer, and "please try again" is none.
        """
        key = key_of(history.number)
        parameters = {"requestType": "WADO", "studyUID": key.study_uid, "seriesUID": key.series_uid, "objectUID": key.object_uid}
        parameters["contentType"] = "image/png" if picture else "application/dicom"
        begin = time.monotonic()
        answer = http.get(f"{url}wado?{urlencode(parameters)}")
        self.answers[str(answer.status_code)] += 1
        now = time.monotonic()
        possible = {history.version} if settled else history.seen(begin - FRESH_S, now)
        if answer.status_code == 200:
            return self._compare(answer.content, history, {version for version in possible if version is not None}, picture=picture)
        if answer.status_code == 503 and not settled:
            return ""
        if answer.status_code == 410 and None in (possible if settled else history.seen(begin - PUT_OFF_S, now)):
            return ""
        return f"object {history.number}: {answer.status_code}, though versions {possible} may be seen: {answer.text[:200]}"

    @staticmethod
    def _compare(body: bytes, history: History, possible: set[int], *, picture: bool) -> str:
        values = {stored_value(history.number, version) for version in possible}
        try:
            found = level_of_png(body) if picture else value_of_dicom(body, key_of(history.number))
        except ValueError as error:
            return f"object {history.number}: {error}"
        if found in ({shown_level(value) for value in values} if picture else values):
            return ""
        return f"object {history.number}: {'level' if picture else 'value'} {found} is of no version of {possible}"
