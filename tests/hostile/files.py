"""What is in the files: objects of every kind, wrong and broken ones, and what is no object at all."""

import errno
import os
from collections.abc import Callable
from random import Random

from tests.fixtures import FIXTURES, build, uids
from tests.hostile import content
from tests.hostile.content import object_with
from tests.hostile.truth import Fate, Tree
from tests.wado_core.dicom.written import IMPLICIT
from wado_core.model.uid import InstanceKey


def write_objects(tree: Tree, rng: Random) -> None:
    """Every fixture in a folder or another: all transfer syntaxes, documents, waveforms."""
    for name in FIXTURES:
        tree.write(f"objects/{rng.randrange(5)}/{name}", build(name), InstanceKey(*uids(name)))
    for number in range(20):
        tree.put(f"objects/ct/{number}")


def write_duplicates(tree: Tree, rng: Random) -> None:
    """Copies in several folders, some with other content; that with the smallest path, as bytes, is served."""
    for number in range(10):
        key = tree.new_key()
        names = rng.sample(["a/1", "a/1.dcm", "a-/1", "A/1", "b/1", "z/1", "é/1", "a/1 copy"], rng.randrange(2, 6))
        for at, name in enumerate(names):
            tree.write(f"duplicates/{number}/{name}", tree.ct(key) + bytes(2 * at), key)


def write_same_uids(tree: Tree, rng: Random) -> None:
    """One SOP Instance UID under two studies, and under two series of one study."""
    for number in range(5):
        key = tree.put(f"same/{number}")
        of_study = tree.sibling(key, study_uid=f"1.2.826.0.1.19{rng.randrange(10**6):06d}")
        of_series = tree.sibling(key, series_uid=f"1.2.826.0.1.29{rng.randrange(10**6):06d}.{rng.randrange(10**8):08d}")
        tree.write(f"same/{number} of another study", tree.ct(of_study), of_study)
        tree.write(f"same/{number} of another series", tree.ct(of_series), of_series)


def write_directories(tree: Tree, _rng: Random) -> None:
    """A DICOMDIR, under its name and another, and a folder of that name."""
    tree.write("disc/DICOMDIR", content.directory(), Fate.NOT_DICOM)
    tree.write("disc/INDEX.dcm", content.directory(), Fate.NOT_DICOM)
    tree.put("disc/IMAGES/1")
    tree.put("other disc/DICOMDIR/1")


def write_packed(tree: Tree, _rng: Random) -> None:
    """Archives, under whatever name, and objects whose preamble only looks like one (PS3.10 7.1)."""
    inside = tree.new_key()
    tree.hidden.add(inside)
    packed = content.zipped(tree.ct(inside), tree.ct(inside))
    for name in ("study.zip", "study.ZIP", "study.dcm", "study"):
        tree.write(f"packed/{name}", packed, Fate.PACKED)
    tree.write("packed/study.tar", content.tarred(tree.ct(inside), tree.ct(inside)), Fate.PACKED)
    tree.write("packed/empty.zip", content.zipped(), Fate.PACKED)
    for name in ("1.dcm.gz", "1.dcm"):
        tree.write(f"packed/gz/{name}", content.gzipped(tree.ct(inside)), Fate.PACKED)
    for name, first in {"zip": b"PK\x03\x04", "gz": b"\x1f\x8b\x08", "tiff": b"II*\0\x08\0\0\0"}.items():
        key = tree.new_key()
        tree.write(f"packed/preamble of {name}", content.with_preamble(tree.ct(key), first), key)


def write_settling(tree: Tree, _rng: Random) -> None:
    """Files that were written just now: perhaps only half of them is there."""
    now_ns = os.stat(tree.write("settling/old enough", b"text", Fate.NOT_DICOM)).st_ctime_ns
    whole, half = tree.new_key(), tree.new_key()
    tree.hidden.update((whole, half))
    tree.write("settling/1", tree.ct(whole), Fate.SETTLING, mtime_ns=now_ns)
    tree.write("settling/2", tree.ct(half)[:700], Fate.SETTLING, mtime_ns=now_ns)
    tree.write("settling/3", b"", Fate.SETTLING, mtime_ns=now_ns)


def write_times(tree: Tree, _rng: Random) -> None:
    """Clocks that were never set, or run far ahead: a file of the year 2100 is not one that is being written."""
    for number, time_ns in enumerate((0, 1, -1, -86_400 * 365 * 10**9, 4_102_444_800 * 10**9, 9_300_000_000 * 10**9)):
        key = tree.new_key()
        tree.write(f"times/{number}", tree.ct(key), key, mtime_ns=time_ns)


def write_bare(tree: Tree, _rng: Random) -> None:
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


def write_uids(tree: Tree, _rng: Random) -> None:
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


def write_cut(tree: Tree, rng: Random) -> None:
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


def write_huge(tree: Tree, _rng: Random) -> None:
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


def write_headers(tree: Tree, _rng: Random) -> None:
    """Headers that nest without end, repeat without end, or promise more than there is."""
    for number, data in enumerate(
        (content.nested(), content.nested(IMPLICIT), content.endless_items(), content.repeating())
    ):  # fmt: skip
        tree.write(f"headers/{number}", data, Fate.DAMAGED)


def write_prose(tree: Tree, rng: Random) -> None:
    """Text beside the images, some of it beginning like a data set."""
    tree.write("prose/like implicit", content.text_like_implicit(), Fate.REFUSED)
    tree.write("prose/like explicit", content.text_like_explicit(), Fate.REFUSED)
    for number in range(5):
        tree.write(f"prose/{number}.txt", content.text(rng), Fate.NOT_DICOM)
    tree.write("prose/DICM", b"DICM" * 10, Fate.NOT_DICOM)
    tree.write("prose/DICM at its place", b" " * 128 + b"DICM", Fate.DAMAGED)
