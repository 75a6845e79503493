"""Statuses: one table from the errors of wado to HTTP, and the answers that explain them (A.6, PS3.18 8.5)."""

import html
import json
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from wado_core.errors import (
    Busy,
    ContentChanged,
    DamagedObject,
    Gone,
    InvalidRequest,
    LimitExceeded,
    NoSuchFrame,
    NotAcceptable,
    NotDicom,
    NotFound,
    NotSupported,
    Unavailable,
    WadoError,
)
from wado_http.negotiation import parse_accept

_LOGGER = logging.getLogger("wado_http")

# Found by MRO, so a subclass without a row of its own has its parent's.
STATUSES: dict[type[WadoError], HTTPStatus] = {
    InvalidRequest: HTTPStatus.BAD_REQUEST,
    NoSuchFrame: HTTPStatus.BAD_REQUEST,
    NotFound: HTTPStatus.NOT_FOUND,
    NotAcceptable: HTTPStatus.NOT_ACCEPTABLE,
    Gone: HTTPStatus.GONE,
    NotDicom: HTTPStatus.INTERNAL_SERVER_ERROR,
    DamagedObject: HTTPStatus.INTERNAL_SERVER_ERROR,
    NotSupported: HTTPStatus.NOT_IMPLEMENTED,
    LimitExceeded: HTTPStatus.NOT_IMPLEMENTED,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    Busy: HTTPStatus.SERVICE_UNAVAILABLE,
    ContentChanged: HTTPStatus.SERVICE_UNAVAILABLE,
    WadoError: HTTPStatus.INTERNAL_SERVER_ERROR,
}

# Seconds after which storage that does not answer is worth another try.
UNAVAILABLE_RETRY_S = 10

EXPLANATIONS = ("text/plain", "text/html", "application/json")


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong, in words that can be shown to anybody.

    available: media types that would work (A2.11).  retry_after_s: None when trying again will not help.
    request_id: names the lines in the log that say more; None when there are none.
    """

    status: HTTPStatus
    message: str
    available: tuple[str, ...] = ()
    retry_after_s: int | None = None
    request_id: str | None = None


def status_of(error: type[WadoError]) -> HTTPStatus:
    """Look up a class of errors, then its parents in the order of the MRO."""
    return next(STATUSES[parent] for parent in error.__mro__ if parent in STATUSES)


def problem_of(error: WadoError) -> Problem:
    """Describe a refusal; what is wrong with the server or its storage (500, 503) is logged under a request id."""
    status = status_of(type(error))
    retry_after_s = None
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        retry_after_s = error.retry_after_s if isinstance(error, Busy) else UNAVAILABLE_RETRY_S
    available = error.available if isinstance(error, NotAcceptable) else ()
    logged = status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(error, (Busy, NotSupported, LimitExceeded))
    request_id = log_failure(error) if logged else None
    return Problem(status, str(error) or status.phrase, available, retry_after_s, request_id)


def log_failure(error: BaseException) -> str:
    """Log an error with its cause and traceback; return the request id it is logged under."""
    request_id = secrets.token_hex(8)
    refused = isinstance(error, WadoError)
    cause = type(error.__cause__).__name__ if error.__cause__ else (refused and str(error)) or "no cause"
    # Storage that is away is away for every request, and what is damaged is damaged: a line says it, unless there is more to tell.
    told = isinstance(error, (Unavailable, ContentChanged)) or (refused and error.__cause__ is None)
    trace = None if told else error
    _LOGGER.error("request %s failed: %s (%s)", request_id, type(error).__name__, cause, exc_info=trace)
    return request_id


def unexpected(error: BaseException) -> Problem:
    """Describe an error of our own making: nothing of it is shown but the id it is logged under."""
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "The server failed unexpectedly.", request_id=log_failure(error))


async def answer_wado_error(request: Request, error: Exception) -> Response:
    """Answer a refusal of wado (Starlette's exception handler)."""
    assert isinstance(error, WadoError)  # noqa: S101 - registered for nothing else
    return problem_response(problem_of(error), request.headers.getlist("accept"))


async def answer_http_exception(request: Request, error: Exception) -> Response:
    """Answer what Starlette refuses: unknown paths, methods (Starlette's exception handler)."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
    status = HTTPStatus(error.status_code)
    message = "There is nothing at this address." if status is HTTPStatus.NOT_FOUND else error.detail
    return problem_response(Problem(status, message), request.headers.getlist("accept"), error.headers)


def problem_response(problem: Problem, accept: list[str], headers: Mapping[str, str] | None = None) -> Response:
    """Write a problem as text, HTML or JSON, whichever the client likes best; as text when it likes none (A2.11, A6.1).

    accept: the Accept header's field lines.
    """
    wanted = parse_accept(", ".join(accept) if accept else None)
    media_type = max(EXPLANATIONS, key=wanted.quality)
    body = {"text/plain": _as_text, "text/html": _as_html, "application/json": _as_json}[media_type](problem)
    response = Response(body, problem.status, headers, media_type)
    response.headers["cache-control"] = "no-store"
    response.headers["vary"] = "Accept"
    if problem.retry_after_s is not None:
        response.headers["retry-after"] = str(problem.retry_after_s)
    return response


def _lines(problem: Problem) -> list[str]:
    lines = [problem.message]
    if problem.available:
        lines.append(f"Available media types: {', '.join(problem.available)}")
    lines.append("Trying again later may help." if problem.retry_after_s is not None else "Trying again without a change will not help.")
    if problem.request_id is not None:
        lines.append(f"Request id: {problem.request_id}")
    return lines


def _as_text(problem: Problem) -> str:
    return "\n".join((f"{problem.status.value} {problem.status.phrase}", "", *_lines(problem), ""))


def _as_html(problem: Problem) -> str:
    title = f"{problem.status.value} {problem.status.phrase}"
    paragraphs = "\n".join(f"<p>{html.escape(line)}</p>" for line in _lines(problem))
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        '<link rel="stylesheet" href="/static/viewer.css">\n</head>\n<body>\n<main>\n'
        f"<h1>{title}</h1>\n{paragraphs}\n</main>\n</body>\n</html>\n"
    )


def _as_json(problem: Problem) -> str:
    content: dict[str, object] = {
        "status": problem.status.value,
        "title": problem.status.phrase,
        "detail": problem.message,
        "lasting": problem.retry_after_s is None,
    }
    if problem.available:
        content["available"] = problem.available
    if problem.request_id is not None:
        content["requestId"] = problem.request_id
    return json.dumps(content, ensure_ascii=False)
