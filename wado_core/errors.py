"""Every refusal of wado, as one tree.

    WadoError
    ├── InvalidRequest          the request itself is wrong, whatever the object
    │   └── NoSuchFrame         the object has fewer frames
    ├── NotFound                no such object here
    ├── Gone                    was here once; its last copy has been deleted
    ├── NotAcceptable           none of the media types asked for can be made of the object
    ├── NotSupported            understood, but not done: names what is missing
    ├── NotDicom                the bytes are no DICOM object
    ├── DamagedObject           a DICOM object that cannot be read as its own header says
    │   └── MissingFrame        a frame that its header states, and that is not there
    ├── LimitExceeded           more memory or pixels than the settings allow
    ├── Unavailable             the storage does not answer now; trying again may help
    │   ├── Busy                too much is asked at once; trying again will help
    │   │   └── Unwanted        nobody waits for it any more
    │   └── DamagedIndex        the index cannot be read, and is being made anew
    └── ContentChanged          the bytes are not those that were indexed

``str(error)`` is always safe to show to anybody: no path, no patient data, no internals. What the log needs besides is in
``__cause__``. Statuses are given in one table in ``wado_http/errors.py``.
"""

__all__ = [
    "Busy",
    "ContentChanged",
    "DamagedIndex",
    "DamagedObject",
    "Gone",
    "InvalidRequest",
    "LimitExceeded",
    "MissingFrame",
    "NoSuchFrame",
    "NotAcceptable",
    "NotDicom",
    "NotFound",
    "NotSupported",
    "Unavailable",
    "Unwanted",
    "WadoError",
]


class WadoError(Exception):
    """Root of everything wado refuses; its text can be shown to the person who asked."""


class InvalidRequest(WadoError):
    """A parameter is missing, malformed, out of range, or must not stand beside another."""


class NoSuchFrame(InvalidRequest):
    """The frame number lies beyond the frames that the object has (A4.72)."""


class NotFound(WadoError):
    """No object is known under the given UIDs."""


class Gone(WadoError):
    """The object was known and its last copy has been deleted (PS3.18 8.5: 410 rather than 404)."""


class NotAcceptable(WadoError):
    """None of the media types asked for can be made of this object; ``available`` lists those that can."""

    def __init__(self, message: str, available: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.available = available


class NotSupported(WadoError):
    """A valid object or request that this version does not serve; the text names what is missing."""


class NotDicom(WadoError):
    """The bytes do not begin like a DICOM object."""


class DamagedObject(WadoError):
    """A DICOM object is truncated or contradicts itself; the text names the element or frame."""


class MissingFrame(DamagedObject):
    """The object states the frame and does not hold it: what is wrong is the object, not the request (docs/adr/0019)."""


class LimitExceeded(WadoError):
    """Serving this would need more than a configured limit."""


class Unavailable(WadoError):
    """The storage behind the object does not answer now."""


class Busy(Unavailable):
    """The server is at its configured limit of work; ``retry_after_s`` says when to try again."""

    def __init__(self, message: str = "The server is busy; please try again shortly.", retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unwanted(Busy):
    """Long work was given up because nobody waited for it any more; whoever came too late to be seen may try again."""


class DamagedIndex(Unavailable):
    """The file of the index is damaged; its writer sets it aside and makes it anew."""


class ContentChanged(WadoError):
    """The stored bytes are no longer those that were indexed (architecture: never old offsets on new bytes)."""

    def __init__(self, message: str = "The stored object changed while it was being read.") -> None:
        super().__init__(message)
