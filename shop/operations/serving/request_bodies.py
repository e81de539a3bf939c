"""Reading a request's body before a thread works on it: within bounds of size, time and number.

A slow sender holds a connection, and no thread. The body lies in memory, a large one on the disk.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from shop.core.machine_clock import monotonic_seconds
from shop.operations.serving.addresses import KB, MB
from shop.operations.serving.request_queue import Overloaded

#: A body has to be there after so many seconds, and one more for each of so many bytes.
GRACE_SECONDS = 10.0
SLOWEST_BYTES_A_SECOND = 64 * KB
#: Larger bodies count towards the most that a process takes in at a time, and lie on the disk.
LARGE = 256 * KB
MOST_AT_A_TIME = 512 * MB

type Message = Mapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]


class BodyTooLarge(Exception):
    """The address takes no body of that size."""


class BodyTooSlow(Exception):
    """The body did not come in time."""


class LengthInvalid(Exception):
    """The length that the request names is no number."""


class Disconnected(Exception):
    """Whoever sent the request is gone: there is nobody to answer."""


class RequestBodies:
    """All bodies that a process is reading, or has read and not done with."""

    def __init__(self) -> None:
        #: Bytes of those that are large.
        self._held = 0

    async def read(
        self, headers: Mapping[bytes, bytes], receive: Receive, most_bytes: int
    ) -> "RequestBody":
        """The whole body, which the caller closes.

        :raises BodyTooLarge: it has more than ``most_bytes``; if its length says so, before a byte
            is read
        :raises BodyTooSlow: it did not come in time
        :raises LengthInvalid: its length is no number
        :raises Overloaded: too many large ones at a time
        :raises Disconnected: it ended early
        """
        body = RequestBody(self)
        if b"content-length" not in headers and b"transfer-encoding" not in headers:
            return body
        if _named_length(headers) > most_bytes:
            raise BodyTooLarge
        try:
            await _fill(body, receive, most_bytes)
        except BaseException:
            body.close()
            raise
        return body

    def hold(self, count: int) -> None:
        """Count bytes of a large body.

        :raises Overloaded: there are too many
        """
        if self._held + count > MOST_AT_A_TIME:
            raise Overloaded("too many large forms at a time")
        self._held += count

    def release(self, count: int) -> None:
        """Count bytes of a large body no more."""
        self._held -= count


class RequestBody:
    """The body of one request."""

    def __init__(self, bodies: RequestBodies) -> None:
        self._bodies = bodies
        self._held = 0
        self.size = 0
        self.file: IO[bytes] = SpooledTemporaryFile(max_size=LARGE)  # noqa: SIM115

    def add(self, chunk: bytes) -> None:
        """:raises Overloaded: too many large bodies at a time"""
        if self.size + len(chunk) > LARGE:
            self._bodies.hold(len(chunk))
            self._held += len(chunk)
        self.size += len(chunk)
        self.file.write(chunk)

    def close(self) -> None:
        """Free what it took."""
        self.file.close()
        self._bodies.release(self._held)
        self._held = 0


async def _fill(body: RequestBody, receive: Receive, most_bytes: int) -> None:
    began = monotonic_seconds()
    while True:
        left = began + GRACE_SECONDS + body.size / SLOWEST_BYTES_A_SECOND - monotonic_seconds()
        try:
            async with asyncio.timeout(left):
                message = await receive()
        except TimeoutError:
            raise BodyTooSlow from None
        if message["type"] != "http.request":
            raise Disconnected
        chunk = message.get("body", b"")
        if body.size + len(chunk) > most_bytes:
            raise BodyTooLarge
        body.add(chunk)
        if not message.get("more_body"):
            break
    body.file.seek(0)


def _named_length(headers: Mapping[bytes, bytes]) -> int:
    named = headers.get(b"content-length", b"0")
    if not named.isdigit():
        raise LengthInvalid
    return int(named)
