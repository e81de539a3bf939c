"""A Stripe that loses questions and answers, or takes the shop's process down with it."""

import http.client
import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import stripe

from shop.orders.limits import card_key
from shop.qa.pytest_plugin.factories import ROOT

#: Good: paid at once. Bank: the bank asks the shopper. Debit: decided days later.
GOOD = ("pm_card_visa", "pm_card_mastercard", "pm_card_amex", "pm_card_standIn_noFingerprint")
BAD = ("pm_card_visa_chargeDeclined",)
BANK = ("pm_card_authenticationRequired", "pm_card_threeDSecureRequiredChargeDeclined")
DEBIT = ("pm_sepaDebit_standIn_success", "pm_sepaDebit_standIn_failure")
FAULTS = ("answer lost", "question lost", "server dies")


class ServerDied(BaseException):
    """The process ends in the middle of a request. Not an Exception: the shop cannot catch it."""


@dataclass
class StripeFault:
    """A fault of the shop's calls to Stripe: ``calls`` of them, once ``after`` have succeeded."""

    kind: str = ""
    after: int = 0
    calls: int = 0
    #: Calls that failed so far.
    hits: int = 0

    def arm(self, kind: str, after: int, calls: int) -> None:
        self.kind, self.after, self.calls = kind, after, calls

    def clear(self) -> None:
        self.kind, self.calls = "", 0

    def take(self) -> str:
        """The fault of the next call, or ""."""
        if not self.kind:
            return ""
        if self.after > 0:
            self.after -= 1
            return ""
        kind, self.hits = self.kind, self.hits + 1
        self.calls -= 1
        if self.calls <= 0:
            self.clear()
        return kind


def _connection_error(text: str) -> stripe.APIConnectionError:
    return stripe.APIConnectionError(text)  # type: ignore[no-untyped-call]


class UnreliableClient(stripe.RequestsClient):
    """The shop's HTTP client for Stripe, with faults."""

    fault = StripeFault()

    def request_with_retries(self, *args: Any, **kwargs: Any) -> Any:
        kind = self.fault.take()
        if kind == "question lost":
            raise _connection_error("There is no way to Stripe.")
        answer = super().request_with_retries(*args, **kwargs)
        if kind == "answer lost":
            raise _connection_error("Stripe's answer was lost.")
        if kind == "server dies":
            raise ServerDied
        return answer


@dataclass
class StandIn:
    """The Stripe stand-in, asked directly and not through the shop."""

    base: str
    db: Path

    def ask(self, method: str, path: str, form: Mapping[str, str] | None = None) -> Any:
        where = urlsplit(self.base)
        link = http.client.HTTPConnection(where.hostname or "", where.port, timeout=10)
        try:
            headers = {
                "Authorization": "Bearer sk_test_shop",
                "Content-Type": "application/x-www-form-urlencoded",
            }
            link.request(method, path, urlencode(form or {}), headers)
            answer = link.getresponse()
            body = answer.read()
        finally:
            link.close()
        return json.loads(body) if answer.headers.get_content_subtype() == "json" else {}

    def reset(self) -> None:
        self.ask("POST", "/reset")

    def ledger(self) -> list[dict[str, Any]]:
        intents: list[dict[str, Any]] = self.ask("GET", "/ledger")["intents"]
        return intents

    def token(self, card: str) -> tuple[str, str]:
        """A card's ConfirmationToken, and its key in the shop's limits."""
        token = self.ask("POST", "/v1/test_helpers/confirmation_tokens", {"payment_method": card})
        fingerprint = (token["payment_method_preview"].get("card") or {}).get("fingerprint", "")
        return token["id"], card_key(fingerprint)

    def bank_pages(self) -> list[str]:
        """Addresses of the bank pages that wait for a shopper, the oldest first."""
        intents = self.ask("GET", "/v1/payment_intents?limit=100")["data"]
        actions = [each["next_action"] for each in intents if each["next_action"]]
        return [action["redirect_to_url"]["url"] for action in actions[::-1]]

    def decide(self, bank_page: str, *, approve: bool) -> None:
        where = urlsplit(bank_page)
        attempt = where.query.removeprefix("attempt=")
        decision = "approve" if approve else "decline"
        self.ask("POST", where.path, {"attempt": attempt, "decision": decision})

    def decide_debits(self, intents: Iterable[str]) -> None:
        """Let the banks decide now about these debits."""
        wanted = list(intents)
        with sqlite3.connect(self.db, timeout=10) as db:
            db.executemany("UPDATE timers SET due = 0 WHERE subject = ?", [(i,) for i in wanted])
        db.close()
        self.token("pm_card_visa")  # Any write wakes its scheduler.
        deadline = time.clock_gettime(time.CLOCK_MONOTONIC) + 10
        for intent in wanted:
            while self.ask("GET", f"/v1/payment_intents/{intent}")["status"] == "processing":
                assert time.clock_gettime(time.CLOCK_MONOTONIC) < deadline
                time.sleep(0.005)


@contextmanager
def stand_in(db: Path) -> Iterator[StandIn]:
    """A stand-in process whose debits wait for ``decide_debits``."""
    command = [sys.executable, "-m", "shop.sandbox", "--port", "0", "--db", str(db)]
    with subprocess.Popen(
        [*command, "--delay", "86400"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield StandIn(process.stdout.readline().split()[-1], db)
        process.send_signal(signal.SIGTERM)
