"""A shop in production settings behind nginx: no request brings it to an error page."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from bs4 import BeautifulSoup

from shop.core.machine_clock import machine_time
from tests.doors import hostile
from tests.doors.addresses import Door, doors
from tests.doors.shop_behind_nginx import Reply, ShopBehindNginx, shop_behind_nginx
from tests.operation.back_office import NAME, PASSWORD
from tests.operation.operated_shop import SALE

pytestmark = pytest.mark.verify

#: Every so-manieth of what is tried.
EVERY = 23
#: What a page of an error in development has, and a traceback in any.
TOLD_TO_DEVELOPERS = ("Traceback (most recent call last)", "DEBUG = True", "Request Method:")


@pytest.fixture(scope="module")
def shop(stripe_base: str) -> Iterator[ShopBehindNginx]:
    with shop_behind_nginx(stripe_base) as shop:
        yield shop


@pytest.fixture(scope="module")
def owner(shop: ShopBehindNginx) -> dict[str, str]:
    """The headers of the shop's owner, logged in by nginx."""
    page = shop.ask("GET", "/merchant/login/")
    reply = log_in(shop, page, PASSWORD)
    assert reply.status == 302, reply.text[:500]
    return {"Cookie": cookies_of(page, reply)}


def cookies_of(*replies: Reply) -> str:
    pairs = [pair for reply in replies for pair in reply.cookies]
    return "; ".join(pairs)


def log_in(shop: ShopBehindNginx, page: Reply, password: str, **headers: str) -> Reply:
    """Send the log-in form of a page."""
    field = BeautifulSoup(page.text, "html.parser").select_one("[name=csrfmiddlewaretoken]")
    assert field is not None
    fields = {"csrfmiddlewaretoken": str(field["value"]), "username": NAME, "password": password}
    sent = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": cookies_of(page),
        "Referer": f"https://localhost:{shop.https}/merchant/login/",
        **headers,
    }
    return shop.ask("POST", "/merchant/login/", sent, urlencode(fields).encode())


@dataclass(frozen=True)
class Request:
    """What is sent, and its name in a report."""

    what: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""


def path_of(door: Door) -> str:
    """The path of a door; rows that it names may be there or not."""
    values: dict[str, Any] = {
        "slug": "good-number-1" if door.name == "sales:product" else SALE,
        "sale": SALE,
        "since": machine_time().isoformat(),
        "at": machine_time(),
        "page": f"sales/{SALE}/",
        "path": "products/none.png",
        "number": 1 if "rehearsal" in door.name else "FF-12345678",
        "token": "a.b.c",
        "uidb64": "MQ",
        "content_type_id": "1",
        "object_id": "1",
        "pk": 1,
        "url": "no/such/page",
        "app_label": "sales",
    }
    return door.path(values).replace(" ", "%20").replace("+", "%2B")


def hostile_requests() -> Iterator[Request]:
    """For every door: queries, paths, headers, cookies, bodies, methods that no browser sends."""
    for door in doors():
        path = path_of(door)
        bare = path.partition("?")[0]
        for query in hostile.QUERIES:
            yield Request(f"{door.name}{query[:60]}", "GET", encoded(bare + query), {})
        parts = bare.strip("/").split("/")
        for position in range(len(parts)):
            for part in hostile.PATH_PARTS:
                wrong = "/".join([*parts[:position], part, *parts[position + 1 :]])
                yield Request(f"{door.name} /{wrong[:80]}/", "GET", f"/{wrong}/", {})
        for headers in (*hostile.HEADERS, *UNDERSCORES):
            for method in ("GET", "POST"):
                yield Request(f"{method} {door.name} {headers}", method, path, dict(headers))
        for value in hostile.COOKIES:
            for name in ("__Host-bag", "__Host-shopper-0000000a", "__Host-sessionid"):
                yield Request(f"{door.name} {name}", "GET", path, {"Cookie": f"{name}={value}"})
        for what, (kind, body) in hostile.BODIES.items():
            headers = {"Content-Type": kind} if kind else {}
            yield Request(f"{door.name} {what}", "POST", path, headers, body)
        for method in ("HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get"):
            yield Request(f"{method} {door.name}", method, path, {})


#: Names that would pass for those of a proxy, once underscores are dashes.
UNDERSCORES = (
    {"X_Forwarded_For": "203.0.113.9", "X_Forwarded_Proto": "http"},
    {"X_Forwarded_Host": "evil.example", "X_Real_IP": "203.0.113.9"},
    {"Content_Type": "text/plain; charset=hex", "Content_Length": "99999999"},
)


def encoded(path: str) -> str:
    """A path as it may stand in a request line."""
    return "".join(each if "!" <= each <= "~" else "%20" for each in path)


def test_every_door_answers_anybody_and_the_owner(
    shop: ShopBehindNginx, owner: dict[str, str]
) -> None:
    statuses, wrong = Counter[int](), []
    for door in doors():
        for who, headers in (("anybody", {}), ("owner", owner)):
            reply = shop.ask("GET", path_of(door), headers)
            statuses[reply.status] += 1
            if reply.status >= 500 or is_for_developers(reply):
                wrong.append(f"{who} {door.name}: {reply.status} {reply.text[:200]}")
    print(f"{statuses.total()} requests by nginx: {dict(statuses)}")
    assert wrong == []
    assert statuses[200] > len(list(doors())) / 2


def test_no_request_brings_the_shop_to_an_error_page(
    shop: ShopBehindNginx, owner: dict[str, str]
) -> None:
    statuses, wrong = Counter[int](), []
    for request in list(hostile_requests())[::EVERY]:
        headers = request.headers if "Cookie" in request.headers else owner | request.headers
        reply = shop.ask(request.method, request.path, headers, request.body)
        statuses[reply.status] += 1
        is_broken = reply.status >= 500 and reply.status != 503
        if is_broken or is_for_developers(reply):
            wrong.append(f"{request.what[:150]}: {reply.status} {reply.text[:200]}")
    print(f"{statuses.total()} hostile requests by nginx: {dict(statuses)}")
    assert wrong == []
    # A shop that answered nothing would have no error page either.
    assert statuses[503] < statuses.total() / 100
    assert "Traceback" not in shop.log


def is_for_developers(reply: Reply) -> bool:
    return any(words in reply.text for words in TOLD_TO_DEVELOPERS)


def test_nobody_is_who_a_header_with_underscores_says(shop: ShopBehindNginx) -> None:
    page = shop.ask("GET", "/merchant/login/")
    for names in ({"X_Forwarded_For": "203.0.113.9"}, {"X-Forwarded-For": "203.0.113.10"}):
        assert log_in(shop, page, "wrong", **names).status == 200
    refused = [line for line in shop.log.splitlines() if "log-in refused" in line]
    assert len(refused) == 2
    assert all("127.0.0.1" in line for line in refused)
    assert "203.0.113" not in shop.log
