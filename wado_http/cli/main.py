"""``wado``: the commands, and the one place where errors become a line and an exit status."""

import os
import signal
import sys
import warnings
from collections.abc import Callable, Sequence
from types import FrameType

import click

from wado_core.errors import WadoError
from wado_http.cli.config import config
from wado_http.cli.index import index
from wado_http.cli.info import info
from wado_http.cli.prerender import prerender
from wado_http.cli.render import render
from wado_http.cli.serve import serve
from wado_http.cli.text import printable, shown
from wado_http.cli.thumbnail import thumbnail

REFUSED = 1
WRONG_USAGE = 2
INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="wado", message="%(prog)s %(version)s")
def wado() -> None:
    """Serve and render medical images (DICOM).

    Point `wado serve` at a folder of DICOM files and open the address it prints; or turn single files into pictures
    with `wado render`. Files are only ever read.

    \b
    Examples:
      wado serve ~/images                      browse a folder at http://127.0.0.1:8080/
      wado config ~/images --port 9000         say what a server would be told, as a file of settings
      wado info ct.dcm                         say what is in a file
      wado render ct.dcm -o ct.jpg             make a picture of it
      wado render ct.dcm -o lung.png --window -600,1500
      wado thumbnail ~/images/study-17 -o small.jpg

    Exit status: 0 done, 1 refused or failed (one line says why), 2 wrong usage, 130 interrupted.
    """


for _command in (serve, index, prerender, config, info, render, thumbnail):
    wado.add_command(_command)


def main() -> int:
    """Run ``wado`` with the arguments of the process and return its exit status."""
    if not sys.warnoptions:
        # Warnings of libraries quote values of the files, and nobody at a command line can act on them. Child processes too.
        os.environ["PYTHONWARNINGS"] = "ignore"
        warnings.simplefilter("ignore")
    interrupts: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        interrupts.append(number)
        signal.default_int_handler(number, frame)

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupt)
    # A library may turn the interrupt into an error of its own, such as a database whose callback has failed: it stays one.
    return run(sys.argv[1:], lambda: bool(interrupts))


def run(arguments: Sequence[str], interrupted: Callable[[], bool] = lambda: False) -> int:
    """Run ``wado`` with ``arguments`` and return its exit status; refusals and failures become one line on standard error.

    interrupted: whether Ctrl-C was pressed, so that no error that it has caused is told as one.
    """
    try:
        status = wado.main(args=list(arguments), prog_name="wado", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return WRONG_USAGE
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "wado"
        _complain(error.format_message())
        click.echo(f"Try '{command} --help'.", err=True)
        return WRONG_USAGE
    except click.Abort:
        return INTERRUPTED
    except (click.ClickException, WadoError, OSError) as error:
        if interrupted():
            return INTERRUPTED
        _complain(_reason(error))
        return REFUSED
    return status if isinstance(status, int) else 0


def _reason(error: Exception) -> str:
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        return f"{shown(error.filename)}: {reason}" if isinstance(error.filename, (str, bytes)) else reason
    return str(error)


def _complain(message: str) -> None:
    click.echo(f"wado: {printable(' '.join(message.split()))}", err=True)
