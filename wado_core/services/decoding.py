"""Decoding: light frames in this process, heavy ones in a child that can be killed, video by a program that can be killed.

What was costly is kept.
"""

from collections.abc import Callable

from wado_core.codecs import video
from wado_core.codecs.decoded import Decoded
from wado_core.codecs.ffmpeg import Bounds
from wado_core.codecs.isolated import IsolatedDecoder
from wado_core.codecs.registry import decode, decoder
from wado_core.codecs.video_stream import coding_of
from wado_core.dicom.source import Inflate
from wado_core.model.cache_counts import CacheCounts
from wado_core.model.image_pixel import ImagePixel
from wado_core.model.instance import Located
from wado_core.model.render import RenderPlan
from wado_core.model.transfer_syntax import transfer_syntax
from wado_core.ports import WouldWait
from wado_core.rendering.execute import Keep, keep_nothing, smallest_frame
from wado_core.services.decoded_frames import DecodedFrames, FrameKey
from wado_core.services.inflated_data_sets import InflatedDataSets

# Frames that take longer than this to decode are kept: to make a picture of a decoded CT takes a third of a millisecond.
COSTLY_NS = 2e6


# Niceness of the child that decodes what nobody has asked for yet; it is started when it is first needed.
_AHEAD_PRIORITY = 19


class Decoding:
    """Decides where a frame is decoded, and which are kept; shared by all services of a process."""

    def __init__(self, deadline_s: float, most_bytes: int, cache_bytes: int = 0, inflated_bytes: int = 0) -> None:
        """Make the service.

        deadline_s, most_bytes: what one heavy frame may take, in seconds and in memory of the child.
        cache_bytes, inflated_bytes: of decoded frames, and of inflated data sets, that are kept; 0: none.
        """
        self._isolated = IsolatedDecoder(deadline_s, most_bytes)
        self._ahead = IsolatedDecoder(deadline_s, most_bytes, _AHEAD_PRIORITY)
        self._keeps_frames = cache_bytes > 0
        self._bounds = Bounds(deadline_s, most_bytes)
        self._frames = DecodedFrames(cache_bytes)
        self._data_sets = InflatedDataSets(inflated_bytes)

    def heavy(self, transfer_syntax_uid: str) -> bool:
        """Whether frames of a transfer syntax are decoded apart, and wait in a queue of their own."""
        return decoder(transfer_syntax_uid).heavy

    def holds(self, plan: RenderPlan) -> bool:
        """Whether the frame of a plan is kept as the picture needs it, so that nothing is left to decode."""
        return FrameKey(plan.version, plan.frame_number, smallest_frame(plan)) in self._frames

    def decode(
        self, encoded: bytes, pixel: ImagePixel, transfer_syntax_uid: str, smallest: tuple[int, int] | None = None, picture: int = 1
    ) -> Decoded:
        """Decode one frame. Raises NotSupported, DamagedObject, LimitExceeded, Unavailable."""
        row = decoder(transfer_syntax_uid)
        if row.program:  # not from within the child, which may be killed and leave the program behind
            return video.decode(encoded, pixel, coding_of(transfer_syntax_uid), picture, self._bounds)
        where = self._isolated.decode if row.heavy else decode
        return where(encoded, pixel, transfer_syntax_uid, smallest, picture)

    def keep(self, plan: RenderPlan) -> Keep:
        """Return what keeps the decoded frame of a plan, or returns it if it is kept, where it is costly to decode."""
        if not is_costly(plan.transfer_syntax_uid, plan.image_pixel):
            return keep_nothing
        return lambda smallest, make: self._frames.get(FrameKey(plan.version, plan.frame_number, smallest), make)

    def keep_at_once(self, plan: RenderPlan) -> Keep:
        """Return what ``keep`` does, for callers that must not wait: where a frame is costly and not kept, WouldWait is raised.

        ``keep`` would wait for a thread that decodes the frame just now.
        """
        if not is_costly(plan.transfer_syntax_uid, plan.image_pixel):
            return keep_nothing

        def kept(smallest: tuple[int, int] | None, _make: Callable[[], Decoded]) -> Decoded:
            frame = self._frames.kept(FrameKey(plan.version, plan.frame_number, smallest))
            if frame is None:
                raise WouldWait
            return frame

        return kept

    def can_read_ahead(self, plan: RenderPlan) -> bool:
        """Whether frames can be made ready alone: those of a video come one after the other, and deflated ones all at once."""
        row = decoder(plan.transfer_syntax_uid)
        if row.program or transfer_syntax(plan.transfer_syntax_uid).deflated:
            return False
        return self._keeps_frames or not is_costly(plan.transfer_syntax_uid, plan.image_pixel)

    def decode_ahead(self, plan: RenderPlan, encoded: bytes) -> Decoded | None:
        """Decode the frame of a plan for later, at the lowest priority and beside all requests; None where it is not costly to decode."""
        if not is_costly(plan.transfer_syntax_uid, plan.image_pixel):
            return None
        return self._ahead.decode(encoded, plan.image_pixel, plan.transfer_syntax_uid, smallest_frame(plan), plan.frame_number)

    def offer(self, plan: RenderPlan, frame: Decoded) -> None:
        """Keep the decoded frame of a plan."""
        self._frames.offer(FrameKey(plan.version, plan.frame_number, smallest_frame(plan)), frame)

    def inflate(self, located: Located) -> Inflate:
        """Return what inflates a deflated object, or returns it inflated if it is kept so."""
        return self._data_sets.of(located)

    def forget(self, plan: RenderPlan) -> None:
        """Drop the frames of an object that has changed while it was read: they may be made of old and new bytes."""
        self._frames.drop(plan.version)
        self._data_sets.drop(plan.version)

    def counts(self) -> CacheCounts:
        """Return what has come of keeping frames."""
        return self._frames.counts()

    def inflated_counts(self) -> CacheCounts:
        """Return what has come of keeping inflated data sets."""
        return self._data_sets.counts()

    def stop_ahead(self) -> None:
        """End what is being decoded for later, now and for good."""
        self._ahead.abort()

    def start(self) -> None:
        """Start the child now rather than with the first heavy frame."""
        self._isolated.start()

    def close(self) -> None:
        """End the child."""
        self._isolated.close()
        self._ahead.close()


def is_costly(transfer_syntax_uid: str, pixel: ImagePixel) -> bool:
    """Say whether a frame takes long enough to decode to be worth its memory; raises NotSupported as ``decoder`` does."""
    samples = pixel.rows * pixel.columns * pixel.samples_per_pixel
    return samples * decoder(transfer_syntax_uid).sample_ns >= COSTLY_NS
