"""Mutants behind the real server: pictures, warnings and refusals as answers, a log without patients, and a server that lives."""

import re
from collections import Counter
from pathlib import Path

import httpx
import pytest

import wado_core
from conformance.files import PYDICOM, files_of
from tests.bad_data.choice import stratified
from tests.bad_data.mutants import mutants_of
from tests.bad_data.trial import NAMES_TAG_AND_CLAUSE
from tests.conformance.server import Server, serving
from wado_core.dicom.instance import check_key
from wado_core.errors import WadoError
from wado_core.model.uid import InstanceKey

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")  # of what is wrong with real files

MUTANTS = 260

ASKED = ({"contentType": "image/png"}, {"contentType": "image/jpeg", "rows": "40", "columns": "40"}, {"contentType": "application/dicom"})

REFUSALS = {500, 501, 406, 413}
"""Damaged; not done; none of the media types can be made; larger than allowed."""


def test_mutants_over_http(tmp_path: Path) -> None:
    """Each is asked for as a picture, a thumbnail and a file (A5.7, A6.1, A8.3)."""
    keys, patients = _write(tmp_path / "served")
    assert len(keys) > MUTANTS // 2
    counts = Counter[int]()
    with serving(tmp_path / "served", tmp_path / "state") as server, httpx.Client(trust_env=False, timeout=60) as http:
        for key in keys:
            for more in ASKED:
                answer = http.get(f"{server.url}wado", params=_query(key) | more)
                counts[answer.status_code] += 1
                _check(answer, server)
        assert http.get(f"{server.url}health/ready").status_code == 200
    log = (tmp_path / "state" / "stderr").read_text()
    assert "Traceback" not in log
    assert not [patient for patient in patients if patient in log]
    assert counts[200] > len(keys)
    assert sum(counts[status] for status in REFUSALS) > 10, counts


def _write(folder: Path) -> tuple[list[InstanceKey], set[str]]:
    """Write mutants, each under a SOP Instance UID of its own, as many as can be served; return their keys and what must not leak."""
    folder.mkdir()
    keys, patients = list[InstanceKey](), set[str]()
    for job in stratified(files_of(PYDICOM).values(), MUTANTS, seed=2, most_bytes=100_000):
        original = job.path.read_bytes()
        mutants = list(mutants_of(original))
        for number in job.numbers:
            data = mutants[number].make()
            try:
                key = wado_core.open(data).key
                check_key(key)
            except WadoError:
                continue
            uid = _other(key.object_uid, len(keys))
            changed = data.replace(key.object_uid.encode(), uid.encode())
            (folder / f"{len(keys)}.dcm").write_bytes(changed)
            if wado_core.open(changed).key.object_uid == uid:
                keys.append(InstanceKey(key.study_uid, key.series_uid, uid))
        patients |= set(re.findall(r"[A-Za-z]{3,}\^[A-Za-z]{2,}", original.decode("latin-1")))
    return keys, patients


def _other(uid: str, number: int) -> str:
    """Return another UID of the same length."""
    return uid[: len(uid) - 6] + f"{1_00000 + number:06d}" if len(uid) > 12 else uid


def _query(key: InstanceKey) -> dict[str, str]:
    return {"requestType": "WADO", "studyUID": key.study_uid, "seriesUID": key.series_uid, "objectUID": key.object_uid}


def _check(answer: httpx.Response, server: Server) -> None:
    if answer.status_code == 200:
        assert answer.content
        return
    assert answer.status_code in REFUSALS, (answer.status_code, answer.text)
    assert "Traceback" not in answer.text
    assert str(server.folder) not in answer.text
    if answer.status_code in (500, 501):
        assert NAMES_TAG_AND_CLAUSE.search(answer.text), answer.text
