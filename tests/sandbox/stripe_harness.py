"""Helpers of these tests: a local server, and a shop's webhook inbox."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

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


class LocalServer(ThreadingHTTPServer):
    """A server on a free port of this machine, which serves while it is entered."""

    daemon_threads = True

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.origin = f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.shutdown()
        self.server_close()


class Inbox(LocalServer):
    """A shop's webhook endpoint: it keeps the events, and answers with the next of ``answers``."""

    def __init__(self) -> None:
        super().__init__(_InboxHandler)
        self.letters: list[tuple[bytes, str]] = []
        self.answers: list[int] = []
        #: Cleared, it keeps every answer back: a shop that hangs.
        self.gate = threading.Event()
        self.gate.set()
        self.url = f"{self.origin}/stripe/webhook/"
        #: Of the stand-in, so that it sends its events here.
        self.arguments = ("--webhook-url", self.url, "--webhook-secret", WEBHOOK_SECRET)

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


class _InboxHandler(BaseHTTPRequestHandler):
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
