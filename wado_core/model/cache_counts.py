"""What a cache has been good for: counts for whoever sets its size, without anything of its content."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CacheCounts:
    """What a cache holds, and what has come of it since its process began.

    hits: look-ups that found something.  misses: look-ups that found nothing; of plans and instances what had to be made or looked up,
        as a request may look several times before.
    evictions: entries that had to go, for want of room.
    refused: entries that were not kept: larger than a quarter of the room, or the disk would not take them.
    entries, size_bytes: what it holds now.  most_bytes: its bound; 0 where it is not bounded in bytes.
    """

    hits: int = 0
    misses: int = 0
    evictions: int = 0
    refused: int = 0
    entries: int = 0
    size_bytes: int = 0
    most_bytes: int = 0
