"""One mutant through the real paths: described, planned, rendered in several ways, sent as a file; and what came of it."""

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO

import numpy as np
from PIL import Image

import wado_core
from tests.reference.pipeline import read, render_matrix
from wado_core.dicom.instance import describe
from wado_core.dicom.part_ten import part_ten
from wado_core.dicom.source import BytesSource
from wado_core.errors import InvalidRequest, NotDicom, WadoError
from wado_core.model.instance import Instance
from wado_core.model.render import RenderRequest
from wado_core.rendering.plan import make_plan
from wado_core.settings import Limits

NAMES_TAG_AND_CLAUSE = re.compile(r"\([0-9a-fA-Fx]{4},[0-9a-fA-F]{4}\).*\(?PS3\.\d+ [A-Z0-9]", re.DOTALL)
"""What the text of a refusal must have where the object is to blame."""

LOSSY_TOLERANCE = 2
"""Levels between two decoders of a lossy code stream: each rounds its inverse transform and its colours once."""

LIMITS = Limits()


class Kind(StrEnum):
    """What may come of a mutant, and what must not."""

    RIGHT = "right"
    UNJUDGED = "a picture which the oracle does not make"
    DEGRADED = "degraded with a warning"
    REFUSED = "refused with tag and clause"
    NO_IMAGE = "no image"
    NOT_DICOM = "not DICOM"
    WRONG = "WRONG without a warning"
    SPEECHLESS = "REFUSED WITHOUT TAG OR CLAUSE"
    FAILED = "FAILED with another exception"
    CRASHED = "CRASHED"
    HUNG = "HUNG"


DEFECTS = (Kind.WRONG, Kind.SPEECHLESS, Kind.FAILED, Kind.CRASHED, Kind.HUNG)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one mutant.

    detail: the text of the refusal, the warnings, the difference, or the exception; one line.
    """

    kind: Kind
    detail: str = ""


def attempt(data: bytes, judged_by: bytes | None) -> Outcome:
    """Take a mutant through every path; the worst that came of it.

    judged_by: the object whose picture, as the oracle makes it, is the right one; None: its picture is not judged.
    """
    try:
        instance = wado_core.open(data)
    except WadoError as error:
        return _refusal(error)
    for path in _paths(data, instance):
        refused = _error_of(path)
        if refused is not None and (outcome := _refusal(refused)).kind in DEFECTS:
            return outcome
    try:
        picture = wado_core.render(data, media_type="image/png")
    except WadoError as error:
        return _refusal(error)
    told = make_plan(instance, RenderRequest(frame_number=1), LIMITS).warnings
    if told:
        return Outcome(Kind.DEGRADED, "; ".join(told))
    if judged_by is None:
        return Outcome(Kind.UNJUDGED)
    return _judged(judged_by, picture, lossy=instance.transfer_syntax.lossy)


def _paths(data: bytes, instance: Instance) -> list[Callable[[], object]]:
    """Return what people do with an object: whole pictures, a window, a part of it, its overlays, a thumbnail, the file."""
    frames = instance.number_of_frames
    missing = [lambda: wado_core.render(data, frame_number=frames + instance.missing_frames)] if instance.missing_frames else []
    return [
        *missing,
        lambda: wado_core.render(data, frame_number=(frames + 1) // 2),
        lambda: wado_core.render(data, frame_number=frames, media_type="image/png"),
        lambda: wado_core.render(data, window=(40, 400)),
        lambda: wado_core.render(data, region=(0.1, 0.2, 0.7, 0.9), rows=50, columns=40),
        lambda: wado_core.render(data, overlays=True),
        lambda: wado_core.thumbnail(data),
        lambda: _sent(data),
    ]


def _sent(data: bytes) -> None:
    source = BytesSource(data)
    file = part_ten(source, describe(source, "", LIMITS).instance, LIMITS)
    assert sum(map(len, file.chunks)) == file.length


def _error_of(path: Callable[[], object]) -> WadoError | None:
    try:
        path()
    except WadoError as error:
        return error
    return None


def _refusal(error: WadoError) -> Outcome:
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, NotDicom):
        return Outcome(Kind.NOT_DICOM, text)
    if isinstance(error, InvalidRequest):
        return Outcome(Kind.FAILED, f"the request was right: {text}")
    if "\n" in text or not NAMES_TAG_AND_CLAUSE.search(text):
        return Outcome(Kind.SPEECHLESS, text)
    return Outcome(Kind.REFUSED, text)


def _judged(judged_by: bytes, picture: bytes, *, lossy: bool) -> Outcome:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            expected = render_matrix(read(judged_by))
        except Exception as error:  # noqa: BLE001 - the oracle is strict, and may refuse what it likes
            return Outcome(Kind.UNJUDGED, type(error).__name__)
    with Image.open(BytesIO(picture)) as image:
        made = np.asarray(image)
    if made.shape != expected.shape:
        return Outcome(Kind.WRONG, f"{made.shape} instead of {expected.shape}")
    levels = int(np.abs(made.astype(np.int16) - expected).max())
    return Outcome(Kind.RIGHT) if levels <= (LOSSY_TOLERANCE if lossy else 1) else Outcome(Kind.WRONG, f"{levels} levels from the oracle")
