"""Read-ahead: the frames that somebody who scrolls through an object will ask for next, made ready in advance.

Where decoding is costly the frame is decoded, by a process of its own that has the lowest priority; elsewhere its bytes are brought
into memory. No request waits for any of it: one thread does it, newer wishes replace older ones, and a request that comes for a frame
that is just being made ready makes its own.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace

from wado_core.dicom.frames import FrameReader
from wado_core.errors import WadoError
from wado_core.model.instance import Located
from wado_core.model.render import RenderPlan
from wado_core.ports import Store
from wado_core.services.decoding import Decoding
from wado_core.services.locating import Locating
from wado_core.settings import Limits

_log = logging.getLogger(__name__)

# Frames between two requests of one object that still count as scrolling: viewers skip some when they fall behind.
_NEIGHBOURS = 3
# Objects whose last frame is remembered.
_MOST_OBJECTS = 1024
# How long is waited for the frame that is being made ready when all is closed, seconds. Decoding was ended before; storage may hang.
END_S = 2.0


class ReadAhead:
    """Makes frames ready before they are asked for; safe to use from several threads."""

    def __init__(self, locating: Locating, store: Store, decoding: Decoding, limits: Limits, frames: int) -> None:
        """frames: how many are made ready beyond the one that was asked for; 0: none."""
        self._locating = locating
        self._store = store
        self._decoding = decoding
        self._limits = limits
        self._frames = frames
        self._last: OrderedDict[str, int] = OrderedDict()
        self._wish: tuple[RenderPlan, int] | None = None
        self._news = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def passed(self, plan: RenderPlan) -> None:
        """Note that the picture of a frame was asked for; where it lies beside the one before, those behind it are made ready."""
        if not self._frames or not self._decoding.can_read_ahead(plan):
            return
        with self._news:
            last = self._last.pop(plan.version, None)
            self._last[plan.version] = plan.frame_number
            if len(self._last) > _MOST_OBJECTS:
                self._last.popitem(last=False)
            step = 0 if last is None else plan.frame_number - last
            if not 1 <= abs(step) <= _NEIGHBOURS or self._closed:
                return
            self._wish = plan, 1 if step > 0 else -1
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="read-ahead", daemon=True)
                self._thread.start()
            self._news.notify()

    def close(self) -> None:
        """Stop, once the frame that is being made ready is, or its storage has hung for a while; nothing else is begun any more."""
        with self._news:
            self._closed, self._wish = True, None
            self._news.notify()
        if self._thread is not None:
            self._thread.join(END_S)
            if self._thread.is_alive():
                _log.warning("reading ahead does not end: its storage does not answer")

    def _work(self) -> None:
        while (wish := self._next_wish()) is not None:
            plan, step = wish
            try:
                located = self._locating.locate(plan.key, plan.frame_number)
                for number in self._numbers(plan, step, located):
                    if self._wish is not None or self._closed:
                        break  # somebody is further, or elsewhere, by now
                    self._make_ready(replace(plan, frame_number=number))
            except WadoError:
                continue  # whoever asks for the frame is told why it cannot be had
            except Exception:  # noqa: BLE001 - the thread goes on; its text may show a patient, and goes to the log alone
                _log.exception("reading ahead has failed")

    def _next_wish(self) -> tuple[RenderPlan, int] | None:
        with self._news:
            self._news.wait_for(lambda: self._wish is not None or self._closed)
            wish, self._wish = self._wish, None
            return wish

    def _numbers(self, plan: RenderPlan, step: int, located: Located) -> Iterator[int]:
        first = plan.frame_number + step
        for number in range(first, first + step * self._frames, step):
            if 1 <= number <= located.instance.number_of_frames:
                yield number

    def _make_ready(self, plan: RenderPlan) -> None:
        """Decode a frame, or bring its bytes into memory."""
        if self._decoding.holds(plan):
            return
        located = self._locating.locate(plan.key, plan.frame_number)
        if located.instance.version != plan.version:
            return
        with self._store.open(located.location) as source:
            encoded = FrameReader(source, located.instance, self._limits).frame(plan.frame_number)
            decoded = self._decoding.decode_ahead(plan, encoded)
        if decoded is not None:  # and the file was not changed meanwhile: leaving it would have raised that
            self._decoding.offer(plan, decoded)
