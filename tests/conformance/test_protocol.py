"""A.1 on the wire: HTTP/1.0, long queries, methods, hosts, and many clients at once."""

import socket
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.conformance.client import DICOM, Wado, q
from tests.conformance.server import Server


def exchange(server: Server, request: bytes) -> tuple[bytes, dict[bytes, bytes], bytes]:
    """Send bytes; return status line, headers in lower case, and all the bytes behind them until the server closes."""
    with socket.create_connection((server.host, server.port), timeout=30) as connection:
        connection.sendall(request)
        received = bytearray()
        while block := connection.recv(1 << 16):
            received += block
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    headers = dict(line.split(b": ", 1) for line in lines)
    return status, {name.lower(): value for name, value in headers.items()}, body


@pytest.mark.parametrize("more", ["", "&contentType=image/png", f"&contentType={DICOM}", "&rows=0"])
@pytest.mark.parametrize("host", ["", "Host: localhost\r\n"])
def test_a1_11_http_1_0(wado: Wado, more: str, host: str) -> None:
    """An HTTP/1.0 request, with and without Host: the same body, no chunked coding, and the connection is closed (A1.11)."""
    query = q("ct") + more
    status, headers, body = exchange(wado.server, f"GET /wado?{query} HTTP/1.0\r\n{host}\r\n".encode())
    expected = wado.ask(query)
    assert int(status.split()[1]) == expected.status_code
    assert b"transfer-encoding" not in headers
    assert body == expected.content
    assert int(headers[b"content-length"]) == len(body)


def test_a1_11_large_pictures_are_the_same_in_chunks_kept_and_to_http_1_0(wado: Wado) -> None:
    """Chunked coding to HTTP/1.1 clients only (A1.11), Content-Length where there is none (A5.4); the same bytes and headers."""
    query = f"{q('ct')}&rows=1500&imageQuality=100"
    answers = [wado.ask(query) for _ in range(2)]
    status, old, body = exchange(wado.server, f"GET /wado?{query} HTTP/1.0\r\n\r\n".encode())
    assert b"transfer-encoding" not in old
    assert int(old[b"content-length"]) == len(body)
    for answer in answers:
        assert (answer.status_code, answer.content) == (200, body)
        assert ("content-length" in answer.headers) != ("transfer-encoding" in answer.headers)
        for name in ("etag", "content-location", "last-modified", "cache-control", "vary"):
            assert answer.headers[name].encode() == old[name.encode()]
    assert int(answers[1].headers["content-length"]) == len(body)  # kept by now
    assert body.startswith(b"\xff\xd8")
    assert body.endswith(b"\xff\xd9")
    assert status.split()[1] == b"200"


def test_a1_11_http_1_0_head(wado: Wado) -> None:
    """HEAD over HTTP/1.0 has no body either (A1.10, A1.11)."""
    status, _, body = exchange(wado.server, f"HEAD /wado?{q('ct')} HTTP/1.0\r\n\r\n".encode())
    assert (status.split()[1], body) == (b"200", b"")


def test_a1_11_http_1_1_keeps_the_connection(wado: Wado) -> None:
    """Two requests over one HTTP/1.1 connection are answered in order (A1.11)."""
    get = f"GET /wado?{q('wide')}&contentType=image/png HTTP/1.1\r\nHost: localhost\r\n"
    _, _, rest = exchange(wado.server, f"{get}\r\n{get}Connection: close\r\n\r\n".encode())
    picture = wado.get("wide", "contentType=image/png").content
    assert rest.startswith(picture)
    assert rest.endswith(b"\r\n\r\n" + picture)
    assert rest.count(b"HTTP/1.1 200") == 1


def test_a1_13_eight_kibibytes_of_query_are_accepted(wado: Wado) -> None:
    """At least 8 KiB of query (A1.13)."""
    query = f"{q('ct')}&foo="
    response = wado.ask(query + "x" * (8192 - len(query)))
    assert (response.status_code, response.content) == (200, wado.get("ct").content)


@pytest.mark.parametrize("path", ["wado", ""])
def test_a1_13_longer_ones_are_refused(wado: Wado, path: str) -> None:
    """Beyond the limit: 414 (A1.13)."""
    assert wado.ask(f"{q('ct')}&foo={'x' * 20000}", path=path).status_code == 414


def test_a1_4_percent_encoding_is_decoded_everywhere(wado: Wado) -> None:
    """Names and values may be percent-encoded; encoded separators are part of the value (A1.4, A1.7, RFC 2396)."""
    encoded = q("ct").replace("requestType", "request%54ype").replace("WADO", "%57ADO").replace("2.25.", "2%2E25%2e")
    assert wado.ask(encoded).content == wado.get("ct").content
    assert wado.ask(q("ct").replace("&objectUID=", "%26objectUID=")).status_code == 400


def test_only_local_names_reach_a_local_server(wado: Wado) -> None:
    """A server that listens on loopback answers to its own names only, so that no web page can read it under another (A8.4)."""
    for host in ("example.org", "example.org:80", "127.0.0.1.example.org", "localhost.example.org"):
        assert wado.get("ct", host=host).status_code == 421
    for host in ("localhost", f"localhost:{wado.server.port}", "127.0.0.1", "[::1]:80"):
        assert wado.get("ct", host=host).status_code == 200


def test_j83_parallel_identical_requests_have_equal_answers(wado: Wado) -> None:
    """100 identical requests at once, some of whose clients leave at once: all others are answered, and equally (J.83).

    That they share one decode waits for counters one can ask for: test_later.
    """
    query = f"{q('pad')}&rows=300&contentType=image/png"
    request = f"GET /wado?{query} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    for _ in range(5):
        with socket.create_connection((wado.server.host, wado.server.port)) as leaving:
            leaving.sendall(request)
    limits = httpx.Limits(max_connections=100)
    with httpx.Client(trust_env=False, timeout=60, limits=limits) as http, ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(lambda _: http.get(f"{wado.server.url}wado?{query}"), range(100)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len({answer.headers["etag"] for answer in answers}) == 1


def test_a8_4_pages_hold_no_markup_of_objects_and_no_scripts(wado: Wado) -> None:
    """The pages allow no script and nothing from elsewhere, and open access for other origins is closed (A8.4, A3.13)."""
    page = wado.ask("", path="")
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "<script" not in page.text
    for response in (page, wado.get("ct", origin="http://example.org")):
        assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize("path", ["health/live", "health/ready"])
def test_health(wado: Wado, path: str) -> None:
    """Both are 200 while the server serves, and are never cached."""
    response = wado.ask("", path=path)
    assert (response.status_code, response.headers["cache-control"]) == (200, "no-store")


def test_endless_headers_are_refused(server: Server) -> None:
    """Memory is bounded whatever a client sends before it has asked for anything (A8.4): 431, and the connection is closed."""
    with socket.create_connection((server.host, server.port), timeout=30) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Endless: ")
        answer = b""
        try:
            for _ in range(200):
                connection.sendall(b"a" * 65536)
            answer = connection.recv(4096)
        except (BrokenPipeError, ConnectionResetError):
            answer = answer or b"closed"
    assert answer.startswith(b"HTTP/1.1 431 ") or answer == b"closed"


def test_long_but_bounded_headers_and_bodies_are_served(server: Server) -> None:
    """A cookie of 48 KB, many requests on one connection, and a body that belongs to no header."""
    with httpx.Client(base_url=server.url, headers={"cookie": "a" * 48_000}) as client:
        for _ in range(20):
            assert client.get("/health/live").status_code == 200
        assert client.post("/wado", content=b"a" * 1_000_000).status_code == 405
        assert client.get("/health/live").status_code == 200


def test_a_connection_that_says_nothing_holds_nobody_up(server: Server) -> None:
    with socket.create_connection((server.host, server.port), timeout=30), httpx.Client(base_url=server.url) as client:
        assert client.get("/health/live").status_code == 200
