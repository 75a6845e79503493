"""Hostile trees, word by word: each writes one kind of trouble into a folder and says what is to come of it."""

from collections.abc import Callable, Iterable
from enum import StrEnum, auto
from pathlib import Path
from random import Random

from tests.hostile import files, places
from tests.hostile.truth import Tree, empty_tree


class Word(StrEnum):
    """What a tree can be asked to hold."""

    OBJECTS = auto()
    DUPLICATES = auto()
    SAME_UIDS = auto()
    HARD_LINKS = auto()
    NAMES = auto()
    DEEP = auto()
    LOOPS = auto()
    BROKEN_LINKS = auto()
    SPECIAL = auto()
    DIRECTORIES = auto()
    PACKED = auto()
    LITTER = auto()
    SETTLING = auto()
    TIMES = auto()
    BARE = auto()
    UIDS = auto()
    CUT = auto()
    HUGE = auto()
    HEADERS = auto()
    PROSE = auto()


def plant(root: Path, words: Iterable[Word] = tuple(Word), seed: int = 0) -> Tree:
    """Make ``root`` and write these kinds of trouble into it; the same seed gives the same tree."""
    tree = empty_tree(root)
    for word in words:
        _WRITERS[word](tree, Random(f"{seed} {word}"))
    return tree


_WRITERS: dict[Word, Callable[[Tree, Random], None]] = {
    Word.OBJECTS: files.write_objects,
    Word.DUPLICATES: files.write_duplicates,
    Word.SAME_UIDS: files.write_same_uids,
    Word.HARD_LINKS: places.write_hard_links,
    Word.NAMES: places.write_names,
    Word.DEEP: places.write_deep,
    Word.LOOPS: places.write_loops,
    Word.BROKEN_LINKS: places.write_broken_links,
    Word.SPECIAL: places.write_special,
    Word.DIRECTORIES: files.write_directories,
    Word.PACKED: files.write_packed,
    Word.LITTER: places.write_litter,
    Word.SETTLING: files.write_settling,
    Word.TIMES: files.write_times,
    Word.BARE: files.write_bare,
    Word.UIDS: files.write_uids,
    Word.CUT: files.write_cut,
    Word.HUGE: files.write_huge,
    Word.HEADERS: files.write_headers,
    Word.PROSE: files.write_prose,
}
