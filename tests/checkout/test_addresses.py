"""Where an order may go: what nothing can be sent to is refused before anything is claimed."""

import csv
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.core.exceptions import ValidationError
from pytest_django import Settings
from stripe import StripeClient

from shop.core.mail_address_field import read_here
from shop.core.page_cache import pages
from shop.merchant.orders.csv_export import orders_as_csv
from shop.orders.models import Order
from shop.payments.shipping import ShippingAddress
from shop.qa.pytest_plugin.client import HtmlPage, ShopClient
from shop.sales.models import LimitUse
from tests.support.fixtures import Card

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("email", "said"),
    [
        ("ada@localhost", "No mail gets to localhost"),
        ("ada@shop.invalid", "ends in .invalid"),
        ("josé@example.org", "letters a to z"),
    ],
)
def test_a_mail_address_that_mail_cannot_reach_is_refused(
    email: str, said: str, buyer: ShopClient, card: Card
) -> None:
    page = buyer.order(card(), email=email)
    assert page.status == 422
    assert said in page.html
    assert page.one("[name=email]")["value"] == email
    assert not Order.objects.exists()


def test_an_address_for_tests_alone_is_taken_where_no_real_money_is(
    buyer: ShopClient, card: Card
) -> None:
    assert buyer.order(card(), email="ada@shop.test").order_status == "paid"


def test_and_nowhere_else(settings: Settings) -> None:
    settings.STRIPE_SECRET_KEY = "sk_live_of_the_tests_alone"
    with pytest.raises(ValidationError, match=r"ends in \.test"):
        read_here("ada@shop.test")


@pytest.mark.parametrize("field", ["name", "line1", "city"])
def test_what_nobody_can_see_or_turns_the_text_is_no_part_of_an_address(
    field: str, buyer: ShopClient, card: Card
) -> None:
    unseen: Any = {field: "\u200b"}
    turning: Any = {field: "Ada\u202egpj"}
    page = buyer.order(card(), **unseen)
    assert (page.status, "cannot be seen" in page.text) == (422, True)
    page = buyer.order(card(), **turning)
    assert (page.status, "turns the direction" in page.text) == (422, True)
    assert not Order.objects.exists()


def test_a_name_is_kept_composed(buyer: ShopClient, card: Card) -> None:
    buyer.order(card(), name="Zoe\u0308  Mu\u0308ller\u200b")
    assert Order.objects.get().name == "Zoë Müller"


def test_a_kelvin_sign_is_a_k_and_the_receipt_arrives(
    buyer: ShopClient, another_shopper: ShopClient, card: Card
) -> None:
    buyer.add(buyer.offer())
    assert buyer.order(card(), email="\u212aim@example.org").order_status == "paid"
    assert Order.objects.get().email == "Kim@example.org"
    another_shopper.add(another_shopper.offer())
    again = another_shopper.order(card(), email="kim@example.org")
    assert again.verdicts == ["over_limit"]


US = {"country": "US", "line1": "1 Main Street", "city": "Springfield", "postal_code": ""}


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (US, ["Choose a state.", "Write the ZIP code."]),
        (
            {**US, "state": "IL", "postal_code": "6270"},
            ["A ZIP code in the United States looks like 95014."],
        ),
        (
            {**US, "state": "TX", "postal_code": "95014"},
            ["95014 is not a ZIP code of Texas. Look at both."],
        ),
        (
            {"country": "DE", "postal_code": "ABC"},
            ["A postal code in Germany looks like 26133."],
        ),
        ({"country": "DE", "postal_code": "10115", "city": " "}, ["Say in which town."]),
    ],
)
def test_what_no_post_can_deliver_is_refused_before_anything_is_claimed(
    address: dict[str, Any], said: list[str], buyer: ShopClient, card: Card
) -> None:
    page = buyer.order(card(), **address)
    assert page.status == 422
    assert all(sentence in page.html for sentence in said)
    assert page.one("[name=name]")["value"] == "Ada Lovelace"
    assert page.one("[name=country] [selected]")["value"] == address["country"]
    assert not Order.objects.exists()
    assert LimitUse.objects.count() == 0


def test_an_order_says_its_state_wherever_its_address_stands(
    buyer: ShopClient, card: Card, stripe_api: StripeClient
) -> None:
    address: dict[str, Any] = {**US, "state": "illinois", "postal_code": "627011234"}
    page = buyer.order(card(), **address)
    assert page.order_status == "paid"
    order = Order.objects.get()
    assert (order.state, order.postal_code) == ("IL", "62701-1234")
    lines = ["Ada Lovelace", "1 Main Street", "Springfield, IL 62701-1234", "United States"]
    assert page.one("address").get_text("\n").split("\n") == lines
    assert "\n".join(lines) in mail.outbox[0].body
    intent = stripe_api.v1.payment_intents.retrieve(order.payment_intent)
    assert ShippingAddress.of_intent(intent) == ShippingAddress.of_order(order)
    assert intent.shipping and intent.shipping.address
    assert intent.shipping.address.state == "IL"
    head, row = csv.reader(orders_as_csv(Order.objects.all()))
    assert dict(zip(head, row, strict=True))["state"] == "IL"


def test_a_town_is_asked_for_in_the_words_of_its_country(buyer: ShopClient) -> None:
    page = buyer.open("/checkout/")
    assert page.one("[name=country] [selected]")["value"] == "DE"
    assert labels(page) == ["Postal code", "Town or city"]


def labels(page: HtmlPage) -> list[str]:
    """The labels of what is asked for besides street and country, in their order."""
    return [str(each.contents[0]).strip() for each in page.soup.select("#region label")]


def test_the_fields_follow_the_country_without_scripts(buyer: ShopClient) -> None:
    typed = {"email": "ada@example.org", "city": "Springfield", "postal_code": "62701"}
    page = buyer.send("/checkout/fields/", {**typed, "country": "US"})
    assert page.status == 200
    assert labels(page) == ["Town or city", "State", "ZIP code"]
    assert page.one("[name=city]")["value"] == "Springfield"
    assert page.one("[name=postal_code]")["value"] == "62701"
    assert page.one("[name=state] [value=IL]").text == "Illinois"
    assert page.one("[name=email]")["value"] == "ada@example.org"
    assert "Not ordered yet" not in page.text


def test_a_part_of_the_page_follows_the_country(buyer: ShopClient) -> None:
    typed = {"city": "Springfield", "postal_code": "62701", "country": "US"}
    page = part(buyer, "region", typed)
    assert labels(page) == ["Town or city", "State", "ZIP code"]
    assert page.one("[name=city]")["value"] == "Springfield"
    assert not page.soup.select("form, h1")


def part(browser: ShopClient, target: str, typed: dict[str, str]) -> HtmlPage:
    """What htmx is given for a part of the checkout page."""
    browser.open("/checkout/")
    headers = {
        "HX-Request": "true",
        "HX-Target": target,
        "X-CSRFToken": browser.client.cookies[settings.CSRF_COOKIE_NAME].value,
    }
    return HtmlPage.of(browser.client.post("/checkout/fields/", typed, headers=headers))


# --- Slips of typing ------------------------------------------------------------


def test_a_slip_in_a_mail_address_is_asked_about_once_and_never_forbidden(
    buyer: ShopClient, card: Card
) -> None:
    page = buyer.order(card(), email="ada@gmial.com")
    assert page.status == 422
    assert "Did you mean ada@gmail.com?" in page.text
    assert page.one("[name=email]")["value"] == "ada@gmial.com"
    assert not Order.objects.exists()
    asked = str(page.one("[name=email_asked]")["value"])
    page = buyer.order(card(), email="ada@gmial.com", email_asked=asked)
    assert page.order_status == "paid"
    assert Order.objects.get().email == "ada@gmial.com"


def test_another_slip_is_asked_about_too(buyer: ShopClient, card: Card) -> None:
    page = buyer.order(card(), email="ada@hotmial.com", email_asked="ada@gmial.com")
    assert "Did you mean ada@hotmail.com?" in page.text


@pytest.mark.parametrize(
    ("answer", "email"),
    [
        ({"take_mail": "ada@gmail.com"}, "ada@gmail.com"),
        ({"keep_mail": "ada@gmial.com"}, "ada@gmial.com"),
    ],
)
def test_a_slip_is_answered_without_scripts(
    answer: dict[str, str], email: str, buyer: ShopClient, card: Card
) -> None:
    page = buyer.send("/checkout/fields/", {"email": "ada@gmial.com", "country": "DE"} | answer)
    assert "Did you mean" not in page.text
    assert page.one("[name=email]")["value"] == email
    asked = str(page.one("[name=email_asked]")["value"])
    assert buyer.order(card(), email=email, email_asked=asked).order_status == "paid"


@pytest.mark.parametrize(
    ("typed", "said", "buttons"),
    [
        (
            "ada@gmial.com",
            "Did you mean ada@gmail.com?",
            ["Use ada@gmail.com", "Keep ada@gmial.com"],
        ),
        ("ada@hotmial", "No mail gets to hotmial", ["Use ada@hotmail.com"]),
        ("ada@localhost", "No mail gets to localhost", []),
        ("ada@example.org", "", []),
        ("", "", []),
    ],
)
def test_a_slip_is_asked_about_as_soon_as_it_is_typed(
    typed: str, said: str, buttons: list[str], buyer: ShopClient
) -> None:
    remark = part(buyer, "email-remark", {"email": typed, "country": "DE"})
    assert said in remark.text
    assert bool(remark.text) == bool(said)
    shown = remark.soup.select("button[type=button]")
    assert [each.text for each in shown] == buttons


def test_a_shopper_with_nothing_filled_in_sees_nothing_of_another(
    buyer: ShopClient, another_shopper: ShopClient, card: Card
) -> None:
    pages._pages.clear()
    another_shopper.add(another_shopper.offer("LMP-01"), quantity=3)
    answer = buyer.order(card(), email="ada@gmial.com", name="Ada Canary")
    assert "Ada Canary" in answer.html
    seen = [each.open("/checkout/") for each in (buyer, another_shopper, buyer)]
    assert [page.total for page in seen] == [499, 2370, 499]
    assert [each for page in seen for each in ("Canary", "gmial") if each in page.html] == []
    tokens = [str(page.one("[name=csrfmiddlewaretoken]")["value"]) for page in seen]
    assert len({*tokens}) == 3
