"""Compiling the kernels where one can see it, before anything waits for them."""

import time

import click


def warm_up_visibly() -> None:
    """Compile or load all kernels and say how long it took."""
    from wado_core import assemble

    click.echo("Preparing the kernels (compiled once, loaded from then on) … ", nl=False)
    begin = time.monotonic()
    assemble.warm_up()
    click.echo(f"{time.monotonic() - begin:.1f} s")
