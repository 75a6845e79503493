"""Compiling the kernels where one can see it, before anything waits for them."""

import time

import click


def warm_up_visibly() -> None:
    """Compile or load all kernels and say how long it took."""
    click.echo("Preparing the kernels (compiled once, loaded from then on) … ", nl=False)
    begin = time.monotonic()
    from wado_core import assemble

    assemble.warm_up()
    click.echo(f"{time.monotonic() - begin:.1f} s")
