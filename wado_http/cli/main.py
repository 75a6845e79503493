"""``wado``: the commands, and the one place where errors become a line and an exit status."""

import os
import sys
import warnings
from collections.abc import Sequence

import click

from wado_core.errors import WadoError
from wado_http.cli.index import index
from wado_http.cli.info import info
from wado_http.cli.render import render
from wado_http.cli.serve import serve
from wado_http.cli.text import printable
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
      wado info ct.dcm                         say what is in a file
      wado render ct.dcm -o ct.jpg             make a picture of it
      wado render ct.dcm -o lung.png --window -600,1500

    Exit status: 0 done, 1 refused or failed (one line says why), 2 wrong usage, 130 interrupted.
    """


for _command in (serve, index, info, render, thumbnail):
    wado.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``wado`` with ``arguments`` and return its exit status; None: those of the process, which is then ours."""
    if arguments is None and not sys.warnoptions:
        # Warnings of libraries quote values of the files, and nobody at a command line can act on them. Child processes too.
        os.environ["PYTHONWARNINGS"] = "ignore"
        warnings.simplefilter("ignore")
    try:
        status = wado.main(args=arguments, prog_name="wado", standalone_mode=False)
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
    except (click.ClickException, WadoError) as error:
        _complain(error.format_message() if isinstance(error, click.ClickException) else str(error))
        return REFUSED
    except OSError as error:
        reason = error.strerror or str(error)
        _complain(f"{os.fsdecode(error.filename)}: {reason}" if isinstance(error.filename, (str, bytes)) else reason)
        return REFUSED
    return status if isinstance(status, int) else 0


def _complain(message: str) -> None:
    click.echo(f"wado: {printable(' '.join(message.split()))}", err=True)
