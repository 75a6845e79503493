"""Where files lie, and what lies beside them: names, depths, links, special files, litter."""

import errno
import os
import socket
import stat
from random import Random

from tests.hostile.truth import Fate, Tree

LONGEST_PATH = 4095
"""Bytes of a path that Linux takes, without the NUL at its end."""


def write_hard_links(tree: Tree, _rng: Random) -> None:
    """One file under three names."""
    key = tree.put("hard/m")
    for name in ("hard/a", "hard/below/z"):
        path = tree.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.link(tree.path("hard/m"), path)
        tree.held[path] = key


def write_names(tree: Tree, rng: Random) -> None:
    """Names in GBK and Latin-1, with every character that a name may hold, as long as they may be."""
    names = [
        "影像资料/患者".encode("gbk"), "Müller/Röntgen".encode("latin-1"), "Иванов".encode("koi8-r"), "影像/患者".encode(),
        b"two\nlines", b"carriage\rreturn", b"\"quoted\"", b"it's", b"100%", b"%2e%2e%2f", b"--help", b"-rf", b"a b", b" ", b"\t", b"~",
        b"*", b"?", b"$HOME", b"`id`", b";ls", b"\\", b"..dcm", b"...", b".hidden", b".hidden folder/1", b"#1", b"a:b", b"\x1b[31mred",
        b"\x7f", b"nul\x01", b"\xff", b"\xed\xa0\x80", b"\xc3", b"_", b"%", b"n" * 255, b"\xe5" * 255, "é".encode() * 127,
        "e\u0301".encode(), "\u00e9".encode(),
    ]  # fmt: skip
    everything = bytes(byte for byte in range(1, 256) if byte != ord("/"))
    names.append(b"all/" + everything)
    names += [b"random/" + bytes(rng.choice(everything) for _ in range(rng.randrange(3, 200))) for _ in range(10)]
    for name in names:
        tree.put(b"names/" + name)
    tree.put(b"names/folder\nof two lines/1")


def write_deep(tree: Tree, _rng: Random) -> None:
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


def write_loops(tree: Tree, _rng: Random) -> None:
    """Links to oneself, to a folder above, to each other's folder, and out of the root and back."""
    tree.put("loops/a/1")
    tree.put("loops/a/b/c/2")
    for link, target in {
        "loops/a/self": ".", "loops/a/b/up": "..", "loops/a/b/c/root": os.fsdecode(tree.root), "loops/link to itself": "link to itself",
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


def write_broken_links(tree: Tree, _rng: Random) -> None:
    """Links to nothing, into a file, into a chain longer than the system follows."""
    os.makedirs(tree.path("broken"))
    tree.put("broken/file")
    for link, target in {"nothing": "is not there", "into a file": "file/below", "empty": "\n", "far": "x/" * 2000}.items():
        os.symlink(target, tree.path(f"broken/{link}"))
    for number in range(50):
        os.symlink(f"chain{number + 1}" if number < 49 else "file", tree.path(f"broken/chain{number}"))
    # Linux follows forty links; these lead to the file by fewer.
    for number in range(10, 50):
        tree.held[tree.path(f"broken/chain{number}")] = tree.held[tree.path("broken/file")]


def write_special(tree: Tree, _rng: Random) -> None:
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


LITTER_FILES = ("._IM1", "._.DS_Store", ".DS_Store", "Thumbs.db", "desktop.ini")
LITTER_FOLDERS = (
    "@eaDir", ".snapshot", ".zfs", "lost+found", "$RECYCLE.BIN", "System Volume Information", "#recycle", ".Trash-1000", ".Trash-0",
)  # fmt: skip


def write_litter(tree: Tree, _rng: Random) -> None:
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
