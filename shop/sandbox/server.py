"""HTTP/1.1 around a function from Request to Response: keep-alive, a thread for each connection."""

import socket
import struct
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from .http_messages import Request, Response

type Handler = Callable[[Request], Response]

MAX_BODY = 1_000_000


class Server(ThreadingHTTPServer):
    daemon_threads = True
    # Stopping must not wait for the keep-alive connections of a shop that is still up.
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: Handler, *, log: bool = False) -> None:
        super().__init__(address, _Connection)
        self.handler = handler
        self.log = log

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news; anything else is.

        A handler may hang up too: a reset that it raises resets the connection.
        """
        error = sys.exception()
        if isinstance(error, ConnectionResetError) and isinstance(request, socket.socket):
            # Closed with no time to linger, TCP sends RST in the place of FIN.
            request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            request.close()
        if not isinstance(error, ConnectionError | TimeoutError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "StripeStandIn"
    sys_version = ""
    # Head and body leave in one segment, and at once: a small answer must never wait for an ACK.
    wbufsize = 64 * 1024
    disable_nagle_algorithm = True
    timeout = 75
    server: Server

    def _serve(self) -> None:
        started = time.perf_counter()
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > MAX_BODY or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self._send(Response.of_text(413, "Too large, or of unknown length.", "text/plain"))
            return
        parts = urlsplit(self.path)
        request = Request(
            method="GET" if self.command == "HEAD" else self.command,
            path=parts.path,
            query=parts.query,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(length)),
        )
        response = self.server.handler(request)
        self._send(response)
        if self.server.log:
            # The path alone: a query string may hold a client secret.
            took = (time.perf_counter() - started) * 1000
            print(f"{self.command} {parts.path} {response.status} {took:.0f} ms", file=sys.stderr)

    do_GET = do_HEAD = do_POST = do_OPTIONS = do_DELETE = do_PUT = do_PATCH = _serve

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status != 204:
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    def log_message(self, format: str, *args: object) -> None:
        """`_serve` logs, if anybody asked for it."""
