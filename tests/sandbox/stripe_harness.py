"""Helpers of these tests: the stand-in as a process, a client for it, a shop's webhook inbox."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import stripe

PUBLISHABLE_KEY = "pk_test_conformance"


WEBHOOK_SECRET = "whsec_conformance"


#: Long enough to be seen as `processing`, short enough to wait for.
DELAY = 0.4


def eventually(what: Any, *, within: float = 8.0) -> Any:
    """The first true answer of `what`, asked again and again for a while."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if answer := what():
            return answer
        time.sleep(0.03)
    raise AssertionError(f"nothing within {within} s")


class Inbox(ThreadingHTTPServer):
    """A shop's webhook endpoint that keeps what it gets, and answers as it is told."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Letterbox)
        self.letters: list[tuple[bytes, str]] = []
        self.answers: list[int] = []
        #: Cleared, it keeps every answer back: a shop that hangs.
        self.gate = threading.Event()
        self.gate.set()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/stripe/webhook/"

    def events(self, *types: str, about: str | None = None) -> list[stripe.Event]:
        """What arrived, each letter opened with the library's own signature check."""
        events = [
            stripe.Webhook.construct_event(payload, signature, WEBHOOK_SECRET)
            for payload, signature in list(self.letters)
        ]
        return [
            event
            for event in events
            if (not types or event.type in types)
            and (about is None or about in (event.data.object["id"], _payment(event)))
        ]


def _payment(event: stripe.Event) -> str | None:
    return event.data.object.to_dict().get("payment_intent")


class _Letterbox(BaseHTTPRequestHandler):
    server: Inbox

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.letters.append((body, self.headers["Stripe-Signature"]))
        self.server.gate.wait(timeout=20)
        status = self.server.answers.pop(0) if self.server.answers else 200
        self.send_response(status)
        if status == 302:
            self.send_header("Location", self.server.url)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass
