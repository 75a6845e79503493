"""Compiling the kernels where one can see it, before anything waits for them: ``python -m wado_http.cli.kernels``."""

import os
import signal
import sys
from collections.abc import Sequence

from wado_http.cli.control import Control

# What the supervisor writes meanwhile.
PREPARING = "Preparing the kernels (compiled once, loaded from then on) … "


def main(arguments: Sequence[str]) -> None:
    """Fill the cache.  arguments: the descriptor of the control socket; ends with the supervisor."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Control(int(arguments[0])).attend(ended=lambda: os._exit(1))
    from wado_core import assemble

    assemble.warm_up()


if __name__ == "__main__":
    main(sys.argv[1:])
