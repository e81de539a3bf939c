"""Faults on order: what goes wrong between a shop and Stripe, made to go wrong.

    POST /faults {"on": "POST /v1/payment_intents/*/confirm", "kind": "timeout_after", "times": 1}
    GET /faults        what is still to come
    DELETE /faults     end all of it, also what hangs just now

A fault befalls the next `times` requests whose method and path match `on`, or the next events
whose type does. A `*` stands for anything: `POST /v1/payment_intents` is creation alone.

    timeout_before, timeout_after   nothing happens, or all of it, and no answer comes: the
                                    connection hangs for `seconds` and is closed
    timeout_late                    hangs first, takes effect after the client has given up
    reset_before, reset_after       the connection is reset, before or after the effect
    error_500_before                no effect, and nothing is kept for the idempotency key
    error_500_during, error_500_after
                                    without or with effect; as at Stripe the answer is kept for
                                    the idempotency key, and given again
    error_429                       too many requests: no effect, nothing kept

    webhook_never, webhook_twice    the event is lost, or arrives and arrives again
    webhook_late                    it is sent `seconds` later
    webhook_out_of_order            after another one about the same payment, or after `seconds`
    webhook_before_response         before the answer to the request that caused it, which waits
                                    for it, `seconds` at most
"""

import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from . import forms
from .context import Origin, new_id
from .errors import ApiError
from .http_messages import Request, Response
from .router import Application
from .store import Json
from .webhooks import Courier

OF_REQUESTS = frozenset({
    "timeout_before", "timeout_after", "timeout_late", "reset_before", "reset_after",
    "error_500_before", "error_500_during", "error_500_after", "error_429",
})  # fmt: skip
OF_DELIVERIES = frozenset(
    {"webhook_never", "webhook_twice", "webhook_late", "webhook_out_of_order"}
)
BEFORE_RESPONSE = frozenset({"webhook_before_response"})
OF_EVENTS = OF_DELIVERIES | BEFORE_RESPONSE

_OUR_FAULT = ApiError(
    "An unknown error occurred. It was ordered at the stand-in's /faults.",
    status=500,
    type="api_error",
)
_TOO_MANY = ApiError(
    "Request rate limit exceeded. It was ordered at the stand-in's /faults.",
    status=429,
    code="rate_limit",
)


@dataclass(slots=True)
class Fault:
    on: str
    kind: str
    times: int = 1
    seconds: float = 15.0


class Faults:
    """A layer around the application and the courier's deliveries, which know nothing of it."""

    def __init__(self, application: Application, courier: Courier | None) -> None:
        self._application = application
        self._has_courier = courier is not None
        self._ordered: list[Fault] = []
        #: Guards all of this, and tells who hangs or waits that something has changed.
        self._changed = threading.Condition()
        self._clearings = 0
        #: How often an event was sent, and how many about a payment.
        self._arrived: Counter[str] = Counter()
        if courier is not None:
            courier.deliver = partial(self._deliver, courier.deliver)

    def __call__(self, request: Request) -> Response:
        if request.path == "/faults":
            return self._manage(request)
        if (request.method, request.path) == ("POST", "/reset"):
            self._clear()
        if not request.path.startswith(("/v1/", "/bank/")):
            return self._application(request)
        fault = self._take(f"{request.method} {request.path}", OF_REQUESTS)
        return self._fail(request, fault) if fault else self._answer(request)

    # Orders

    def _manage(self, request: Request) -> Response:
        if request.headers.get("origin") not in (None, self._application.context.base_url):
            return Response.of_json(403, {"error": {"message": "Not from another site's page."}})
        if request.method == "POST":
            try:
                fault = self._read(request.body)
            except (ValueError, TypeError) as error:
                return Response.of_json(400, {"error": {"message": str(error)}})
            with self._changed:
                self._ordered.append(fault)
        elif request.method == "DELETE":
            self._clear()
        elif request.method != "GET":
            return Response.of_json(405, {"error": {"message": "POST, GET or DELETE."}})
        with self._changed:
            return Response.of_json(200, {"faults": [asdict(fault) for fault in self._ordered]})

    def _read(self, body: bytes) -> Fault:
        fault = Fault(**json.loads(body))
        if not isinstance(fault.on, str) or not fault.on:
            raise ValueError("`on` is a method and a path, or the type of an event.")
        if fault.kind not in OF_REQUESTS | OF_EVENTS:
            raise ValueError(f"`kind` is one of {', '.join(sorted(OF_REQUESTS | OF_EVENTS))}.")
        if type(fault.times) is not int or fault.times < 1:
            raise ValueError("`times` is a whole number from 1 on.")
        if not isinstance(fault.seconds, int | float) or fault.seconds < 0:
            raise ValueError("`seconds` is a number from 0 on.")
        if fault.kind in OF_EVENTS and not self._has_courier:
            raise ValueError("The stand-in was started without --webhook-url.")
        return fault

    def _clear(self) -> None:
        with self._changed:
            self._ordered.clear()
            self._clearings += 1
            self._changed.notify_all()

    def _take(self, what: str, kinds: frozenset[str]) -> Fault | None:
        """The first fault that was ordered for this, one time less to come."""
        with self._changed:
            for fault in self._ordered:
                if fault.kind in kinds and fnmatchcase(what, fault.on):
                    fault.times -= 1
                    if not fault.times:
                        self._ordered.remove(fault)
                    return fault
        return None

    def _wait(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """Wait, until it is true or all faults are ended."""
        with self._changed:
            clearings = self._clearings
            self._changed.wait_for(lambda: until() or self._clearings != clearings, seconds)

    # Requests

    def _answer(self, request: Request) -> Response:
        response = self._application(request)
        if request.method == "POST" and any(each.kind in BEFORE_RESPONSE for each in self._ordered):
            self._send_events_first(response.headers.get("Request-Id", ""))
        return response

    def _fail(self, request: Request, fault: Fault) -> Response:
        if fault.kind == "error_429":
            return Response.of_json(_TOO_MANY.status, _TOO_MANY.body)
        kind, _, moment = fault.kind.rpartition("_")
        if moment in {"during", "after"} and kind == "error_500" and self._is_replayed(request):
            return self._answer(request)
        if moment == "late":
            self._wait(fault.seconds)
        if moment in {"after", "late"}:
            self._answer(request)
        if kind == "error_500":
            return self._break(request, is_kept=moment != "before")
        if moment != "late" and kind == "timeout":
            self._wait(fault.seconds)
        # The server closes the connection of who raises this, and resets it for a reset.
        raise ConnectionResetError if kind == "reset" else ConnectionAbortedError

    def _is_replayed(self, request: Request) -> bool:
        key = request.headers.get("idempotency-key")
        store = self._application.context.store
        return bool(key and store.execute("SELECT 1 FROM answers WHERE key = ?", (key,)))

    def _break(self, request: Request, *, is_kept: bool) -> Response:
        response = Response.of_json(_OUR_FAULT.status, _OUR_FAULT.body)
        key = request.headers.get("idempotency-key")
        if is_kept and key:
            params = forms.decode("&".join(filter(None, (request.query, request.body.decode()))))
            came_from = Origin(new_id("req"), key)
            with self._application.context.store.transaction():
                self._application.api.keys.keep(came_from, request.path, params, response)
        return response

    # Events

    def _deliver(self, deliver: Callable[[Json], bool], event: Json) -> bool:
        """One attempt of the courier's, with what befalls the event on its way."""
        payment = _payment(event)
        if fault := self._take(event["type"], OF_DELIVERIES):
            if fault.kind == "webhook_never":
                return True  # as far as the courier knows
            if fault.kind == "webhook_twice":
                deliver(event)
            elif fault.kind == "webhook_late":
                self._wait(fault.seconds)
            else:
                before = self._arrived[payment]
                self._wait(fault.seconds, lambda: self._arrived[payment] > before)
        is_delivered = deliver(event)
        with self._changed:
            self._arrived.update({event["id"], payment})
            self._changed.notify_all()
        return is_delivered

    def _send_events_first(self, request_id: str) -> None:
        for record in self._application.context.store.find("event"):
            event = record.body
            if event["request"]["id"] != request_id or not event["pending_webhooks"]:
                continue
            if fault := self._take(event["type"], BEFORE_RESPONSE):
                self._wait(fault.seconds, lambda id=event["id"]: self._arrived[id] > 0)  # type: ignore[misc]


def _payment(event: Json) -> str:
    about: dict[str, Any] = event["data"]["object"]
    return str(about.get("payment_intent") or about["id"])
