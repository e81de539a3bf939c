"""A shop's web servers under a rush: several processes, each with many threads.

python tests/checkout/race_runner.py DATABASE

Boots Django once, on a test's own database. Then each line that it reads is a
rush: it forks so many servers, with so many threads each, divides the browsers
among them, and starts all in the same instant. A thread takes whichever browser
has waited longest, for one attempt. Requests go through the real WSGI
application (``shop.wsgi``), middleware, templates and all, and every thread has
a database connection of its own; only sockets there are none. The line that
comes back has what each browser met.
"""

import json
import logging
import multiprocessing
import os
import re
import sys
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.synchronize import Barrier
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any
from urllib.parse import urlencode

ROOT = Path(__file__).parents[2]
FORM = "application/x-www-form-urlencoded"
#: Long enough for any of them to get ready.
_PATIENCE = 30


@dataclass
class Answer:
    """What the shop said to a form."""

    status: int
    location: str
    html: str

    @property
    def outcome(self) -> str:
        """ "303", or "422" with the verdicts on the page, or what else was said there."""
        if self.status != 422:
            return str(self.status)
        verdicts = set(re.findall(r'data-verdict="(\w+)"', self.html))
        problem = re.search(r'id="problem".*?<strong>(.*?)</strong>', self.html, re.DOTALL)
        return f"422 {' '.join(sorted(verdicts)) or (problem[1] if problem else '')}"


@dataclass
class Browser:
    """Someone who wants what is in the bag, whatever it takes.

    ``cards`` are tokens, tried one after the other as they are declined; one
    who ``wavers`` cancels the first order that is not paid, and comes again.
    ``address`` is the IP address that the servers see.
    """

    cookies: dict[str, str]
    form: dict[str, str]
    cards: list[str]
    wavers: bool = False
    address: str = "127.0.0.1"
    orders: set[str] = field(default_factory=set)
    outcomes: Counter[str] = field(default_factory=Counter)
    patience: Lock = field(default_factory=Lock)

    def attempt(self) -> None:
        """Order and pay once; take another card, or change one's mind, where it was declined."""
        form = {**self.form, "confirmation_token": self.cards[0]}
        answer = self._send("/checkout/", form)
        self.outcomes[answer.outcome] += 1
        if answer.status == 303:
            self.orders.add(answer.location)
        elif "declined" in answer.outcome:
            self.cards.pop(0)
            if self.wavers:
                self.wavers = False
                self._cancel(re.findall(r"Order (FF-\w+)", answer.html)[0])

    def _cancel(self, number: str) -> None:
        path = self._send(f"/orders/mine/{number}/").location
        self.outcomes[f"cancel {self._send(f'{path}cancel/', {}).status}"] += 1

    def _send(self, path: str, form: dict[str, str] | None = None) -> Answer:
        """What a server does with a request; the cookies that it answers with are not kept.

        So each time it is the same bag that is sent, as by the Back button.
        """
        from django.test import RequestFactory

        from shop.wsgi import application

        same_origin = {"Sec-Fetch-Site": "same-origin"}
        browser = RequestFactory(headers=same_origin, REMOTE_ADDR=self.address)
        browser.cookies.load(self.cookies)
        request = browser.get(path) if form is None else browser.post(path, urlencode(form), FORM)
        started: dict[str, str] = {}

        def start(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
            started.update(headers, status=status)

        body = application(request.environ, start)
        html = b"".join(body).decode()
        body.close()
        return Answer(int(started["status"].split()[0]), started.get("Location", ""), html)


_barrier: Barrier


def share(barrier: Barrier) -> None:
    """Give a process what all start by."""
    global _barrier
    _barrier = barrier


def serve(
    tabs: list[dict[str, Any]], attempts: int, threads: int
) -> list[tuple[list[str], Counter[str]]]:
    """One process: each browser makes so many attempts."""
    browsers = [Browser(**tab) for tab in tabs]
    waiting: SimpleQueue[Browser] = SimpleQueue()
    for browser in browsers * attempts:
        waiting.put(browser)

    def work(_: int) -> None:
        from django.db import connections

        _barrier.wait(_PATIENCE)
        with suppress(Empty):
            while True:
                browser = waiting.get_nowait()
                try:
                    # Nobody is served twice at once: a tab waits for its answer.
                    with browser.patience:
                        browser.attempt()
                except Exception:
                    browser.outcomes[traceback.format_exc()] += 1
        connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))
    return [(sorted(browser.orders), browser.outcomes) for browser in browsers]


def rush(job: dict[str, Any]) -> list[tuple[list[str], Counter[str]]]:
    """Let all browsers go at once; what came of it, by browser."""
    from django.test import override_settings

    count, threads = job["processes"], job["threads"]
    fork = multiprocessing.get_context("fork")
    barrier = fork.Barrier(count * threads)
    with (
        override_settings(**job["settings"]),
        fork.Pool(count, initializer=share, initargs=(barrier,)) as processes,
    ):
        shares = [job["browsers"][number::count] for number in range(count)]
        jobs = [(each, job["attempts"], threads) for each in shares]
        return [one for some in processes.starmap(serve, jobs, chunksize=1) for one in some]


def main() -> None:
    sys.path.insert(0, str(ROOT))
    os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
    import django
    from django.conf import settings

    settings.DATABASES["default"]["NAME"] = sys.argv[1]
    django.setup()
    logging.disable(logging.WARNING)
    from shop.wsgi import application  # noqa: F401

    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(rush(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
