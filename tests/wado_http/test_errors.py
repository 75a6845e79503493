"""The table of statuses, and the answers that explain them (A.6)."""

import inspect
import json
import logging

import pytest

from wado_core import errors
from wado_core.errors import (
    Busy,
    ContentChanged,
    DamagedIndex,
    DamagedObject,
    Gone,
    InvalidRequest,
    LimitExceeded,
    MissingFrame,
    NoSuchFrame,
    NotAcceptable,
    NotDicom,
    NotFound,
    NotSupported,
    Unavailable,
    Unwanted,
    WadoError,
)
from wado_http.errors import Problem, problem_of, problem_response, status_of, unexpected

PATH = "/archive/DOE^JOHN.dcm"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidRequest, 400), (NotFound, 404), (NotAcceptable, 406), (Gone, 410), (NotDicom, 500), (DamagedObject, 500), (WadoError, 500),
        (NotSupported, 501), (LimitExceeded, 501), (Unavailable, 503), (Busy, 503), (DamagedIndex, 503),
        (ContentChanged, 503), (Unwanted, 503), (NoSuchFrame, 400), (MissingFrame, 500),
    ],
)  # fmt: skip
def test_statuses(error: type[WadoError], status: int) -> None:
    assert status_of(error) == status


def test_every_error_has_been_thought_of() -> None:
    """The table above names each class of the tree."""
    tree = {value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, WadoError)}
    named = test_statuses.pytestmark[0].args[1]  # type: ignore[attr-defined]
    assert {error for error, _ in named} == tree


def test_a_subclass_has_its_parents_status() -> None:
    class Elsewhere(Gone):
        """Not in the table."""

    assert status_of(Elsewhere) == 410


def test_busy_says_when_to_try_again() -> None:
    assert problem_of(Busy(retry_after_s=7)).retry_after_s == 7
    assert problem_response(problem_of(Busy(retry_after_s=7)), []).headers["retry-after"] == "7"
    assert int(problem_response(problem_of(Unavailable("x")), []).headers["retry-after"]) > 0
    assert int(problem_response(problem_of(ContentChanged()), []).headers["retry-after"]) > 0


def test_lasting_problems_give_no_hope() -> None:
    response = problem_response(problem_of(NotFound("No such object.")), [])
    assert "retry-after" not in response.headers
    assert b"Trying again without a change will not help." in bytes(response.body)


def test_not_acceptable_lists_what_works() -> None:
    """A2.11."""
    response = problem_response(problem_of(NotAcceptable("No.", ("image/jpeg", "image/png"))), [])
    assert b"image/jpeg, image/png" in bytes(response.body)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ([], "text/plain; charset=utf-8"),
        (["*/*"], "text/plain; charset=utf-8"),
        (["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"], "text/html; charset=utf-8"),
        (["image/avif,image/webp,image/*,*/*;q=0.8"], "text/plain; charset=utf-8"),
        (["application/json"], "application/json"),
        (["text/plain;q=0.5", "application/json"], "application/json"),
        (["image/png"], "text/plain; charset=utf-8"),
    ],
)
def test_problems_are_written_as_the_client_likes(accept: list[str], media_type: str) -> None:
    response = problem_response(Problem(status_of(NotFound), "No such object."), accept)
    assert response.headers["content-type"] == media_type
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["vary"] == "Accept"
    assert response.status_code == 404


def test_html_is_escaped() -> None:
    body = bytes(problem_response(Problem(status_of(NotFound), '<script>"x"&'), ["text/html"]).body)
    assert b"<script>" not in body
    assert b"&lt;script&gt;&quot;x&quot;&amp;" in body


def test_json_holds_the_same() -> None:
    problem = Problem(status_of(NotAcceptable), "No.", ("image/png",), None, "abc")
    assert json.loads(bytes(problem_response(problem, ["application/json"]).body)) == {
        "status": 406, "title": "Not Acceptable", "detail": "No.", "lasting": True, "available": ["image/png"], "requestId": "abc",
    }  # fmt: skip


def test_unexpected_errors_are_told_to_the_log_only(caplog: pytest.LogCaptureFixture) -> None:
    problem = unexpected(FileNotFoundError(PATH))
    body = bytes(problem_response(problem, []).body).decode()
    assert problem.status == 500
    assert problem.request_id is not None
    assert problem.request_id in body
    assert PATH not in body
    assert "FileNotFound" not in body
    [record] = caplog.records
    assert (record.name, record.levelno) == ("wado_http", logging.ERROR)
    assert problem.request_id in record.getMessage()
    assert PATH not in record.getMessage()  # the traceback may name it, the line does not
    assert PATH in caplog.text


def test_the_cause_of_a_damaged_object_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    error = DamagedObject("Frame 3 cannot be decoded.")
    error.__cause__ = OSError(PATH)
    problem = problem_of(error)
    assert problem.request_id is not None
    assert problem.request_id in caplog.text
    assert PATH in caplog.text
    assert b"Frame 3" in bytes(problem_response(problem, []).body)


@pytest.mark.parametrize("error", [InvalidRequest("x"), NotFound("x"), Busy(), NotSupported("x")])
def test_what_is_nobodys_fault_is_not_logged(error: WadoError, caplog: pytest.LogCaptureFixture) -> None:
    assert problem_of(error).request_id is None
    assert not caplog.records


@pytest.mark.parametrize("error", [DamagedObject("The object ends early."), Unavailable("No answer."), ContentChanged()])
def test_a_refusal_without_a_cause_is_a_line_of_the_log(error: WadoError, caplog: pytest.LogCaptureFixture) -> None:
    """A damaged object is damaged at every request."""
    problem_of(error)
    [record] = caplog.records
    assert record.exc_info is None
    assert type(error).__name__ in record.getMessage()
    assert str(error) in record.getMessage()
