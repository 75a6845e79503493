"""Decoding: light frames in this process, heavy ones in a child that can be killed, video by a program that can be killed."""

from wado_core.codecs import video
from wado_core.codecs.decoded import Decoded
from wado_core.codecs.ffmpeg import Bounds
from wado_core.codecs.isolated import IsolatedDecoder
from wado_core.codecs.registry import decode, decoder
from wado_core.codecs.video_stream import coding_of
from wado_core.model.image_pixel import ImagePixel


class Decoding:
    """Decides where a frame is decoded; shared by all services of a process."""

    def __init__(self, deadline_s: float, most_bytes: int) -> None:
        """deadline_s, most_bytes: what one heavy frame may take, in seconds and in memory of the child."""
        self._isolated = IsolatedDecoder(deadline_s, most_bytes)
        self._bounds = Bounds(deadline_s, most_bytes)

    def heavy(self, transfer_syntax_uid: str) -> bool:
        """Whether frames of a transfer syntax are decoded apart, and wait in a queue of their own."""
        return decoder(transfer_syntax_uid).heavy

    def decode(
        self, encoded: bytes, pixel: ImagePixel, transfer_syntax_uid: str, smallest: tuple[int, int] | None = None, picture: int = 1
    ) -> Decoded:
        """Decode one frame. Raises NotSupported, DamagedObject, LimitExceeded, Unavailable."""
        row = decoder(transfer_syntax_uid)
        if row.program:  # not from within the child, which may be killed and leave the program behind
            return video.decode(encoded, pixel, coding_of(transfer_syntax_uid), picture, self._bounds)
        where = self._isolated.decode if row.heavy else decode
        return where(encoded, pixel, transfer_syntax_uid, smallest, picture)

    def start(self) -> None:
        """Start the child now rather than with the first heavy frame."""
        self._isolated.start()

    def close(self) -> None:
        """End the child."""
        self._isolated.close()
