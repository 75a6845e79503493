"""Known ranges: of the values of whole frames, which automatic windows need (H2.15); in memory before the index is asked."""

from collections import OrderedDict
from threading import Lock
from zlib import crc32

from wado_core.model.grayscale import ValueRange
from wado_core.model.notice import RangeFound
from wado_core.model.render import RENDERER_VERSION, AutomaticWindow, RenderPlan
from wado_core.ports import Index, Notices

# Some 700 bytes each, with UIDs of the usual length: 6 MB.
_MOST_IN_MEMORY = 8192


class KnownRanges:
    """Remembers ranges for this process, and hands those that are found to the writer of the index; safe to use from several threads."""

    def __init__(self, index: Index, notices: Notices) -> None:
        self._index = index
        self._notices = notices
        self._ranges: OrderedDict[tuple[object, ...], ValueRange] = OrderedDict()
        self._lock = Lock()

    def in_memory(self, plan: RenderPlan) -> ValueRange | None:
        """Return the range of a plan's frame if this process has met it lately, without any I/O."""
        with self._lock:
            return self._ranges.get(_frame(plan))

    def find(self, plan: RenderPlan) -> ValueRange | None:
        """Return the range of a plan's frame, None when nobody has found it yet; raises Unavailable."""
        known = self.in_memory(plan)
        if known is None:
            known = self._index.value_range(plan.key, range_version(plan), plan.frame_number)
            if known is not None:
                self._remember(plan, known)
        return known

    def found(self, plan: RenderPlan, values: ValueRange) -> None:
        """Remember the range of a plan's frame that has just been found."""
        self._remember(plan, values)
        self._notices.send(RangeFound(plan.key, range_version(plan), plan.frame_number, values))

    def _remember(self, plan: RenderPlan, values: ValueRange) -> None:
        with self._lock:
            self._ranges[_frame(plan)] = values
            while len(self._ranges) > _MOST_IN_MEMORY:
                self._ranges.popitem(last=False)


def needs_range(plan: RenderPlan) -> bool:
    """Say whether the picture is drawn with the automatic window."""
    return plan.grayscale is not None and isinstance(plan.grayscale.voi, AutomaticWindow)


def range_version(plan: RenderPlan) -> str:
    """Return what the range of a plan's frame is remembered under: the version of its bytes, and what finds values in them.

    Another decoder, or another renderer, may find other values: pictures of one ETag must not depend on who looked first.
    """
    return f"{plan.version}-{RENDERER_VERSION}-{crc32(plan.codecs.encode()):08x}"


def _frame(plan: RenderPlan) -> tuple[object, ...]:
    return plan.key, plan.version, plan.frame_number
