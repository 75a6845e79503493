"""One look at a folder and another one, in a process of its own that does nothing else: ``python -m tests.hostile.folder_run``."""

import json
import resource
import sys
from pathlib import Path

from wado_core.archive.index_sql import SqlIndex
from wado_core.archive.store_files import FileStore
from wado_core.archive.walk import walk
from wado_core.services.indexing import Indexing
from wado_core.settings import Limits

_STATUS = Path("/proc/self/status")


def run(state: Path, root: Path) -> dict[str, float]:
    """Index a folder and look at it again; return counts, processor seconds, and the most memory this process ever had, bytes."""
    index = SqlIndex(state, writing=True)
    indexing = Indexing(index, FileStore(), walk, Limits(), (root,), settling_s=5.0)
    before_s = _processor_s()
    first = indexing.run([root], processes=2)
    first_s, first_peak = _processor_s() - before_s, _peak_bytes()
    second = indexing.run([root], processes=2)
    index.close()
    return {
        "found": first.totals.instances, "read": first.counts.files_read, "first_s": first_s, "first_peak": first_peak,
        "unchanged": second.counts.unchanged, "read_again": second.counts.files_read,
        "second_s": _processor_s() - before_s - first_s, "second_peak": _peak_bytes(),
    }  # fmt: skip


def _processor_s() -> float:
    """Return the seconds of this process and of those that it has ended."""
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)


def _peak_bytes() -> int:
    if _STATUS.exists():  # Linux; what getrusage says there counts the process that started this one
        return 1024 * int(next(line.split()[1] for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:")))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(Path(sys.argv[1]), Path(sys.argv[2]))))
