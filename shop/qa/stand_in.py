"""What the Stripe stand-in can be told besides Stripe's own API: faults, and a bank's answer."""

from typing import Any
from urllib.parse import urlsplit

import requests

_TIMEOUT_SECONDS = 5


def order_fault(base: str, on: str, kind: str, *, times: int = 2, seconds: float = 3) -> None:
    """Order a fault (``shop.sandbox.faults``); twice, because the library retries once.

    :param base: the stand-in's address
    """
    order: Any = {"on": on, "kind": kind, "times": times, "seconds": seconds}
    requests.post(f"{base}/faults", json=order, timeout=_TIMEOUT_SECONDS).raise_for_status()


def end_faults(base: str) -> None:
    """Cancel all faults that were ordered at this address."""
    requests.delete(f"{base}/faults", timeout=_TIMEOUT_SECONDS).raise_for_status()


def answer_bank(address: str, *, approve: bool) -> str:
    """Answer the bank's question on its page.

    :returns: the path that the bank redirects to; empty where it asks no more
    """
    page, _, attempt = address.partition("?attempt=")
    answer = requests.post(
        page,
        {"attempt": attempt, "decision": "approve" if approve else "decline"},
        allow_redirects=False,
        timeout=_TIMEOUT_SECONDS,
    )
    if answer.status_code != 303:
        return ""
    way_back = urlsplit(answer.headers["Location"])
    return f"{way_back.path}?{way_back.query}"
