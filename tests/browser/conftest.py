"""A real browser on the real shop: its pages served on a free port, Stripe's stand-in beside it.

Time is the machine's own here, for browser, shop and stand-in alike: windows are short, and no
clock is frozen.
"""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)
from pytest_django.live_server_helper import LiveServer

from shop.qa.pytest_plugin.factories import make_sale
from shop.sales.models import Sale
from tests.browser.shopping import in_seconds

type OpenBrowser = Callable[..., BrowserContext]

ROOT = Path(__file__).parents[2]
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}
ARGUMENTS = [
    "--no-sandbox",
    "--headless=new",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TELL_VIOLATIONS = """addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));"""

expect.set_options(timeout=10_000)


@contextmanager
def launched(**options: Any) -> Iterator[Browser]:
    """A browser, for a module alone: while Playwright runs, Django believes to be in a loop."""
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        executable = _chromium()
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS, **options)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, as Playwright starts it."""
    with launched() as browser:
        yield browser


@pytest.fixture(scope="session")
def live_server() -> Iterator[LiveServer]:
    """The shop on the host that the stand-in has too.

    Chromium puts a frame of another site into a process of its own, and without a screen loses
    clicks beside it.
    """
    server = LiveServer("127.0.0.1")
    yield server
    server.stop()


@pytest.fixture
def shop(live_server: LiveServer, stripe_api: object) -> str:
    """The shop's address; it pays with the stand-in, whose webhooks are off."""
    return live_server.url


@pytest.fixture
def sale(shop: str) -> Sale:
    """A sale of a mug and a lamp that is open and stays so."""
    return make_sale(starts_at=in_seconds(-60), ends_at=in_seconds(15 * 60))


@pytest.fixture
def complaints() -> list[str]:
    """What browsers complained about; a test that expects a complaint takes it out."""
    return []


@pytest.fixture
def open_browser(browser: Browser, shop: str, complaints: list[str]) -> Iterator[OpenBrowser]:
    """Somebody's browser, with cookies of its own; whatever one complains about fails the test.

    ``complaints`` of what a page logs as an error, of uncaught exceptions, violations of the
    Content-Security-Policy and answers that say the shop is broken.
    """
    contexts: list[BrowserContext] = []

    def open_one(**options: Any) -> BrowserContext:
        context = browser.new_context(**{"base_url": shop, "viewport": DESKTOP, **options})
        context.set_default_timeout(10_000)
        context.add_init_script(TELL_VIOLATIONS)
        context.on("console", lambda message: _listen(message, complaints))
        context.on("weberror", lambda error: complaints.append(f"Uncaught {error.error}"))
        contexts.append(context)
        return context

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def phone(open_browser: OpenBrowser) -> BrowserContext:
    """A browser as small as a phone's."""
    return open_browser(viewport=PHONE, has_touch=True, is_mobile=True)


@pytest.fixture
def desktop(open_browser: OpenBrowser) -> BrowserContext:
    """A browser on a desk."""
    return open_browser(viewport=DESKTOP)


@pytest.fixture
def page(phone: BrowserContext) -> Page:
    """A page on a phone."""
    return phone.new_page()


def _listen(message: ConsoleMessage, complaints: list[str]) -> None:
    # Chromium says so of every answer that is a refusal; the shop's are meant.
    is_refusal = any(f"a status of {status}" in message.text for status in (403, 404, 422))
    is_of_a_page = not message.location["url"].endswith((".js", ".css", ".svg"))
    if message.type == "error" and not (is_refusal and is_of_a_page):
        complaints.append(f"{message.text} ({message.location['url']})")


def _chromium() -> str:
    named = os.environ.get("CHROMIUM")
    return named or subprocess.check_output([ROOT / "bin" / "chromium"], text=True).strip()
