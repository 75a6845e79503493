"""Which mutants are tried: all of them, or every Nth of each file beginning at another place."""

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path

import wado_core
from tests.bad_data.mutants import mutants_of
from tests.bad_data.workers import Job
from wado_core.errors import WadoError


def jobs_of(paths: Iterable[Path], one_in: int = 1, most_bytes: int | None = None) -> Iterator[Job]:
    """Return the mutants to be tried of each image among some files: every ``one_in``-th, from a start that its name decides."""
    for path in paths:
        if most_bytes is not None and path.stat().st_size > most_bytes:
            continue
        if not _is_image(path):
            continue
        first = int.from_bytes(blake2b(path.name.encode(), digest_size=4).digest()) % one_in
        numbers = range(sum(1 for _ in mutants_of(path.read_bytes())))[first::one_in]
        yield Job(path, tuple(numbers))


def _is_image(path: Path) -> bool:
    try:
        return wado_core.open(path).is_image
    except WadoError:
        return False
