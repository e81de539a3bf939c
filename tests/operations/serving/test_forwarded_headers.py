"""What a proxy forwards, as ``manage.py serve`` and the shop together take it; over plain sockets.

Each network may ask for two pages with prices; so the answer tells whom a request counts as.
"""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.operations.test_doctor import closed_port
from tests.operations.test_serve import HOST, is_up, running, wait_for, web_server

#: There is no database, so a page that is let through is 503.
LET_THROUGH, BOUNDED, REDIRECTED = 503, 429, 301


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Of a server that trusts this machine's proxy, over https."""
    port = closed_port()
    settings = {"TRUSTED_PROXIES": HOST, "HTTPS": "1", "NETWORK_RATE": "1", "NETWORK_BURST": "2"}
    with running(web_server(port), Path(tmp_path_factory.mktemp("shop")), **settings):
        wait_for(lambda: is_up(port), seconds=30)
        yield port


def ask(port: int, *headers: str) -> int:
    """The status of the home page for a request with exactly these headers."""
    lines = ["GET / HTTP/1.1", "Host: localhost", *headers, "Connection: close", "", ""]
    with socket.create_connection((HOST, port), timeout=20) as connection:
        connection.sendall("\r\n".join(lines).encode())
        found = re.match(rb"HTTP/1\.1 (\d{3}) ", connection.recv(65536))
    assert found
    return int(found[1])


HTTPS = "X-Forwarded-Proto: https"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([], REDIRECTED),
        ([HTTPS], LET_THROUGH),
        (["X_Forwarded_Proto: https"], REDIRECTED),
        (["X_Forwarded_Proto: https", "X-Forwarded-Proto: http"], REDIRECTED),
        (["X-Forwarded-Proto: http", "X_Forwarded_Proto: https"], REDIRECTED),
        (["X-Forwarded_Proto: https"], REDIRECTED),
        # A client's own line comes before the proxy's.
        (["X-Forwarded-Proto: https", "X-Forwarded-Proto: http"], REDIRECTED),
    ],
)
def test_only_the_proxys_own_header_says_https(port: int, headers: list[str], status: int) -> None:
    assert ask(port, *headers) == status


def test_no_other_header_changes_whom_a_request_counts_as(port: int) -> None:
    client, another = "X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: 192.0.2.2"
    for _ in range(8):
        status = ask(port, HTTPS, client)
    assert status == BOUNDED
    for number, headers in enumerate(
        [
            ["X_Forwarded_For: 198.51.100.{}", client],
            [client, "X_Forwarded_For: 198.51.100.{}"],
            ["X-Forwarded_For: 198.51.100.{}", client],
            ["X-Forwarded-For: 198.51.100.{}", client],
            ["X-Forwarded-For: 198.51.100.{}, 192.0.2.1"],
            ["Forwarded: for=198.51.100.{}", "X-Real-IP: 198.51.100.{}", client],
        ]
    ):
        for _ in range(8):
            status = ask(port, HTTPS, *(each.format(number) for each in headers))
        assert status == BOUNDED, headers
    assert ask(port, HTTPS, another) == LET_THROUGH
