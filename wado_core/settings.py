"""Settings: one frozen value, made from defaults, environment and command line, handed out as constructor arguments."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

MIB = 1 << 20


def default_state_folder() -> Path:
    """Return the user's state folder for wado (XDG Base Directory), never inside the folders that are served."""
    root = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(root) / "wado"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what one request or one file may cost."""

    # Longest edge of a picture that may be asked for, pixels (A4.46).
    picture_edge: int = 8192
    # Most pixels of a picture.
    picture_pixels: int = 64 * MIB
    # Most pixels of a stored frame; a larger one is refused before it is decoded (H1.6, A8.4).
    frame_pixels: int = 256 * MIB
    # Most bytes of a deflated data set after inflation.
    inflated_bytes: int = 256 * MIB
    # Most elements, items and fragments that are read of one object; a whole slide image has some ten for each of 200,000 tiles.
    elements: int = 4_000_000
    # Most bytes of one element other than Pixel Data that is read into memory.
    element_bytes: int = 64 * MIB
    # Seconds that the decoding of one heavy frame (JPEG 2000) may take.
    decode_s: float = 30.0
    # Most address space of the process that decodes heavy frames.
    decode_bytes: int = 4096 * MIB
    # Most characters of a query (A1.13 asks for at least 8 KiB).
    query_characters: int = 16 * 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a server can be told."""

    # Folders or files to serve.
    paths: tuple[Path, ...] = ()
    # Where the index lives; mode 0700.
    state: Path = field(default_factory=default_state_folder)
    host: str = "127.0.0.1"
    port: int = 8080
    # HTTP worker processes.
    workers: int = 1
    # Rendered pictures kept in memory by each worker.
    render_cache_bytes: int = 128 * MIB
    # Descriptions of instances kept in memory by each worker.
    instance_cache_entries: int = 20_000
    # How long such a description counts before index and file are looked at again.
    instance_fresh_s: float = 1.0
    # Seconds between two looks through all folders; 0 looks only when asked.
    rescan_s: float = 60.0
    # A file younger than this may still be being written, and waits for the next look.
    settling_s: float = 5.0
    # Processes that read files while indexing; None: one a core, at most eight; 0: none.
    index_processes: int | None = None
    # Requests that may wait for a pixel slot in each worker; one more is answered 503 at once.
    queue_length: int = 64
    # How long an admitted request may wait for its slot to start before it is answered 503.
    queue_wait_s: float = 10.0
    # Cache-Control: private, max-age of pictures and objects (A5.6).
    max_age_s: int = 3600
    limits: Limits = field(default_factory=Limits)


def to_json(settings: Settings) -> str:
    """Write settings as one line of ASCII, fit for the environment variable that a spawned worker reads.

    Paths that are not UTF-8 survive as lone surrogates (``os.fsdecode``): hospital names are in GBK and Latin-1.
    """
    return json.dumps(asdict(settings), default=os.fspath)


def from_json(text: str) -> Settings:
    """Read what ``to_json`` wrote; raises ValueError for anything else."""
    import msgspec

    return msgspec.convert(json.loads(text), Settings, dec_hook=_read_path)


def _read_path(_type: type, value: object) -> Path:
    if not isinstance(value, str):
        raise TypeError("a path is written as a string")
    return Path(value)
