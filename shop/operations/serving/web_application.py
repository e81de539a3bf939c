"""The shop as an ASGI application, in front of its WSGI one: what ``manage.py serve`` runs.

A request is read whole, within bounds; it waits for its turn, by priority; a thread answers it; the
answer is sent. Only the third takes a thread.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any

from django.utils import timezone

from shop.core.machine_clock import monotonic_seconds
from shop.operations.serving import early_answers
from shop.operations.serving.addresses import KB, AddressKind, Priority, kind_of
from shop.operations.serving.request_bodies import (
    BodyTooLarge,
    BodyTooSlow,
    Disconnected,
    LengthInvalid,
    Receive,
    RequestBodies,
)
from shop.operations.serving.request_queue import PATIENCE, Overloaded, RequestQueue, Turn
from shop.operations.serving.wsgi_calls import (
    WholeAnswer,
    WsgiApplication,
    call,
    environ_of,
    headers_of,
)
from shop.sales.outage_watch import shop_outages

logger = logging.getLogger(__name__)

#: Bytes of a long answer that are sent at a time.
_PIECE = 64 * KB

type Send = Callable[[dict[str, Any]], Awaitable[None]]
type Scope = Mapping[str, Any]


class WebApplication:
    """Answers requests by a WSGI application, on threads of its own."""

    def __init__(self, application: WsgiApplication, *, threads: int) -> None:
        """:param threads: see ``RequestQueue``"""
        self._application = application
        self._queue = RequestQueue(threads)
        self._bodies = RequestBodies()
        self._pool = ThreadPoolExecutor(self._queue.most_at_a_time, thread_name_prefix="request")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            answer = await self._answer(scope, receive)
        except Disconnected:
            return
        await _send(answer, send)

    async def _answer(self, scope: Scope, receive: Receive) -> WholeAnswer:
        headers, kind = headers_of(scope), kind_of(scope["path"])
        try:
            body = await self._bodies.read(headers, receive, kind.most_bytes)
        except (BodyTooLarge, BodyTooSlow, LengthInvalid) as error:
            return early_answers.out_of_bounds(error)
        except Overloaded as error:
            _note(scope, kind, error)
            return early_answers.busy(scope, headers, None, kind.priority)
        try:
            turn = await self._turn(kind.priority, receive)
            return await self._work(turn, environ_of(scope, headers, body))
        except Overloaded as error:
            _note(scope, kind, error)
            return early_answers.busy(scope, headers, body, kind.priority)
        finally:
            body.close()

    async def _work(self, turn: Turn, environ: dict[str, Any]) -> WholeAnswer:
        """Have a thread answer, and free it for others."""
        loop, began = asyncio.get_running_loop(), monotonic_seconds()
        try:
            return await loop.run_in_executor(self._pool, call, self._application, environ)
        finally:
            self._queue.finish(turn, monotonic_seconds() - began)

    async def _turn(self, priority: Priority, receive: Receive) -> Turn:
        """Wait for a thread.

        :raises Overloaded: none is free in time
        :raises Disconnected: the sender has gone before one was
        """
        begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        turn = Turn(priority, lambda: begun.set_result(None))
        self._queue.join(turn)
        if begun.done():
            return turn
        gone = asyncio.ensure_future(_disconnection(receive))
        try:
            await asyncio.wait(
                {begun, gone},
                timeout=PATIENCE[priority],
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            gone.cancel()
            if not begun.done():
                self._queue.leave(turn)
        if begun.done():
            return turn
        if gone.done():
            raise Disconnected
        raise Overloaded(f"has waited {PATIENCE[priority]:g} s")


async def _disconnection(receive: Receive) -> None:
    """Wait until the sender has gone; the body is read."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _note(scope: Scope, kind: AddressKind, error: Overloaded) -> None:
    """Tell the log; where somebody was buying, note an outage as any other 503 does."""
    logger.error("%s %s is not answered", scope["method"], scope["path"], exc_info=error)
    if kind.is_purchase:
        shop_outages.failed(timezone.now())  # noqa: TID251


async def _send(answer: WholeAnswer, send: Send) -> None:
    start = {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
    await send(start)
    if answer.file is None:
        await send({"type": "http.response.body", "body": answer.body, "more_body": False})
        return
    with answer.file:
        await _send_file(answer.file, send)


async def _send_file(file: IO[bytes], send: Send) -> None:
    while piece := file.read(_PIECE):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
