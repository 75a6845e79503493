"""Print the report of the JPEG suite, or write it: ``python -m conformance.jpeg [--write]``. Fails when a criterion is not met."""

import sys

from conformance.jpeg import vectors
from conformance.jpeg.report import PATH, report
from conformance.jpeg.sections import NOT_MET


def main() -> int:
    """Return the exit status: 1 when a criterion is not met, 2 when the report cannot be written for want of the vectors."""
    if "--write" in sys.argv[1:] and not vectors.present():
        print(vectors.absence(), file=sys.stderr)
        return 2
    text = report()
    if "--write" in sys.argv[1:]:
        PATH.write_text(text)
    else:
        print(text, end="")
    return int(NOT_MET in text)


if __name__ == "__main__":
    sys.exit(main())
