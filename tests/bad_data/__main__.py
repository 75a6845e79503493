"""``python -m tests.bad_data [--one-in N] [--residue R] [WORD ...]``: mutants of all sample files, or of those with WORDs in their name."""

import argparse
import re
import time
from collections import Counter, defaultdict
from contextlib import suppress

from conformance.files import COLLECTIONS, files_of, root_of
from tests.bad_data.choice import jobs_of
from tests.bad_data.trial import DEFECTS
from tests.bad_data.workers import Tried, try_all

NUMBER = re.compile(r"(?<![(.,0-9A-F])-?[0-9]+(?![0-9A-F]*,)")
"""A number in a text that is none of a tag or clause; alike texts are counted together."""


def main() -> int:
    """Try the mutants and report; 1 when something came of one that must not."""
    parser = argparse.ArgumentParser(prog="python -m tests.bad_data", description=__doc__)
    parser.add_argument("words", nargs="*", metavar="WORD")
    parser.add_argument("--one-in", type=int, default=1, metavar="N", help="only every Nth mutant of a file")
    parser.add_argument("--residue", type=int, default=0, metavar="R", help="others of them: 0 to N - 1 are together all")
    parser.add_argument("--processes", type=int, default=2, metavar="N")
    parser.add_argument("--examples", type=int, default=3, metavar="N", help="examples shown of each defect")
    parser.add_argument("--show", default="", metavar="KIND", help="also list the details of outcomes whose name begins so")
    arguments = parser.parse_args()
    paths = {path: name for of in COLLECTIONS if root_of(of).is_dir() for name, path in files_of(of).items()}
    chosen = [path for path, name in paths.items() if all(word in name for word in arguments.words)]
    begin, counts = time.monotonic(), Counter[str]()
    defects: dict[tuple[str, str], list[Tried]] = defaultdict(list)
    shown = Counter[str]()
    with suppress(KeyboardInterrupt):  # what was found until then is reported
        for tried in try_all(jobs_of(chosen, arguments.one_in, arguments.residue), arguments.processes):
            counts[tried.outcome.kind] += 1
            if tried.outcome.kind in DEFECTS:
                defects[tried.outcome.kind, NUMBER.sub("#", tried.outcome.detail)].append(tried)
            elif arguments.show and tried.outcome.kind.startswith(arguments.show):
                shown[tried.outcome.detail] += 1
    for (kind, detail), of in sorted(defects.items(), key=lambda item: -len(item[1])):
        print(f"{len(of)} × {kind}: {detail}")
        for tried in of[:: max(1, len(of) // arguments.examples)][: arguments.examples]:
            print(f"      {paths[tried.path]} #{tried.number}: {tried.mutant}")
    for detail, count in shown.most_common():
        print(f"{count} × {detail}")
    print(f"{counts.total()} mutants in {time.monotonic() - begin:.0f} s")
    for kind, count in counts.most_common():
        print(f"  {count} {kind}")
    return 1 if defects else 0


if __name__ == "__main__":
    raise SystemExit(main())
