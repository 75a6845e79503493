"""The socket that is served, bound before anything slow is done."""

import ipaddress
import os
import socket
import time
from errno import EADDRINUSE

import click

# Connections that may wait to be accepted.
BACKLOG = 2048
# How long the workers of a server that was killed may take to give its port free.
PATIENCE_S = 3.0


def reserve(host: str, port: int, patience_s: float = 0.0) -> socket.socket:
    """Return a socket bound to ``host`` and ``port`` (0: any free one); raises ClickException when another listens there.

    It does not listen yet: while kernels are compiled, who connects is refused at once instead of waiting for an answer.
    patience_s: how long to wait for another to stop listening there.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise click.ClickException(f"The host {host!r} is not known here.") from error
    # Where a name has addresses of both families, such as localhost, browsers find the IPv4 one.
    family, _, _, _, address = min(found, key=lambda entry: entry[0] is not socket.AF_INET)
    try:
        listener = _bound_in_time(family, (str(address[0]), port), time.monotonic() + patience_s)
    except OSError as error:
        reason = f"{os.strerror(error.errno or 0)}. Choose another with --port."
        raise click.ClickException(f"Port {port} of {host} cannot be listened on: {reason}") from error
    listener.setblocking(False)
    return listener


def _bound_in_time(family: int, address: tuple[str, int], deadline: float) -> socket.socket:
    while True:
        try:
            return _bound(family, address)
        except OSError as error:
            if error.errno != EADDRINUSE or time.monotonic() >= deadline:
                raise
        time.sleep(0.05)


def _bound(family: int, address: tuple[str, int]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the last server's connections may still be closing
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener


def listen(listener: socket.socket, host: str) -> None:
    """Begin to listen; raises ClickException when another has begun meanwhile."""
    try:
        listener.listen(BACKLOG)
    except OSError as error:
        raise click.ClickException(f"Port {listener.getsockname()[1]} of {host} is in use. Choose another with --port.") from error


def address_of(listener: socket.socket) -> str:
    """Return the numeric address that the socket listens on."""
    return str(listener.getsockname()[0]).partition("%")[0]


def is_loopback(address: str) -> bool:
    """Say whether only this machine can reach a numeric address."""
    return ipaddress.ip_address(address).is_loopback


def url(host: str, port: int) -> str:
    """Return the address to open in a browser."""
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
