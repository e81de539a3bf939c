"""The server as ``manage.py serve`` runs it: what no client can take more of than its share.

Over plain sockets, since no well-behaved client sends such requests.
"""

import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from shop.core.machine_clock import monotonic_seconds
from shop.operations.ports import TAKES_NOTHING_SECONDS
from shop.operations.serving.addresses import KB, MB
from shop.operations.serving.request_bodies import GRACE_SECONDS
from shop.operations.web_server import HEAD_SECONDS, MOST_HEAD_BYTES
from tests.operations.test_doctor import closed_port
from tests.operations.test_serve import HOST, is_up, running, wait_for, web_server

GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /bag/add/ HTTP/1.1\r\nHost: localhost\r\n"
#: For a machine that others use too.
SLACK = 5.0


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Of a server with two threads."""
    port = closed_port()
    with running(web_server(port), Path(tmp_path_factory.mktemp("shop"))):
        wait_for(lambda: is_up(port), seconds=30)
        yield port


class Client:
    """A connection to the server."""

    def __init__(self, port: int, receive_buffer: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect((HOST, port))
        self.socket.settimeout(20)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def statuses(self, count: int = 1) -> list[int]:
        """The statuses of the next answers; fewer if the connection ends before."""
        received = b""
        with suppress(ConnectionError):
            while len(re.findall(rb"HTTP/1\.[01] \d{3} ", received)) < count:
                if not (data := self.socket.recv(65536)):
                    break
                received += data
        return [int(each) for each in re.findall(rb"HTTP/1\.[01] (\d{3}) ", received)]

    def is_closed(self) -> bool:
        """Whether the server has closed it."""
        self.socket.setblocking(False)
        try:
            while self.socket.recv(65536):
                pass
        except BlockingIOError:
            return False
        except ConnectionError:
            return True
        return True


@pytest.fixture
def client(port: int) -> Iterator[Client]:
    one = Client(port)
    with one.socket:
        yield one


def test_ten_thousand_header_lines_are_refused(client: Client, port: int) -> None:
    with suppress(ConnectionError):
        client.send(GET + b"".join(b"X-%d: a\r\n" % number for number in range(10_000)) + b"\r\n")
    assert client.statuses() in ([431], [])
    assert is_up(port)


@pytest.mark.parametrize("size", [4 * MOST_HEAD_BYTES, 10 * MB])
def test_a_head_that_is_too_long_is_refused(client: Client, port: int, size: int) -> None:
    with suppress(ConnectionError):
        client.send(GET + b"Cookie: bag=" + b"a" * size + b"\r\n\r\n")
    assert client.statuses() in ([431], [])
    assert is_up(port)


def test_all_our_cookies_at_their_largest_are_taken(client: Client) -> None:
    cookies = b"; ".join(b"c%d=%s" % (number, b"a" * 4090) for number in range(8))
    client.send(GET + b"Cookie: " + cookies + b"\r\n\r\n")
    assert client.statuses() == [200]


def test_an_address_that_is_too_long_is_refused(client: Client, port: int) -> None:
    with suppress(ConnectionError):
        client.send(b"GET /" + b"a" * MB + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert client.statuses() in ([414], [431], [])
    assert is_up(port)


@pytest.mark.parametrize(
    ("path", "size"),
    [
        ("/bag/add/", 100 * MB),
        ("/stripe/webhook/", 100 * MB),
        ("/merchant/sales/sale/add/", 100 * MB),
        ("/bag/add/", 256 * KB + 1),
        ("/", 256 * KB + 1),
    ],
)
def test_a_body_that_is_too_large_is_refused_before_it_is_sent(
    client: Client, path: str, size: int
) -> None:
    client.send(
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n".encode()
    )
    assert client.statuses() == [413]


def test_whoever_asks_before_sending_is_told_no(client: Client) -> None:
    client.send(POST + b"Expect: 100-continue\r\nContent-Length: 104857600\r\n\r\n")
    assert client.statuses() == [413]


def test_a_body_without_end_is_cut_off(client: Client, port: int) -> None:
    client.send(POST + b"Transfer-Encoding: chunked\r\n\r\n")
    chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
    sent = 0
    with suppress(ConnectionError):
        while sent < 64 * MB:
            client.send(chunk)
            sent += len(chunk)
    # What the system's buffers hold besides differs.
    assert sent < 32 * MB
    assert is_up(port)


@pytest.mark.parametrize(
    "lengths",
    [
        b"Content-Length: 4\r\nContent-Length: 5\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: 1e3\r\n",
        b"Transfer-Encoding: gzip\r\n",
    ],
)
def test_a_body_of_unclear_length_is_refused(client: Client, lengths: bytes) -> None:
    client.send(POST + lengths + b"\r\nabcd")
    assert client.statuses() == [400]


def test_what_follows_a_body_of_two_lengths_is_no_second_request(client: Client) -> None:
    client.send(POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + GET)
    assert len(client.statuses(2)) <= 1


def test_requests_that_are_sent_ahead_are_answered_one_after_the_other(client: Client) -> None:
    client.send((GET + b"\r\n") * 20)
    assert client.statuses(20) == [200] * 20


def test_http_1_0_is_answered_and_closed(client: Client) -> None:
    client.send(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
    assert client.statuses() == [200]
    wait_for(client.is_closed)


@pytest.mark.parametrize(
    "said",
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /healthz HTTP/9.9\r\n\r\n",
        b"\x00" * 1000 + b"\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nA\x00b: c\r\n\r\n",
    ],
)
def test_what_is_no_request_of_http_1_is_refused_and_closed(client: Client, said: bytes) -> None:
    client.send(said)
    assert set(client.statuses()) <= {400, 505}
    wait_for(client.is_closed)


def test_a_web_socket_is_not_opened(client: Client, port: int) -> None:
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    client.send(GET + upgrade + b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
    assert client.statuses() == [200]
    assert is_up(port)


def test_an_underscore_does_not_pass_for_a_hyphen(client: Client) -> None:
    # A probe of 127.0.0.1 is answered whatever host it names, so another page is asked.
    client.send(b"GET /none/ HTTP/1.1\r\nHost: evil.example\r\nX_Forwarded_Host: localhost\r\n\r\n")
    assert client.statuses() == [400]


@pytest.mark.verify
def test_slow_and_idle_clients_hold_no_thread_and_are_dropped(port: int) -> None:
    with ExitStack() as stack:

        def connections(count: int, said: bytes) -> list[Client]:
            made = [Client(port) for _ in range(count)]
            for each in made:
                stack.enter_context(each.socket)
                if said:
                    each.send(said)
            return made

        slow_heads = connections(100, b"GET /healthz HTTP/1.1\r\nHost: loc")
        slow_bodies = connections(50, POST + b"Content-Length: 1000\r\n\r\noffer=")
        no_ends = connections(50, POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
        silent = connections(100, b"")
        idle = connections(100, GET + b"\r\n")
        began = monotonic_seconds()
        dripped, slowest = 0, 0.0
        while monotonic_seconds() - began < max(HEAD_SECONDS, GRACE_SECONDS) + SLACK:
            asked = monotonic_seconds()
            assert is_up(port)
            slowest = max(slowest, monotonic_seconds() - asked)
            for each in (*slow_heads[:50], *slow_bodies[:25]):
                with suppress(OSError):
                    each.socket.sendall(b"a")
                    dripped += 1
            time.sleep(0.5)
        print(f"400 slow clients, {dripped} bytes later: slowest answer {slowest * 1000:.0f} ms")
        assert slowest < 2
        kinds = {
            "heads": slow_heads,
            "bodies": slow_bodies,
            "no ends": no_ends,
            "silent": silent,
            "idle": idle,
        }
        left = {name: sum(not each.is_closed() for each in kind) for name, kind in kinds.items()}
        assert left == dict.fromkeys(kinds, 0)


@pytest.mark.verify
def test_who_asks_and_does_not_read_holds_no_thread_and_is_dropped(port: int) -> None:
    asks = b"GET /static/merchant.css HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2_000
    clients = [Client(port, receive_buffer=4096) for _ in range(8)]
    with ExitStack() as stack:
        for each in clients:
            stack.enter_context(each.socket)
            each.socket.setblocking(False)
            with suppress(BlockingIOError):
                each.socket.send(asks)
        began = monotonic_seconds()
        while monotonic_seconds() - began < TAKES_NOTHING_SECONDS + 4 * SLACK:
            assert is_up(port)
            time.sleep(1)
        # The system says so to whoever sends once more, and fails the send after that.
        for each in clients:
            with suppress(OSError):
                each.socket.send(b"a")
        time.sleep(1)
        for each in clients:
            with pytest.raises(ConnectionError):
                each.socket.send(b"a")
