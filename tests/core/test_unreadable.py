"""Requests that nobody can have typed are answered with 400 and a sentence, never with 500."""

import logging
from io import BytesIO, StringIO
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.test import Client

from shop.core.unreadable import with_readable_type
from shop.qa.pytest_plugin.back_office import Merchant
from shop.qa.pytest_plugin.client import ShopClient
from shop.sales.models import Sale

#: What a browser says of a form of ours.
OURS = {"Sec-Fetch-Site": "same-origin"}
PATHS = [
    "/?a=%00",
    "/sales/autumn/?utm=a%00b",
    "/bag/%00",
    "/media/%00.webp",
    "/orders/%00/",
    "/products/mug%00/",
    "/merchant/?%00=1",
    "/merchant/checkout/order/?q=%00",
    "/merchant/checkout/order/export/?q=%00",
    "/merchant/sales/sale/1%00/change/",
    "/merchant/login/?next=%00",
]


@pytest.mark.parametrize("path", PATHS)
def test_an_address_with_a_nul_is_refused_in_words(
    client: Client, merchant: Merchant, sale: Sale, path: str
) -> None:
    for browser in (client, merchant.client):
        answer = browser.get(path)
        assert answer.status_code == 400
        assert "a character in it that is no text" in answer.content.decode()


@pytest.mark.parametrize(
    "name", ["x" * 300, "ü" * 150, "products/" + "x" * 300 + ".webp", "x/" * 3000]
)
def test_a_picture_whose_name_no_file_can_have_is_not_there(client: Client, name: str) -> None:
    assert client.get(f"/media/{name}").status_code == 404


@pytest.mark.parametrize("field", ["quantity", "variant", "an\0other"])
def test_a_form_with_a_nul_is_refused_and_changes_nothing(
    shopper: ShopClient, sale: Sale, field: str
) -> None:
    answer = shopper.client.post(
        "/bag/add/", {"offer": shopper.offer(), field: "1\0"}, headers=OURS
    )
    assert answer.status_code == 400
    assert "what is in your bag stays held" in answer.content.decode()


def test_an_offer_with_a_nul_has_a_verdict_as_any_that_is_none(
    shopper: ShopClient, sale: Sale
) -> None:
    assert shopper.add(f"{shopper.offer()}\0").verdicts == ["forged"]


def test_a_form_of_the_back_office_with_a_nul_is_refused(merchant: Merchant, sale: Sale) -> None:
    answer = merchant.client.post(f"/merchant/sales/sale/{sale.pk}/change/", {"title": "\0"})
    assert answer.status_code == 400
    assert "To the back office" in answer.content.decode()


@pytest.mark.parametrize("charset", ["unicode_escape", "utf-16", "utf-7", "idna", "latin-1"])
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_text_in_another_encoding_is_refused(
    client: Client, db: None, charset: str, kind: str
) -> None:
    content_type: Any = f"{kind}; boundary=x; charset={charset}"
    for answer in (
        client.get("/?q=\\ud800", CONTENT_TYPE=content_type),
        client.post("/bag/add/", b"offer=a", content_type=content_type),
    ):
        assert answer.status_code == 400


@pytest.mark.parametrize(
    "content_type",
    [
        *("text/html; charset=hex", "text/html; charset=rot13", "text/html; charset=zip"),
        *("multipart/form-data; charset=base64", "text/html; charset*=utf-8''utf-16"),
        "text/html; charset*=bogus''%ff",
    ],
)
def test_a_type_that_django_cannot_read_does_not_get_to_it(content_type: str) -> None:
    said: list[str] = []
    start: Any = lambda status, headers: said.append(status)  # noqa: E731

    def django(environ: Any, start_response: Any) -> Any:
        WSGIRequest({"REQUEST_METHOD": "GET", "wsgi.input": BytesIO(), **environ})
        raise AssertionError(content_type)

    answer = with_readable_type(django)({"CONTENT_TYPE": content_type}, start)
    assert said == ["400 Bad Request"]
    assert b"UTF-8" in b"".join(answer)


@pytest.mark.parametrize(
    "content_type",
    ["", "text/html", "text/html; charset=UTF-8", 'text/html; charset="utf8"', "a/b; charset=none"],
)
def test_any_other_type_does(content_type: str) -> None:
    asked = []
    start: Any = lambda *_: None  # noqa: E731

    def django(environ: Any, start_response: Any) -> Any:
        asked.append(WSGIRequest({"REQUEST_METHOD": "GET", "wsgi.input": BytesIO(), **environ}))
        return [b""]

    with_readable_type(django)({"CONTENT_TYPE": content_type}, start)
    assert asked


@pytest.mark.parametrize("charset", ["utf-8", "UTF8", "us-ascii"])
def test_utf_8_is_read_by_any_of_its_names(client: Client, db: None, charset: str) -> None:
    content_type: Any = f"application/x-www-form-urlencoded; charset={charset}"
    assert client.get("/?q=a", CONTENT_TYPE=content_type).status_code == 200


def test_what_is_no_utf_8_is_read_as_well_as_it_goes(merchant: Merchant, sale: Sale) -> None:
    for query in ("%ff%fe", "%ed%a0%80", "%c3%28", "%f0%9f%98"):
        assert merchant.open(f"/merchant/checkout/order/?q={query}").status == 200


def test_what_django_says_of_a_request_is_not_shown(client: Client, db: None) -> None:
    answer = client.get("/", HTTP_HOST="evil.example")
    assert answer.status_code == 400
    assert "ALLOWED_HOSTS" not in answer.content.decode()
    assert "This cannot be read" in answer.content.decode()


def test_a_host_that_is_not_ours_is_one_line_of_the_log(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    [console] = [each for each in logging.getLogger().handlers if each.name == "console"]
    printed = StringIO()
    monkeypatch.setattr(console, "stream", printed)
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400
    [line] = printed.getvalue().splitlines()
    assert "Invalid HTTP_HOST header" in line
