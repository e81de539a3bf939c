"""A server that speaks as much of PostgreSQL's protocol as it takes to say nothing."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread


class MuteServer:
    """What it answers is up to three events.

    ``welcomes`` whoever connects, ``answers`` statements, but for those that sleep;
    ``wakes``: those too. ``canceled``: somebody has asked to cancel one.
    """

    def __init__(self) -> None:
        self.welcomes, self.answers, self.wakes, self.canceled = (Event() for _ in range(4))
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.port: int = self._socket.getsockname()[1]
        self._thread_of(self._accept)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _thread_of(self, work: object, *arguments: object) -> None:
        Thread(target=work, args=arguments, daemon=True).start()  # type: ignore[arg-type]

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                self._thread_of(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError, struct.error), client:
            while (code := self._start_up(client)) in {80877103, 80877104}:
                # It asks for TLS or GSS.
                client.sendall(b"N")
            if code == 80877102:
                self.canceled.set()
                return
            self.welcomes.wait()
            settings = (b"server_version\x0018.0\x00", b"client_encoding\x00UTF8\x00")
            client.sendall(
                _message(b"R", struct.pack("!i", 0))
                + b"".join(_message(b"S", each) for each in settings)
                + _message(b"K", struct.pack("!ii", 1, 1))
                + _message(b"Z", b"I")
            )
            sleeps = False
            while kind := client.recv(1):
                body = _exactly(client, struct.unpack("!i", _exactly(client, 4))[0] - 4)
                sleeps |= b"pg_sleep" in body
                if kind in b"QS":
                    (self.wakes if sleeps else self.answers).wait()
                    parsed = (
                        b"" if kind == b"Q" else _message(b"1") + _message(b"2") + _message(b"n")
                    )
                    client.sendall(parsed + _message(b"C", b"SELECT 0\x00") + _message(b"Z", b"I"))

    def _start_up(self, client: socket.socket) -> int:
        length, code = struct.unpack("!ii", _exactly(client, 8))
        _exactly(client, length - 8)
        return int(code)


@contextmanager
def mute_server() -> Iterator[MuteServer]:
    """A server of this kind, until the block ends. It welcomes, and does not answer."""
    server = MuteServer()
    server.welcomes.set()
    try:
        yield server
    finally:
        for event in (server.welcomes, server.answers, server.wakes):
            event.set()
        server.close()


def _message(kind: bytes, body: bytes = b"") -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


def _exactly(client: socket.socket, length: int) -> bytes:
    received = b""
    while len(received) < length:
        more = client.recv(length - len(received))
        if not more:
            raise OSError("It has hung up.")
        received += more
    return received
