"""In front of the shop: bodies within bounds, turns by priority, answers that take no thread."""

import asyncio
import io
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client

from shop.core.log_filters import BriefOutages
from shop.operations.serving import request_bodies, request_queue, web_application
from shop.operations.serving.addresses import KB, Priority
from shop.operations.serving.web_application import WebApplication
from shop.sales.outage_watch import shop_outages

type Environ = dict[str, Any]


@dataclass
class Got:
    """An answer."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def page(self) -> BeautifulSoup:
        return BeautifulSoup(self.body, "html.parser")


@dataclass
class Asked:
    """A request; ``parts`` of its body come one after the other, then nothing more, or a goodbye.

    ``never_ends``: the body is said to go on.
    """

    path: str = "/"
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    parts: tuple[bytes, ...] = ()
    never_ends: bool = False
    leaves: bool = False


async def ask(application: WebApplication, asked: Asked) -> Got:
    got, parts = Got(), list(asked.parts)

    async def receive() -> dict[str, Any]:
        if parts:
            part = parts.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(parts or endless)}
        if asked.leaves:
            return {"type": "http.disconnect"}
        await asyncio.sleep(3600)
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            got.status = message["status"]
            got.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            got.body += message["body"]

    endless = asked.never_ends
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": asked.method,
        "scheme": "http",
        "path": asked.path,
        "raw_path": asked.path.encode(),
        "query_string": b"",
        "server": ("127.0.0.1", "8000"),
        "client": ("192.0.2.7", "50000"),
        "headers": [(name.lower().encode(), value.encode()) for name, value in asked.headers],
    }
    await application(scope, receive, send)
    return got


def form(body: str, path: str = "/bag/add/", **more: str) -> Asked:
    """A form that is sent whole."""
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Content-Length": str(len(body)),
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    return Asked(path, "POST", tuple(headers.items()), (body.encode(),))


class Shop:
    """A WSGI application that tells what it was asked, and waits where it is told to."""

    def __init__(self, answer: Iterable[bytes] = (b"done",)) -> None:
        self.asked: list[Environ] = []
        self.bodies: list[bytes] = []
        self.answer, self.is_open = answer, Event()
        self.is_open.set()

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.asked.append(environ)
        self.bodies.append(environ["wsgi.input"].read())
        assert self.is_open.wait(20)
        start_response("200 OK", [("X-Given", "yes")])
        return self.answer


def answers(application: WebApplication, *asked: Asked) -> list[Got]:
    """What is answered to requests that come at once."""

    async def all_of_them() -> list[Got]:
        return await asyncio.gather(*(ask(application, each) for each in asked))

    return asyncio.run(all_of_them())


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def application(shop: Shop) -> WebApplication:
    return WebApplication(shop, threads=2)


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_application, "PATIENCE", dict.fromkeys(Priority, 0.05))


def test_the_shop_gets_the_request_as_it_was_sent(shop: Shop, application: WebApplication) -> None:
    asked = form("a=1&b=%C3%A9", "/bag/é", X_Forwarded_For="198.51.100.9")
    [got] = answers(application, asked)
    assert (got.status, got.headers, got.body) == (200, {"X-Given": "yes"}, b"done")
    [environ] = shop.asked
    assert shop.bodies == [b"a=1&b=%C3%A9"]
    assert environ["REQUEST_METHOD"] == "POST"
    assert environ["PATH_INFO"].encode("latin-1").decode() == "/bag/é"
    assert environ["CONTENT_LENGTH"] == "12"
    assert environ["CONTENT_TYPE"] == "application/x-www-form-urlencoded"
    assert environ["HTTP_X_FORWARDED_FOR"] == "198.51.100.9"
    assert environ["REMOTE_ADDR"] == "192.0.2.7"


def test_headers_that_come_twice_are_one_and_those_with_an_underscore_are_none(
    shop: Shop, application: WebApplication
) -> None:
    headers = (
        ("X-Forwarded-For", "198.51.100.1"),
        ("X_Forwarded_For", "203.0.113.1"),
        ("X-Forwarded-For", "198.51.100.2"),
        ("Cookie", "a=1"),
        ("Cookie", "b=2"),
    )
    answers(application, Asked(headers=headers))
    [environ] = shop.asked
    assert environ["HTTP_X_FORWARDED_FOR"] == "198.51.100.1,198.51.100.2"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"


def test_a_body_in_chunks_is_whole_when_the_shop_gets_it(
    shop: Shop, application: WebApplication
) -> None:
    headers = (("Transfer-Encoding", "chunked"),)
    answers(application, Asked("/stripe/webhook/", "POST", headers, (b"{", b"}", b"")))
    [environ] = shop.asked
    assert (shop.bodies, environ["CONTENT_LENGTH"]) == ([b"{}"], "2")
    assert "HTTP_TRANSFER_ENCODING" not in environ


def test_a_body_that_is_said_to_be_too_large_is_refused_before_a_byte_is_read(
    shop: Shop, application: WebApplication
) -> None:
    headers = (("Content-Length", str(256 * KB + 1)),)
    [got] = answers(application, Asked("/bag/add/", "POST", headers, never_ends=True))
    assert (got.status, got.headers["connection"]) == (413, "close")
    assert shop.asked == []


@pytest.mark.parametrize(("extra", "status"), [(0, 200), (1, 413)])
def test_a_body_without_a_length_is_read_up_to_the_most_and_no_further(
    shop: Shop, application: WebApplication, extra: int, status: int
) -> None:
    headers = (("Transfer-Encoding", "chunked"),)
    parts = (b"a" * 256 * KB, b"a" * extra)
    [got] = answers(application, Asked("/bag/add/", "POST", headers, parts))
    assert got.status == status
    assert len(shop.asked) == (status == 200)


def test_a_length_that_is_no_number_is_refused(application: WebApplication) -> None:
    for length in ("-1", "1e9", "٣", ""):
        headers = (("Content-Length", length),)
        [got] = answers(application, Asked("/bag/add/", "POST", headers))
        assert got.status == 400, length


def test_a_body_that_comes_too_slowly_is_given_up_and_takes_no_thread(
    shop: Shop, application: WebApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_bodies, "GRACE_SECONDS", 0.05)
    headers = (("Content-Length", "1000"),)
    slow = Asked("/checkout/", "POST", headers, (b"email=",), never_ends=True)
    got = answers(application, *[slow] * 20, Asked("/sales/autumn/"))
    assert [each.status for each in got] == [408] * 20 + [200]
    assert [environ["PATH_INFO"] for environ in shop.asked] == ["/sales/autumn/"]


def test_a_body_that_ends_early_is_never_taken_for_the_whole(
    shop: Shop, application: WebApplication
) -> None:
    headers = (("Content-Length", "1000"),)
    asked = Asked("/checkout/", "POST", headers, (b"email=a",), never_ends=True, leaves=True)
    [got] = answers(application, asked)
    assert (got.status, shop.asked) == (0, [])


def test_large_bodies_are_bounded_together_and_free_their_room_again(
    application: WebApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_bodies, "MOST_AT_A_TIME", 300 * KB)
    headers = (("Transfer-Encoding", "chunked"),)
    large = Asked("/merchant/", "POST", headers, (b"a" * 300 * KB, b""))
    larger = Asked("/merchant/", "POST", headers, (b"a" * 301 * KB, b""))
    got = answers(application, large, large, larger)
    assert sorted(each.status for each in got) == [200, 503, 503]
    assert [each.status for each in answers(application, large)] == [200]


def test_a_long_answer_arrives_whole_with_its_length() -> None:
    chunks = [bytes([number]) * 300 * KB for number in range(5)]
    [got] = answers(WebApplication(Shop(chunks), threads=2), Asked())
    assert got.body == b"".join(chunks)
    assert got.headers["content-length"] == str(1500 * KB)


def test_an_answer_is_closed_when_it_is_read() -> None:
    class Closing:
        is_closed = False

        def __iter__(self) -> Iterator[bytes]:
            return iter([b"a"])

        def close(self) -> None:
            self.is_closed = True

    closing = Closing()
    answers(WebApplication(Shop(closing), threads=2), Asked())
    assert closing.is_closed


# --- More than can be answered ----------------------------------------------------


async def crowd(application: WebApplication, shop: Shop, *asked: Asked) -> list[Got]:
    """Pages take the threads that they may have, then others come; the shop answers at the end."""
    shop.is_open.clear()
    pages = [asyncio.ensure_future(ask(application, Asked(f"/sales/{n}/"))) for n in range(2)]
    await asyncio.sleep(0)
    come = [asyncio.ensure_future(ask(application, each)) for each in asked]
    await asyncio.sleep(0.2)
    shop.is_open.set()
    await asyncio.gather(*pages)
    return await asyncio.gather(*come)


@pytest.mark.usefixtures("_impatient")
def test_a_page_that_waited_too_long_says_so_and_when_to_come_again(
    shop: Shop, application: WebApplication
) -> None:
    [got] = asyncio.run(crowd(application, shop, Asked("/sales/autumn/")))
    assert (got.status, got.headers["retry-after"]) == (503, "10")
    assert "no-store" in got.headers["cache-control"]
    assert "default-src 'self'" in got.headers["content-security-policy"]
    assert "The shop is full right now" in got.page.h1.get_text()  # type: ignore[union-attr]
    assert "stays held until the time that stood next to it" in got.page.get_text()
    assert "/sales/autumn/" not in [environ["PATH_INFO"] for environ in shop.asked]


@pytest.mark.usefixtures("_impatient")
def test_an_answer_that_the_shop_never_saw_has_the_headers_of_all_others(
    shop: Shop, application: WebApplication, client: Client
) -> None:
    too_large = Asked("/bag/add/", "POST", (("Content-Length", "9999999"),))
    got = asyncio.run(crowd(application, shop, Asked("/sales/autumn/"), too_large))
    of_the_shop = client.get("/csp-reports/").headers
    others = {"Allow", "Vary", "Content-Type", "Content-Length"}
    wanted = {name.lower(): value for name, value in of_the_shop.items() if name not in others}
    assert "content-security-policy" in wanted and "permissions-policy" in wanted
    for each in got:
        assert {name: each.headers.get(name) for name in wanted} == wanted


@pytest.mark.usefixtures("_impatient")
def test_a_checkout_is_answered_while_pages_are_refused(
    shop: Shop, application: WebApplication
) -> None:
    checkout, page = form("email=a", "/checkout/"), Asked("/sales/autumn/")
    got = asyncio.run(crowd(application, shop, page, checkout, page))
    assert [each.status for each in got] == [503, 200, 503]


@pytest.mark.usefixtures("_impatient")
def test_a_form_that_is_refused_carries_what_was_typed_to_be_sent_again(
    shop: Shop, application: WebApplication
) -> None:
    typed = "email=a%40example.org&name=Zo%C3%AB+%22Q%22&csrfmiddlewaretoken=t&empty="
    orders = [form("email=a", "/checkout/")] * 3
    got = asyncio.run(crowd(application, shop, *orders, form(typed, "/checkout/")))
    refused = got[-1]
    assert (refused.status, refused.headers["retry-after"]) == (503, "3")
    fields = {each["name"]: each["value"] for each in refused.page.select("form input")}
    assert fields == {
        "email": "a@example.org",
        "name": 'Zoë "Q"',
        "csrfmiddlewaretoken": "t",
        "empty": "",
    }
    assert "nothing was charged" in refused.page.get_text()


@pytest.mark.usefixtures("_impatient")
def test_a_password_is_not_shown_again(shop: Shop, application: WebApplication) -> None:
    login = form("username=a&password=secret", "/merchant/login/")
    got = asyncio.run(crowd(application, shop, *[login] * 3))
    assert got[-1].status == 503
    assert b"secret" not in got[-1].body
    assert "your bag" not in got[-1].page.get_text(), "staff have none"


@pytest.mark.usefixtures("_impatient")
def test_a_script_gets_a_fragment(shop: Shop, application: WebApplication) -> None:
    adds = [form("offer=x", HX_Request="true")] * 3
    got = asyncio.run(crowd(application, shop, *adds))
    assert got[-1].status == 503
    assert got[-1].page.html is None
    assert got[-1].page.select_one("[role=alert]") is not None


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize(
    ("path", "is_noted"), [("/checkout/", True), ("/bag/add/", True), ("/merchant/", False)]
)
def test_time_in_which_nobody_could_buy_is_noted_as_an_outage(
    shop: Shop, application: WebApplication, path: str, is_noted: bool
) -> None:
    got = asyncio.run(crowd(application, shop, *[form("a=1", path)] * 3))
    assert got[-1].status == 503
    assert (shop_outages._began is not None) == is_noted


@pytest.mark.usefixtures("_impatient")
def test_pages_that_are_refused_are_no_outage(shop: Shop, application: WebApplication) -> None:
    [got] = asyncio.run(crowd(application, shop, Asked("/sales/autumn/")))
    assert got.status == 503
    assert shop_outages._began is None


def test_whoever_leaves_while_waiting_is_not_worked_for(
    shop: Shop, application: WebApplication
) -> None:
    [got] = asyncio.run(crowd(application, shop, Asked("/sales/autumn/", leaves=True)))
    assert got.status == 0
    assert "/sales/autumn/" not in [environ["PATH_INFO"] for environ in shop.asked]


@pytest.mark.usefixtures("_impatient")
def test_refusals_are_a_line_of_the_log_without_a_traceback(
    shop: Shop, application: WebApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    [console] = [each for each in logging.getLogger().handlers if each.name == "console"]
    [brief] = [each for each in console.filters if isinstance(each, BriefOutages)]
    brief._told.clear()
    printed = io.StringIO()
    monkeypatch.setattr(console, "stream", printed)
    asyncio.run(crowd(application, shop, *[Asked("/sales/autumn/")] * 5))
    [line] = printed.getvalue().splitlines()
    assert line.endswith("GET /sales/1/ is not answered: Overloaded has waited 0.05 s")


def test_turns_are_given_back_also_where_the_shop_raises(application: WebApplication) -> None:
    def broken(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        raise ZeroDivisionError

    application._application = broken
    for _ in range(5):
        with pytest.raises(ZeroDivisionError):
            answers(application, Asked())


def test_two_seconds_are_the_longest_that_a_page_waits_and_fifteen_a_checkout() -> None:
    assert request_queue.PATIENCE[Priority.PROMISING] == 2
    assert request_queue.PATIENCE[Priority.HONORING] == 15
