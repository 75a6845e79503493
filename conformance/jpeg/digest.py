"""One number for what the product encodes here: ``python -m conformance.jpeg.digest``. It has to be the same on every processor."""

from hashlib import sha256

from conformance.jpeg.encoders import QUALITIES, encode
from conformance.jpeg.encodings import encodings
from conformance.jpeg.generated_scans import LAYOUTS, generated, pairs
from conformance.jpeg.pictures import pictures
from conformance.jpeg.round_trip import INTERVALS


def digest() -> str:
    """Return the SHA-256 of the streams of T2 and T4, and of the pictures of T5 at every tenth quality."""
    found = sha256()
    for _, data in encodings():
        found.update(data)
    for tables in pairs():
        for layout in LAYOUTS:
            for interval in INTERVALS:
                found.update(generated(layout, tables, interval)[0])
    for picture in pictures().values():
        for quality in QUALITIES[9::10]:
            found.update(encode(picture, quality, "4:2:0"))
    return found.hexdigest()


if __name__ == "__main__":
    print(digest())
