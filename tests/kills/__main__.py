"""``python -m tests.kills [--kills 200] [--seed 1]``: a long run, and what it showed."""

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median

from tests.kills.run import run


def main() -> int:
    """Run, print, and return 1 when anything was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.kills")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--objects", type=int, default=400)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        outcome = run(Path(folder), chosen.kills, chosen.seed, objects=chosen.objects)
    print(f"kills     {dict(outcome.kills)} in {outcome.duration_s:.0f} s, {outcome.changes} changes of files meanwhile")
    print(f"answers   {dict(outcome.answers)}")
    if outcome.back_s:
        print(f"back      after a supervisor: median {median(outcome.back_s):.2f} s, longest {max(outcome.back_s):.2f} s")
    print(f"end       {outcome.deleted} of {chosen.objects} objects deleted; exit status {outcome.exit_status}")
    for name, found in (("wrong", outcome.wrong), ("lost", outcome.lost), ("damaged", outcome.damaged)):
        print(f"{name:<9} {len(found)}")
        for line in found[:20]:
            print(f"          {line}")
    return 1 if outcome.wrong or outcome.lost or outcome.damaged or outcome.exit_status else 0


if __name__ == "__main__":
    sys.exit(main())
