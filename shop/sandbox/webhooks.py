"""Delivering events: signed, at least once, in no particular order, until the shop says 2xx.

The signature is Stripe's scheme `v1`: HMAC-SHA256 over `timestamp.body` with the endpoint's secret
(https://docs.stripe.com/webhooks#verify-manually). The time is the time of this attempt, real time,
whatever the shop's own clock shows.
"""

import hashlib
import hmac
import json
import threading
import time
import urllib.request
from collections.abc import Callable

from .store import Json, Store

#: Seconds to wait after the first, second, … failure. Stripe takes hours; a developer will not.
BACK_OFF = (1, 2, 5, 10, 30, 60)
GIVE_UP_AFTER = 100
TIMEOUT = 10
AT_ONCE = 8


def sign(payload: bytes, secret: str, timestamp: int) -> str:
    """The value of `Stripe-Signature` for a body sent at this time."""
    signed = f"{timestamp}.".encode() + payload
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


def deliver(event: Json, *, url: str, secret: str) -> bool:
    """One attempt. Only an answer of 2xx counts; a redirect is a refusal, as at Stripe."""
    payload = json.dumps(event, indent=2).encode()
    request = urllib.request.Request(
        url,
        data=payload,
        headers={
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": sign(payload, secret, int(time.time())),
        },
    )
    try:
        with _OPENER.open(request, timeout=TIMEOUT) as response:
            return bool(200 <= response.status < 300)
    except (OSError, ValueError):
        return False


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object, **kwargs: object) -> None:
        return None


#: Straight to the shop: a proxy of the environment has no business between two local processes.
_OPENER = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))


class Courier:
    """Delivers what is due, a few events at a time, each in a thread of its own.

    What is under way is known to this process alone: after a restart it is due again, hence
    'at least once'. `deliver` makes one attempt, and says whether it arrived.
    """

    def __init__(self, store: Store, deliver: Callable[[Json], bool]) -> None:
        self.store = store
        self.deliver = deliver
        #: Called after each attempt: another may be due sooner.
        self.wake: Callable[[], None] = lambda: None
        self._under_way: set[str] = set()
        self._lock = threading.Lock()

    def run_due(self) -> float:
        """Start what is due; returns the seconds until more will be."""
        now = time.time()
        with self._lock:
            free = AT_ONCE - len(self._under_way)
            rows = self.store.execute(
                "SELECT event, due FROM deliveries ORDER BY due LIMIT ?", (AT_ONCE + free + 1,)
            )
            waiting = [(event, due) for event, due in rows if event not in self._under_way]
            ready = [event for event, due in waiting if due <= now][:free]
            self._under_way.update(ready)
        for event in ready:
            threading.Thread(target=self._attempt, args=(event,), daemon=True).start()
        future = [due - now for _, due in waiting if due > now]
        return min(future, default=60.0)

    def _attempt(self, id: str) -> None:
        try:
            record = self.store.get("event", id)
            delivered = record is None or self.deliver(record.body)
            with self.store.transaction():
                self._note(id, delivered)
        finally:
            with self._lock:
                self._under_way.discard(id)
            self.wake()

    def _note(self, id: str, delivered: bool) -> None:
        rows = self.store.execute("SELECT attempts FROM deliveries WHERE event = ?", (id,))
        if not rows:  # forgotten meanwhile by a reset
            return
        attempts = rows[0][0] + 1
        if delivered or attempts >= GIVE_UP_AFTER:
            self.store.execute("DELETE FROM deliveries WHERE event = ?", (id,))
            record = self.store.get("event", id)
            if delivered and record is not None:
                record.body["pending_webhooks"] = 0
                self.store.put(record)
            return
        wait = BACK_OFF[min(attempts, len(BACK_OFF)) - 1]
        self.store.execute(
            "UPDATE deliveries SET attempts = ?, due = ? WHERE event = ?",
            (attempts, time.time() + wait, id),
        )
