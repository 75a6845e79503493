"""A client that asks for fixtures by name, and reads what comes back."""

import re
from dataclasses import dataclass
from io import BytesIO
from urllib.parse import urlencode

import httpx
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset, dcmread

from tests.conformance.server import Server
from tests.fixtures import FIXTURES, build, uids
from tests.fixtures.identity import ACCESSION_NUMBER, PATIENT_ID, PATIENT_NAME, object_uid, series_uid, study_uid
from tests.reference.pipeline import Source, read
from tests.reference.samples import frame_samples

DICOM = "application/dicom"
JPEG = "image/jpeg"
PNG = "image/png"
ELE = "1.2.840.10008.1.2.1"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"

DAMAGED = "damaged"
"""The name (for ``q``) of an object whose header is sound and whose JPEG frame is not."""

SECRETS = (PATIENT_NAME, PATIENT_NAME.split("^", maxsplit=1)[0], PATIENT_ID, ACCESSION_NUMBER, "SYNTHETIC", "Traceback", "site-packages")
"""What no explanation of an error may hold: who the patient is, and how the server looks inside (A6.1)."""


def q(of: str) -> str:
    """``Q(of)`` of part J: the mandatory parameters that name a fixture, or another object that the tests have put beside them."""
    study, series, instance = uids(of) if of in FIXTURES else (study_uid(), series_uid(of), object_uid(of))
    return urlencode({"requestType": "WADO", "studyUID": study, "seriesUID": series, "objectUID": instance})


@dataclass(frozen=True, slots=True)
class Wado:
    """A client of one server. What it is not told to send it does not send, above all no Accept header."""

    server: Server
    http: httpx.Client

    def get(self, of: str, more: str = "", accept: str | None = None, **headers: str) -> httpx.Response:
        """GET ``/wado?Q(of)&more``; header names are written with underscores."""
        return self.ask(f"{q(of)}&{more}" if more else q(of), accept, **headers)

    def ask(self, query: str, accept: str | None = None, *, path: str = "wado", method: str = "GET", **headers: str) -> httpx.Response:
        """Send any query; every refusal that comes back is looked at before it is handed out."""
        named = {name.replace("_", "-"): value for name, value in headers.items()} | ({"accept": accept} if accept is not None else {})
        url = f"{self.server.url}{path}" + (f"?{query}" if query else "")
        response = self.http.request(method, url, headers=named)
        if response.status_code >= 400:
            check_refusal(response, self.server)
        return response

    def picture(self, of: str, more: str = "") -> NDArray[np.uint8]:
        """GET a picture as PNG and decode it."""
        response = self.get(of, "&".join(filter(None, (more, f"contentType={PNG}"))))
        assert response.status_code == 200, response.text
        assert response.headers["content-type"] == PNG
        return decoded(response.content)

    def status(self, of: str, more: str = "", accept: str | None = None) -> int:
        return self.get(of, more, accept).status_code


def check_refusal(response: httpx.Response, server: Server) -> None:
    """A6.1: a body that explains, with its type, holding neither patient data nor paths nor anything of the inside; none on HEAD."""
    if response.request.method == "HEAD":
        assert response.content == b""
        return
    assert len(response.text.strip()) > 20, response.text
    assert re.match(r"(text/plain|text/html); charset=utf-8$|application/json$", response.headers["content-type"])
    assert int(response.headers["content-length"]) == len(response.content)
    forbidden = (*SECRETS, str(server.folder), str(server.log.parent), ".dcm")
    assert not [word for word in forbidden if word in response.text], response.text


def check_log(server: Server) -> None:
    """Neither UIDs, which queries hold, nor patients may stand in the log (A6.1, A8.3)."""
    log = server.log.read_text()
    assert not [uid for name in FIXTURES for uid in uids(name) if uid in log]
    assert "2.25." not in log
    assert not [word for word in SECRETS[:-2] if word in log]


def decoded(data: bytes) -> NDArray[np.uint8]:
    """Decode a picture: (rows, columns) or (rows, columns, 3)."""
    with Image.open(BytesIO(data)) as image:
        assert image.mode in ("L", "RGB")
        return np.asarray(image)


def parsed(response: httpx.Response) -> Dataset:
    """Read a Part 10 file (A5.1)."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == DICOM
    assert response.content[128:132] == b"DICM"
    return dcmread(BytesIO(response.content))


def samples_of(source: Source, frame_number: int = 1) -> tuple[NDArray[np.int64], str]:
    """Return sample values and photometric interpretation as the oracle reads them."""
    return frame_samples(read(source), frame_number)


def stored(of: str) -> Dataset:
    """Read a fixture as it is stored."""
    return read(build(of))
