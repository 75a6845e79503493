"""One look at a folder and another one, in a process of its own, which tells what it took: ``python -m tests.hostile.folder_run``."""

import json
import resource
import sys
from pathlib import Path

from tests.hostile.served import Served


def run(state: Path, root: Path) -> dict[str, float]:
    """Index a folder and look at it again; return counts, seconds, and the most memory this process ever had, bytes."""
    served = Served(state, root)
    first = served.indexing.run([root], processes=2)
    peak = _peak_bytes()
    second = served.indexing.run([root], processes=2)
    found = first.totals.instances
    served.close()
    return {
        "found": found, "read": first.counts.files_read, "first_s": first.duration_s, "first_peak": peak,
        "unchanged": second.counts.unchanged, "read_again": second.counts.files_read, "second_s": second.duration_s,
        "second_peak": _peak_bytes(),
    }  # fmt: skip


def _peak_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(Path(sys.argv[1]), Path(sys.argv[2]))))
