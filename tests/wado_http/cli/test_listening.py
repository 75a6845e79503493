"""The socket that is served."""

import socket

import click
import pytest

from wado_http.cli.listening import BACKLOG, address_of, is_loopback, reserve, url


def test_a_reserved_port_refuses_until_it_listens() -> None:
    with reserve("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        assert port > 0
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)
        listener.listen(BACKLOG)
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            pass  # accepted into the queue before anything serves
        with pytest.raises(click.ClickException, match=f"Port {port} of 127.0.0.1 cannot be listened on: .* in use.*--port"):
            reserve("127.0.0.1", port)


def test_localhost_is_ipv4_loopback() -> None:
    with reserve("localhost", 0) as listener:
        assert address_of(listener) == "127.0.0.1"


def test_unknown_host_is_one_line() -> None:
    with pytest.raises(click.ClickException, match="not known here"):
        reserve("host.invalid", 0)
    with pytest.raises(click.ClickException, match="not known here"):
        reserve("a" * 70 + ".example", 0)


@pytest.mark.parametrize(
    ("address", "expected"),
    [("127.0.0.1", True), ("127.8.9.1", True), ("::1", True), ("0.0.0.0", False), ("::", False), ("192.0.2.1", False)],  # noqa: S104
)
def test_only_loopback_addresses_are_this_machine_alone(address: str, expected: bool) -> None:
    assert is_loopback(address) is expected


def test_url_brackets_ipv6() -> None:
    assert url("127.0.0.1", 8080) == "http://127.0.0.1:8080/"
    assert url("::1", 80) == "http://[::1]:80/"
