"""Litter: what other programs leave beside the objects, known by its name and never opened."""

# Of macOS, Windows and file managers; "._IM1" (AppleDouble) is told by its beginning.
_FILES = frozenset((b".ds_store", b"thumbs.db", b"ehthumbs.db", b"desktop.ini", b".directory", b".localized"))

# Folders that hold other forms, older states or deleted copies of files: of Synology and QNAP, of snapshots, of recycle bins, of
# file systems.
_FOLDERS = frozenset(
    (
        b"@eadir", b"@tmp", b"@recycle", b"#recycle", b"#snapshot", b".snapshot", b".snapshots", b".zfs", b"~snapshot", b"$recycle.bin",
        b"recycler", b"system volume information", b"lost+found", b".appledouble", b".spotlight-v100", b".fseventsd",
        b".documentrevisions-v100", b".temporaryitems", b".trashes", b"__macosx",
    )
)  # fmt: skip


def is_litter_file(name: bytes) -> bool:
    """Say whether a file of this name holds no object, whatever it looks like."""
    return name.startswith(b"._") or name.lower() in _FILES


def is_litter_folder(name: bytes) -> bool:
    """Say whether a folder of this name holds nothing that is to be served."""
    return name.startswith((b"._", b".Trash-")) or name.lower() in _FOLDERS
