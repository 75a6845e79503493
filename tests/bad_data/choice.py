"""Which mutants are tried: all of them, every Nth of each file, or for each form of image a few of one or two files."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from random import Random

import wado_core
from tests.bad_data.mutants import mutants_of
from tests.bad_data.workers import Job
from wado_core.errors import WadoError
from wado_core.model.instance import Instance


def jobs_of(paths: Iterable[Path], one_in: int = 1, residue: int = 0) -> Iterator[Job]:
    """Return the mutants to be tried of each image among some files: every ``one_in``-th, from a start that its name decides.

    residue: how far behind that start; 0 to ``one_in`` - 1 are together all mutants.
    """
    for path in paths:
        if _image(path) is not None:
            first = (int.from_bytes(blake2b(path.name.encode(), digest_size=4).digest()) + residue) % one_in
            yield Job(path, tuple(_numbers(path)[first::one_in]))


def stratified(paths: Iterable[Path], mutants: int, seed: int, files: int = 2, most_bytes: int = 400_000) -> list[Job]:
    """Return about so many mutants, spread evenly over the forms of images: transfer syntax, photometric interpretation, bits allocated.

    files: of each form, the smallest.  most_bytes: of a file; larger ones take too long.  Another seed chooses others.
    """
    forms: dict[tuple[object, ...], list[Path]] = defaultdict(list)
    for path in paths:
        if path.stat().st_size <= most_bytes and (instance := _image(path)) is not None:
            forms[_form(instance)].append(path)
    chosen = [path for of in forms.values() for path in sorted(of, key=lambda path: (path.stat().st_size, path.name))[:files]]
    rng, each = Random(seed), max(1, mutants // max(1, len(chosen)))
    return [Job(path, tuple(sorted(rng.sample(numbers, min(each, len(numbers)))))) for path in chosen if (numbers := _numbers(path))]


def _form(instance: Instance) -> tuple[object, ...]:
    pixel = instance.image_pixel
    if pixel is None:
        return (instance.transfer_syntax_uid,)
    return instance.transfer_syntax_uid, pixel.photometric_interpretation, pixel.bits_allocated, pixel.signed, instance.number_of_frames > 1


def _numbers(path: Path) -> range:
    return range(sum(1 for _ in mutants_of(path.read_bytes())))


def _image(path: Path) -> Instance | None:
    try:
        instance = wado_core.open(path)
    except WadoError:
        return None
    return instance if instance.is_image else None
