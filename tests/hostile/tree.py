"""Hostile trees, word by word: each writes one kind of trouble into a folder and says what is to come of it."""

import errno
import os
import socket
import stat
from collections.abc import Callable, Iterable
from enum import StrEnum, auto
from pathlib import Path
from random import Random

from tests.fixtures import FIXTURES, build, uids
from tests.hostile import content
from tests.hostile.content import object_with
from tests.hostile.truth import Fate, Tree, empty_tree
from wado_core.model.uid import InstanceKey

LONGEST_PATH = 4095
"""Bytes of a path that Linux takes, without the NUL at its end."""


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


def _objects(tree: Tree, rng: Random) -> None:
    """Every fixture in a folder or another: all transfer syntaxes, documents, waveforms."""
    for name in FIXTURES:
        tree.write(f"objects/{rng.randrange(5)}/{name}", build(name), InstanceKey(*uids(name)))
    for number in range(20):
        tree.put(f"objects/ct/{number}")


def _duplicates(tree: Tree, rng: Random) -> None:
    """Copies in several folders, some with other content; that with the smallest path, as bytes, is served."""
    for number in range(10):
        key = tree.new_key()
        names = rng.sample(["a/1", "a/1.dcm", "a-/1", "A/1", "b/1", "z/1", "é/1", "a/1 copy"], rng.randrange(2, 6))
        for at, name in enumerate(names):
            tree.write(f"duplicates/{number}/{name}", tree.ct(key) + bytes(2 * at), key)


def _same_uids(tree: Tree, rng: Random) -> None:
    """One SOP Instance UID under two studies, and under two series of one study."""
    for number in range(5):
        key = tree.put(f"same/{number}")
        of_study = tree.sibling(key, study_uid=f"1.2.826.0.1.19{rng.randrange(10**6):06d}")
        of_series = tree.sibling(key, series_uid=f"1.2.826.0.1.29{rng.randrange(10**6):06d}.{rng.randrange(10**8):08d}")
        tree.write(f"same/{number} of another study", tree.ct(of_study), of_study)
        tree.write(f"same/{number} of another series", tree.ct(of_series), of_series)


def _hard_links(tree: Tree, _rng: Random) -> None:
    """One file under three names."""
    key = tree.put("hard/m")
    for name in ("hard/a", "hard/below/z"):
        path = tree.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.link(tree.path("hard/m"), path)
        tree.held[path] = key


def _names(tree: Tree, rng: Random) -> None:
    """Names in GBK and Latin-1, with every character that a name may hold, as long as they may be."""
    names = [
        "影像资料/患者".encode("gbk"), "Müller/Röntgen".encode("latin-1"), "Иванов".encode("koi8-r"), "影像/患者".encode(),
        b"two\nlines", b"carriage\rreturn", b"\"quoted\"", b"it's", b"100%", b"%2e%2e%2f", b"--help", b"-rf", b"a b", b" ", b"\t", b"~", b"*",
        b"?", b"$HOME", b"`id`", b";ls", b"\\", b"..dcm", b"...", b".hidden", b".hidden folder/1", b"#1", b"a:b", b"\x1b[31mred", b"\x7f",
        b"nul\x01", b"\xff", b"\xed\xa0\x80", b"\xc3", b"_", b"%", b"n" * 255, b"\xe5" * 255, "é".encode() * 127, "e\u0301".encode(), "\u00e9".encode(),
    ]  # fmt: skip
    everything = bytes(byte for byte in range(1, 256) if byte != ord("/"))
    names.append(b"all/" + everything)
    names += [b"random/" + bytes(rng.choice(everything) for _ in range(rng.randrange(3, 200))) for _ in range(10)]
    for name in names:
        tree.put(b"names/" + name)
    tree.put(b"names/folder\nof two lines/1")


def _deep(tree: Tree, _rng: Random) -> None:
    """Paths as long as they may be, hundreds of folders deep, and what lies deeper still."""
    long = tree.path("deep/long")
    while len(long) + 202 < LONGEST_PATH - 10:
        long = os.path.join(long, b"f" * 200)
    make_folders(long)
    longest = os.path.join(long, b"1" * (LONGEST_PATH - len(long) - 1))
    tree.put(os.path.relpath(longest, tree.root))
    _place_below(tree, long, b"g" * 200)
    many = tree.path("deep/many")
    many = os.path.join(many, *[b"d"] * ((LONGEST_PATH - len(many) - 8) // 2))
    make_folders(many)
    tree.put(os.path.relpath(many, tree.root) + b"/1")


def make_folders(path: bytes) -> None:
    """Make a folder and those above it, one by one: ``os.makedirs`` calls itself for each."""
    made = b""
    for part in path.split(b"/")[1:]:
        made += b"/" + part
        if not os.path.isdir(made):
            os.mkdir(made)


def _place_below(tree: Tree, folder: bytes, name: bytes) -> None:
    """Put an object into a folder whose own path is too long to be opened."""
    key = tree.new_key()
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    os.mkdir(name, dir_fd=descriptor)
    below = os.open(name, os.O_RDONLY | os.O_DIRECTORY, dir_fd=descriptor)
    file = os.open(b"1", os.O_CREAT | os.O_WRONLY, 0o644, dir_fd=below)
    os.write(file, tree.ct(key))
    for opened in (descriptor, below, file):
        os.close(opened)
    tree.held[os.path.join(folder, name, b"1")] = Fate.UNREACHABLE
    tree.hidden.add(key)


def _loops(tree: Tree, _rng: Random) -> None:
    """Links to oneself, to a folder above, to each other's folder, and out of the root and back."""
    tree.put("loops/a/1")
    tree.put("loops/a/b/c/2")
    for link, target in {
        "loops/a/self": ".", "loops/a/b/up": "..", "loops/a/b/c/root": tree.root, "loops/link to itself": "link to itself",
        "loops/pair/one": "two", "loops/pair/two": "one",
    }.items():  # fmt: skip
        os.makedirs(os.path.dirname(tree.path(link)), exist_ok=True)
        os.symlink(target, tree.path(link))
    # Entered once, by whichever path comes first.
    for here, there in (("x", "y"), ("y", "x")):
        tree.by_link.add(tree.put(f"loops/{here}/1"))
        os.symlink(f"../{there}", tree.path(f"loops/{here}/to {there}"))
    outside = os.path.join(os.path.dirname(tree.root), b"outside of " + os.path.basename(tree.root))
    os.makedirs(outside)
    os.symlink(tree.root, os.path.join(outside, b"back"))
    os.symlink(outside, tree.path("loops/outside"))
    tree.put("loops/outside/1")
    # A link to a file is a copy with a path of its own.
    os.symlink(tree.path("loops/a/1"), tree.path("loops/zz link to a file"))
    tree.held[tree.path("loops/zz link to a file")] = tree.held[tree.path("loops/a/1")]


def _broken_links(tree: Tree, _rng: Random) -> None:
    """Links to nothing, into a file, into a chain longer than the system follows."""
    os.makedirs(tree.path("broken"))
    tree.put("broken/file")
    for link, target in {"nothing": "is not there", "into a file": "file/below", "empty": "\n", "far": b"x/" * 2000}.items():
        os.symlink(os.fsencode(target), tree.path(f"broken/{link}"))
    for number in range(50):
        os.symlink(f"chain{number + 1}" if number < 49 else "file", tree.path(f"broken/chain{number}"))
    # Linux follows forty links; these lead to the file by fewer.
    for number in range(10, 50):
        tree.held[tree.path(f"broken/chain{number}")] = tree.held[tree.path("broken/file")]


def _special(tree: Tree, _rng: Random) -> None:
    """FIFOs, a socket and devices under names of images; opening the first hangs, reading a device may rewind a tape."""
    os.makedirs(tree.path("special"))
    os.mkfifo(tree.path("special/IM000001.dcm"))
    os.mkfifo(tree.path("special/DICOMDIR"))
    os.symlink("IM000001.dcm", tree.path("special/link to a FIFO"))
    os.symlink("/dev/zero", tree.path("special/link to a device"))
    _make_socket(tree.path("special"), b"IM000002.dcm")
    for number, kind in ((3, stat.S_IFCHR), (4, stat.S_IFBLK)):
        try:
            os.mknod(tree.path(f"special/IM{number:06d}.dcm"), 0o666 | kind, os.makedev(1, 5 if kind == stat.S_IFCHR else 0))
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EINVAL):
                raise
    tree.never_opened.update(os.path.join(tree.path("special"), name) for name in os.listdir(tree.path("special")))
    tree.put("special/IM000005.dcm")


def _make_socket(folder: bytes, name: bytes) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(b"/proc/self/fd/%d/%b" % (descriptor, name))  # the path of a socket is at most 107 bytes
    finally:
        os.close(descriptor)


def _directories(tree: Tree, _rng: Random) -> None:
    """A DICOMDIR, under its name and another, and a folder of that name."""
    tree.write("disc/DICOMDIR", content.directory(), Fate.NOT_DICOM)
    tree.write("disc/INDEX.dcm", content.directory(), Fate.NOT_DICOM)
    tree.put("disc/IMAGES/1")
    tree.put("other disc/DICOMDIR/1")


def _packed(tree: Tree, _rng: Random) -> None:
    """Archives, under whatever name, and objects whose preamble only looks like one (PS3.10 7.1)."""
    inside = tree.new_key()
    tree.hidden.add(inside)
    packed = content.zipped(tree.ct(inside), tree.ct(inside))
    for name in ("study.zip", "study.ZIP", "study.dcm", "study"):
        tree.write(f"packed/{name}", packed, Fate.PACKED)
    for name in ("1.dcm.gz", "1.dcm"):
        tree.write(f"packed/gz/{name}", content.gzipped(tree.ct(inside)), Fate.PACKED)
    for name, first in {"zip": b"PK\x03\x04", "gz": b"\x1f\x8b\x08", "tiff": b"II*\0\x08\0\0\0"}.items():
        key = tree.new_key()
        tree.write(f"packed/preamble of {name}", content.with_preamble(tree.ct(key), first), key)


LITTER_FILES = ("._IM1", "._.DS_Store", ".DS_Store", "Thumbs.db", "desktop.ini")
LITTER_FOLDERS = (
    "@eaDir", ".snapshot", ".zfs", "lost+found", "$RECYCLE.BIN", "System Volume Information", "#recycle", ".Trash-1000", ".Trash-0",
)  # fmt: skip


def _litter(tree: Tree, _rng: Random) -> None:
    """Litter at several depths, each with the content that makes it dangerous: an object that must not be found."""
    for folder in ("litter", "litter/series"):
        tree.put(f"{folder}/IM1")
        for name in LITTER_FILES:
            hidden = tree.new_key()
            tree.hidden.add(hidden)
            tree.never_opened.add(tree.write(f"{folder}/{name}", tree.ct(hidden), None))
        for name in LITTER_FOLDERS:
            hidden = tree.new_key()
            tree.hidden.add(hidden)
            tree.write(f"{folder}/{name}/1", tree.ct(hidden), None)
            tree.write(f"{folder}/{name}/more/of it/2", tree.ct(hidden), None)
            tree.never_opened.add(tree.path(f"{folder}/{name}"))
        tree.litter += len(LITTER_FILES) + len(LITTER_FOLDERS)


def _settling(tree: Tree, _rng: Random) -> None:
    """Files that were written just now: perhaps only half of them is there."""
    now_ns = os.stat(tree.write("settling/old enough", b"text", Fate.NOT_DICOM)).st_ctime_ns
    whole, half = tree.new_key(), tree.new_key()
    tree.hidden.update((whole, half))
    tree.write("settling/1", tree.ct(whole), Fate.SETTLING, mtime_ns=now_ns)
    tree.write("settling/2", tree.ct(half)[:700], Fate.SETTLING, mtime_ns=now_ns)
    tree.write("settling/3", b"", Fate.SETTLING, mtime_ns=now_ns)


def _times(tree: Tree, _rng: Random) -> None:
    """Clocks that were never set, or run far ahead: a file of the year 2100 is not one that is being written."""
    for number, time_ns in enumerate((0, 1, -1, -86_400 * 365 * 10**9, 4_102_444_800 * 10**9, 9_300_000_000 * 10**9)):
        key = tree.new_key()
        tree.write(f"times/{number}", tree.ct(key), key, mtime_ns=time_ns)


def _bare(tree: Tree, _rng: Random) -> None:
    """Objects without preamble, without File Meta Information, with a wrong length of it, with something behind them (H1.1)."""
    forms: dict[str, Callable[[bytes], bytes]] = {
        "without preamble": content.without_preamble,
        "without meta": content.without_meta,
        "data set alone": content.bare,
        "meta length 0": lambda whole: content.with_meta_length(whole, 0),
        "meta length too large": lambda whole: content.with_meta_length(whole, 0x7FFFFFFF),
        "meta length too small": lambda whole: content.with_meta_length(whole, 30),
        "something behind": lambda whole: whole + bytes(1000),
        "padding behind": lambda whole: whole + b"\xfc\xff\xfc\xffOB\0\0" + (512).to_bytes(4, "little") + bytes(512),
    }
    for name, form in forms.items():
        key = tree.new_key()
        tree.write(f"bare/{name}", form(tree.ct(key)), key)


def _uids(tree: Tree, _rng: Random) -> None:
    """UIDs missing, padded, over-long, with leading zeros, and of other characters (PS3.5 9.1, A4.7)."""
    longest = b"1.2." + b"3" * 60
    good: dict[str, tuple[bytes, str]] = {
        "NUL": (b"1.2.3.51\0", "1.2.3.51"), "NULs": (b"1.2.3.52\0\0\0\0", "1.2.3.52"), "space": (b"1.2.3.53 ", "1.2.3.53"),
        "spaces and NUL": (b"1.2.3.54  \0", "1.2.3.54"), "space before": (b" 1.2.3.55", "1.2.3.55"),
        "leading zeros": (b"1.002.03.056", "1.002.03.056"), "zeros": (b"0.0.0", "0.0.0"), "longest": (longest, longest.decode()),
    }  # fmt: skip
    for name, (stored, uid) in good.items():
        tree.write(f"uids/{name}", object_with(b"1.2.3", b"1.2.3.4", stored), InstanceKey("1.2.3", "1.2.3.4", uid))
        tree.write(f"uids/{name} for study", object_with(stored, b"1.2.3.5", b"1.2.3.6"), InstanceKey(uid, "1.2.3.5", "1.2.3.6"))
        tree.write(f"uids/{name} for series", object_with(b"1.2.3.7", stored, b"1.2.3.8"), InstanceKey("1.2.3.7", uid, "1.2.3.8"))
    bad: dict[str, bytes | None] = {
        "missing": None, "empty": b"", "blank": b"    ", "over-long": longest + b"4", "far too long": b"1." * 4000 + b"2",
        "of letters": b"1.2.abc", "of dots": b"1..2", "ends in a dot": b"1.2.", "a path": b"../../etc/passwd", "not ASCII": b"1.2.\xb3",
        "spaces within": b"1. 2", "two lines": b"1.2\n3", "of other digits": "1.٢.3".encode(),
    }  # fmt: skip
    for name, value in bad.items():
        tree.write(f"uids/bad/{name}", object_with(b"1.2.3", b"1.2.3.4", value), Fate.DAMAGED)
        tree.write(f"uids/bad/{name} for study", object_with(value, b"1.2.3.4", b"1.2.9"), Fate.DAMAGED)
        tree.write(f"uids/bad/{name} for series", object_with(b"1.2.3", value, b"1.2.9"), Fate.DAMAGED)


def _cut(tree: Tree, rng: Random) -> None:
    """Objects that were not copied to their end, and files of no bytes.

    Cut at odd places: elements have even lengths, so what ends between two of them can pass for an object without the others.
    """
    for name in ("", ".dcm"):
        tree.write(f"cut/empty{name}", b"", Fate.NOT_DICOM)
    for number in range(40):
        key = tree.new_key()
        whole = tree.ct(key)
        length = rng.randrange(1, 132) if number % 8 == 0 else rng.randrange(133, len(whole), 2)
        tree.hidden.add(key)
        tree.write(f"cut/{number}", whole[:length], Fate.NOT_DICOM if length < 132 else Fate.DAMAGED)
    key = tree.new_key()
    tree.hidden.add(key)
    tree.write("cut/zeros at the end", tree.ct(key)[:600] + bytes(len(tree.ct(key)) - 600), Fate.REFUSED)


def _huge(tree: Tree, _rng: Random) -> None:
    """Sparse files of a terabyte: one that is a CT image with something behind it, one that begins like an object, one of nothing."""
    key = tree.new_key()
    os.makedirs(tree.path("huge"))
    contents: tuple[tuple[str, bytes, InstanceKey | Fate], ...] = (
        ("an image and holes", tree.ct(key), key),
        ("half a header and holes", tree.ct(tree.new_key())[:600], Fate.REFUSED),
        ("holes", b"", Fate.NOT_DICOM),
    )
    for name, data, holds in contents:
        path = tree.write(f"huge/{name}", data, holds)
        try:
            os.truncate(path, 1 << 40)
        except OSError as error:  # a file system that has no files of this size
            if error.errno != errno.EFBIG:
                raise
            os.remove(path)
            del tree.held[path]
        else:
            tree.age(path)


def _headers(tree: Tree, _rng: Random) -> None:
    """Headers that nest without end, repeat without end, or promise more than there is."""
    for number, data in enumerate(
        (content.nested(), content.nested(content.IMPLICIT), content.endless_items(), content.repeating())
    ):  # fmt: skip
        tree.write(f"headers/{number}", data, Fate.DAMAGED)


def _prose(tree: Tree, rng: Random) -> None:
    """Text beside the images, some of it beginning like a data set."""
    tree.write("prose/like implicit", content.text_like_implicit(), Fate.REFUSED)
    tree.write("prose/like explicit", content.text_like_explicit(), Fate.REFUSED)
    for number in range(5):
        tree.write(f"prose/{number}.txt", content.text(rng), Fate.NOT_DICOM)
    tree.write("prose/DICM", b"DICM" * 10, Fate.NOT_DICOM)
    tree.write("prose/DICM at its place", b" " * 128 + b"DICM", Fate.DAMAGED)


_WRITERS: dict[Word, Callable[[Tree, Random], None]] = {
    Word.OBJECTS: _objects,
    Word.DUPLICATES: _duplicates,
    Word.SAME_UIDS: _same_uids,
    Word.HARD_LINKS: _hard_links,
    Word.NAMES: _names,
    Word.DEEP: _deep,
    Word.LOOPS: _loops,
    Word.BROKEN_LINKS: _broken_links,
    Word.SPECIAL: _special,
    Word.DIRECTORIES: _directories,
    Word.PACKED: _packed,
    Word.LITTER: _litter,
    Word.SETTLING: _settling,
    Word.TIMES: _times,
    Word.BARE: _bare,
    Word.UIDS: _uids,
    Word.CUT: _cut,
    Word.HUGE: _huge,
    Word.HEADERS: _headers,
    Word.PROSE: _prose,
}
