"""Categories of objects, which decide the media types they are served as (part A.3, PS3.18 8.7.2)."""

from enum import Enum


class Category(Enum):
    """The categories of A.3; an instance's category follows from its SOP Class and its number of frames."""

    SINGLE_FRAME = "single-frame image"
    MULTI_FRAME = "multi-frame image"
    TEXT = "text object"
    OTHER = "other object"


# Classes with the SR Document Content module (A3.3); encapsulated documents are Other in ISO 17432 (B.0 row 13).
TEXT_CLASSES = frozenset(
    f"1.2.840.10008.5.1.4.1.1.88.{suffix}"
    for suffix in ("11", "22", "33", "34", "35", "40", "50", "59", "65", "67", "68", "69", "70", "71", "72", "73", "74", "75", "76", "77")
) | {"1.2.840.10008.5.1.4.1.1.79.1"}

# Multi-frame classes: an instance may hold many frames, so frameNumber has a meaning even where it holds one (A4.71, A4.74).
MULTI_FRAME_CLASSES = frozenset(
    f"1.2.840.10008.5.1.4.1.1.{suffix}"
    for suffix in (
        "2.1", "2.2", "3", "3.1", "4.1", "4.3", "4.4", "6.2", "7.1", "7.2", "7.3", "7.4", "11.8", "12.1", "12.1.1", "12.2",
        "12.2.1", "12.3", "13.1.1", "13.1.2", "13.1.3", "13.1.4", "13.1.5", "14.1", "14.2", "20", "30", "66.4", "66.7",
        "77.1.1.1", "77.1.2.1", "77.1.4.1", "77.1.5.1", "77.1.5.2", "77.1.5.4", "77.1.5.5", "77.1.5.6", "77.1.5.7",
        "77.1.5.8", "77.1.6", "128.1", "130", "481.1", "481.2", "481.23", "481.24",
    )
)  # fmt: skip
