"""Settings: one frozen value, made from defaults, a file, environment and command line, handed out as constructor arguments.

What a field means and between which numbers it lies stands beside it, once: documentation, help and refusals are made from here.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from functools import cache
from operator import attrgetter
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, get_args, get_origin

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


def default_state_folder() -> Path:
    """Return the user's state folder for wado, never inside the folders that are served; RuntimeError where nobody has a home."""
    return _xdg_folder("XDG_STATE_HOME", ".local/state") / "wado"


def default_settings_file() -> Path:
    """Return the file of settings that is read unless another is named; RuntimeError where nobody has a home."""
    return _xdg_folder("XDG_CONFIG_HOME", ".config") / "wado" / "wado.toml"


def _xdg_folder(variable: str, below_home: str) -> Path:
    """Return a folder of the XDG Base Directory Specification, which asks to ignore relative ones."""
    named = Path(os.environ.get(variable, ""))
    return named if named.is_absolute() else Path.home() / below_home


# msgspec.Meta could say the same, but its import takes 19 ms, which help texts and the library do not spend.
@dataclass(frozen=True, slots=True)
class Setting:
    """What one field means, and what it may be.

    meaning: one sentence, with the unit.  least, most: of a number, both included.
    default: the default in words, where it is not the same for everybody.
    """

    meaning: str
    least: float | None = None
    most: float | None = None
    default: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what one request or one file may cost."""

    picture_edge: Annotated[int, Setting("Longest edge of a picture that may be asked for, in pixels (A4.46).", 1, 65535)] = 8192
    picture_pixels: Annotated[int, Setting("Most pixels of a picture that may be asked for.", 1, 4096 * MIB)] = 64 * MIB
    frame_pixels: Annotated[
        int, Setting("Most pixels of a stored frame; a larger one is refused before it is decoded (H1.6, A8.4).", 1, 4096 * MIB)
    ] = 256 * MIB
    inflated_bytes: Annotated[int, Setting("Most bytes of a deflated data set after inflation.", MIB, 64 * GIB)] = 256 * MIB
    video_bytes: Annotated[
        int,
        Setting("Most bytes of a video whose frames are shown; while one is decoded they are in memory up to four times.", MIB, 64 * GIB),
    ] = 512 * MIB
    # A whole slide image has some ten for each of 200,000 tiles.
    elements: Annotated[int, Setting("Most elements, items and fragments that are read of one object.", 1000, 1_000_000_000)] = 4_000_000
    element_bytes: Annotated[
        int, Setting("Most bytes of one element other than Pixel Data that is read into memory.", 64 * KIB, 4 * GIB)
    ] = 64 * MIB
    decode_s: Annotated[float, Setting("Seconds that decoding one heavy frame (JPEG 2000, JPEG XL, video) may take.", 0.1, 3600)] = 30.0
    decode_bytes: Annotated[
        int, Setting("Most bytes of address space of the process that decodes heavy frames.", 512 * MIB, 1024 * GIB)
    ] = 4096 * MIB
    sheet_tiles: Annotated[int, Setting("Most thumbnails of one contact sheet.", 1, 4096)] = 256
    sheet_s: Annotated[
        float, Setting("Seconds that a contact sheet may take; thumbnails that are not drawn by then are left out.", 0.1, 3600)
    ] = 30.0
    # More would not fit into the 64 KiB that a request line and its headers may have.
    query_characters: Annotated[int, Setting("Most characters of a query; A1.13 asks for at least 8 KiB.", 8 * KIB, 48 * KIB)] = 16 * KIB


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a server can be told."""

    paths: Annotated[tuple[Path, ...], Setting("Folders, searched at every depth, and files to serve.", default="none")] = ()
    state: Annotated[
        Path,
        Setting(
            "Folder for the index, on a local disk and outside the served folders; private (mode 0700).",
            default="$XDG_STATE_HOME/wado, which is ~/.local/state/wado",
        ),
    ] = field(default_factory=default_state_folder)
    host: Annotated[
        str,
        Setting(
            "Address to listen on: 127.0.0.1 is reachable from this machine only, 0.0.0.0 from every network, "
            "and there is no authentication yet."
        ),
    ] = "127.0.0.1"
    port: Annotated[int, Setting("TCP port to listen on; 0 takes any free one.", 0, 65535)] = 8080
    workers: Annotated[int, Setting("Processes that answer requests; each renders on its share of the cores.", 1, 256)] = 1
    rescan_s: Annotated[
        float, Setting("Seconds between two looks through all folders for what is new, changed or gone; 0: only on SIGHUP.", 0, 604_800)
    ] = 60.0
    settling_s: Annotated[
        float,
        Setting("Seconds for which a file may still be being written: a younger one waits for the next look; 0: none waits.", 0, 86_400),
    ] = 5.0
    index_processes: Annotated[
        int | None,
        Setting("Processes that read files while indexing; 0: the indexer itself reads; auto: one a core, at most eight.", 0, 64),
    ] = None
    grace_s: Annotated[float, Setting("Seconds that a stopping server waits for answers that are being sent.", 0, 3600)] = 10.0
    render_cache_bytes: Annotated[int, Setting("Bytes of rendered pictures that each worker keeps in memory; 0: none.", 0, 1024 * GIB)] = (
        128 * MIB
    )
    disk_cache_bytes: Annotated[
        int,
        Setting(
            "Bytes of rendered pictures that all workers together keep on disk, in the state folder, for longer than they live; 0: none.",
            0,
            1024 * 1024 * GIB,
        ),
    ] = 0
    decoded_cache_bytes: Annotated[
        int,
        Setting(
            "Bytes of decoded frames that each worker keeps in memory where decoding takes milliseconds, such as JPEG 2000; 0: none.",
            0,
            1024 * GIB,
        ),
    ] = 128 * MIB
    read_ahead_frames: Annotated[
        int,
        Setting("Frames that are made ready, at the lowest priority, beyond those that somebody scrolls through; 0: none.", 0, 64),
    ] = 2
    inflated_cache_bytes: Annotated[
        int,
        Setting("Bytes of deflated data sets that each worker keeps inflated in memory; 0: none.", 0, 1024 * GIB),
    ] = 256 * MIB
    instance_cache_bytes: Annotated[
        int, Setting("Bytes of descriptions of instances that each worker keeps in memory; 0: none.", 0, 1024 * GIB)
    ] = 64 * MIB
    instance_fresh_s: Annotated[
        float, Setting("Seconds for which a description in memory counts before index and file are looked at again.", 0, 3600)
    ] = 1.0
    plan_cache_bytes: Annotated[
        int, Setting("Bytes of plans, what queries have been found to ask for, that each worker keeps in memory; 0: none.", 0, 1024 * GIB)
    ] = 16 * MIB
    queue_length: Annotated[
        int, Setting("Requests that may wait for a pixel slot in each worker; one more is answered 503 at once.", 0, 100_000)
    ] = 64
    queue_wait_s: Annotated[
        float, Setting("Seconds that an admitted request may wait for its slot to start before it is answered 503.", 0, 3600)
    ] = 10.0
    unsent_bytes: Annotated[
        int,
        Setting(
            "Bytes of pictures, finished or half finished, that each worker holds for clients that have not taken them yet; "
            "from then on further pictures are answered 503 at once.",
            MIB,
            1024 * GIB,
        ),
    ] = 256 * MIB
    stall_s: Annotated[
        float, Setting("Seconds after which a connection is dropped whose client takes nothing of what is being sent to it.", 0.1, 3600)
    ] = 60.0
    max_age_s: Annotated[
        int, Setting("Seconds for which clients may keep pictures and objects (Cache-Control: private, max-age; A5.6).", 0, 31_536_000)
    ] = 3600
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of Settings as those see it who read, check and describe settings.

    name: ``port``; ``limits.elements`` for a field of Limits.  type: int, float, bool, str, Path or tuple[Path, ...].
    optional: whether it may be None.  default: makes the default; RuntimeError where it is a folder of nobody's home.
    """

    name: str
    type: Any
    optional: bool
    setting: Setting
    default: Callable[[], Any]

    def allows(self, value: object) -> bool:
        """Say whether a value of the right type lies within the bounds: numbers from least to most, text of printable characters."""
        if isinstance(value, (int, float)):
            least, most = self.setting.least, self.setting.most
            return (least is None or value >= least) and (most is None or value <= most)  # not a number is neither
        return not isinstance(value, str) or (value != "" and value.isprintable())


@cache
def described() -> Mapping[str, Field]:
    """Return every field by name, those of Limits last, in the order of their definition."""
    return {entry.name: entry for entry in _described(Settings, "")}


def _described(owner: Any, prefix: str) -> Iterator[Field]:
    for entry in fields(owner):
        if get_origin(entry.type) is not Annotated:
            yield from _described(entry.type, f"{prefix}{entry.name}.")
            continue
        kind, setting = get_args(entry.type)
        kinds = get_args(kind) if get_origin(kind) is UnionType else (kind,)
        (plain,) = (member for member in kinds if member is not NoneType)
        default = entry.default_factory if entry.default_factory is not MISSING else _constant(entry.default)
        yield Field(f"{prefix}{entry.name}", plain, NoneType in kinds, setting, default)


def _constant(value: Any) -> Callable[[], Any]:
    return lambda: value


def to_json(settings: Settings) -> str:
    """Write settings as one line of ASCII, fit for the environment variable that a spawned worker reads.

    Paths that are not UTF-8 survive as lone surrogates (``os.fsdecode``): hospital names are in GBK and Latin-1.
    """
    return json.dumps(asdict(settings), default=os.fspath)


def from_json(text: str) -> Settings:
    """Read what ``to_json`` wrote; raises ValueError for anything else, values out of bounds included."""
    import msgspec

    settings = msgspec.convert(json.loads(text), Settings, dec_hook=_read_path)
    for entry in described().values():
        if not entry.allows(attrgetter(entry.name)(settings)):
            raise ValueError(f"the setting {entry.name} is out of bounds")
    return settings


def _read_path(_type: type, value: object) -> Path:
    if not isinstance(value, str):
        raise TypeError("a path is written as a string")
    return Path(value)
