"""Money: what is shown is what is charged, in Stripe's own way of counting it."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import stripe
from babel.numbers import get_currency_precision
from django.core.exceptions import ValidationError
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from shop.checkout.charges import (
    Charge,
    NotChargeable,
    charge_for,
    from_stripe_amount,
    to_stripe_amount,
)
from shop.checkout.models import Order
from shop.merchant.forms import _minor
from shop.money import format_money, payable_step
from shop.sales.documents import read_document
from shop.sales.loading import load_sale
from shop.sales.models import Sale
from shop.sales.strict import DocumentError
from tests.conftest import OPENS
from tests.shop import Shopper, add_deal, make_product

type Card = Callable[..., str]

in_shop = pytest.mark.django_db(transaction=True)

CURRENCIES = "EUR USD GBP CHF HUF TWD JPY KRW CLP XOF MGA ISK UGX ALL RSD KWD BHD JOD OMR TND"

amounts = st.integers(1, 10**9)
currencies = st.sampled_from(CURRENCIES.split())


@pytest.mark.parametrize(
    ("amount", "currency", "told"),
    [
        (499, "EUR", 499),
        (500, "JPY", 500),
        (5, "ISK", 500),  # no decimals, and sent with two
        (5, "UGX", 500),
        (1045, "HUF", 1045),  # whole in payouts alone
        (80045, "TWD", 80045),
        (300, "RSD", 30000),  # none by Babel, two at Stripe
        (5120, "KWD", 5120),
    ],
)
def test_stripe_is_told_an_amount_as_it_counts(amount: int, currency: str, told: int) -> None:
    assert to_stripe_amount(amount, currency) == told
    assert from_stripe_amount(told, currency) == amount


@pytest.mark.parametrize("currency", ["BHD", "JOD", "KWD", "OMR", "TND"])
def test_of_three_decimals_the_last_has_to_be_0(currency: str) -> None:
    with pytest.raises(NotChargeable, match="multiple of"):
        to_stripe_amount(5124, currency)


@given(amounts, currencies)
def test_what_stripe_is_told_is_what_is_shown(amount: int, currency: str) -> None:
    amount *= payable_step(currency)
    told = to_stripe_amount(amount, currency)
    digits = {"JPY": 0, "KRW": 0, "CLP": 0, "XOF": 0, "MGA": 0}.get(currency, 2)
    digits = 3 if currency in {"BHD", "JOD", "KWD", "OMR", "TND"} else digits
    shown = Decimal(amount).scaleb(-get_currency_precision(currency))
    assert Decimal(told).scaleb(-digits) == shown
    assert from_stripe_amount(told, currency) == amount


@given(st.lists(amounts, min_size=1, max_size=20), st.integers(0, 10**6), st.integers(0, 10**9))
def test_a_total_is_the_sum_of_its_lines_and_shipping(
    lines: list[int], shipping: int, free_from: int
) -> None:
    with override_settings(SHIPPING_FLAT=shipping, SHIPPING_FREE_FROM=free_from):
        charge = charge_for(lines, "EUR")
    assert charge.total == sum(lines) + charge.shipping
    assert charge.shipping == (0 if free_from and sum(lines) >= free_from else shipping)
    assert charge.total_text == format_money(sum(lines) + charge.shipping, "EUR")


@given(st.lists(st.tuples(amounts, st.integers(1, 100)), min_size=1, max_size=20), currencies)
def test_lines_that_cards_can_pay_make_a_total_that_they_can(
    lines: list[tuple[int, int]], currency: str
) -> None:
    step = payable_step(currency)
    total = sum(amount * step * units for amount, units in lines)
    to_stripe_amount(total, currency)


@pytest.mark.parametrize(
    ("total", "currency", "obstacle"),
    [
        (49, "EUR", "€0.49 is too little for a card: the payment service charges €0.50 or more"),
        (50, "EUR", ""),
        (29, "GBP", "£0.30 or more"),
        (1499, "CZK", "CZK15.00 or more"),
        (49, "JPY", "¥50 or more"),
        (50, "JPY", ""),
        (1, "ISK", ""),
        (99_999_999, "EUR", ""),
        (100_000_000, "EUR", "it can come to €999,999.99"),
        (1_000_000, "ISK", "it can come to ISK999,999"),
        (100_000_000, "IDR", ""),
        (5124, "KWD", "multiple of KWD0.010"),
    ],
)
def test_what_no_card_can_pay_is_said(total: int, currency: str, obstacle: str) -> None:
    said = Charge(total, 0, currency).obstacle
    assert obstacle in said
    assert bool(said) == bool(obstacle)


# --- In the shop ----------------------------------------------------------------


def offer_of(sale: Sale, shopper: Shopper, price: int, currency: str = "EUR") -> str:
    product = make_product("PIN-01", "Pin", list_price=price * 10, currency=currency)
    add_deal(sale, product, price)
    return shopper.offer("PIN-01")


@in_shop
def test_a_bag_below_the_least_charge_is_told_before_a_card_is_typed(
    sale: Sale, shopper: Shopper, stripe_api: stripe.StripeClient
) -> None:
    shopper.add(offer_of(sale, shopper, 49))
    page = shopper.open("/checkout/")
    assert page.status == 422
    assert "the payment service charges €0.50 or more" in page.text
    assert not page.soup.select("#payment-element")
    assert page.lines == {"PIN-01": 49}


@in_shop
def test_nor_is_it_ordered(sale: Sale, shopper: Shopper, card: Card) -> None:
    shopper.add(offer_of(sale, shopper, 49))
    page = shopper.order(card(), shown_total=49)
    assert (page.status, Order.objects.count()) == (422, 0)
    assert "€0.50 or more" in page.text


@in_shop
def test_two_of_it_are(sale: Sale, shopper: Shopper, card: Card) -> None:
    shopper.add(offer_of(sale, shopper, 49), 2)
    assert shopper.order(card()).order_status == "paid"


@pytest.mark.parametrize(
    ("currency", "price", "told"), [("ISK", 500, 50000), ("JPY", 500, 500), ("KWD", 5120, 5120)]
)
@in_shop
def test_the_card_form_and_the_charge_agree_with_the_page(
    sale: Sale,
    shopper: Shopper,
    card: Card,
    stripe_api: stripe.StripeClient,
    currency: str,
    price: int,
    told: int,
) -> None:
    shopper.add(offer_of(sale, shopper, price, currency))
    page = shopper.open("/checkout/")
    config = json.loads(page.one("#stripe-config").text)
    assert (config["amount"], config["currency"]) == (told, currency.lower())
    assert (page.total, format_money(price, currency)) == (price, page.one(".total b").text)
    assert shopper.order(card()).order_status == "paid"
    intent = stripe_api.v1.payment_intents.retrieve(Order.objects.get().payment_intent)
    assert intent.amount_received == told


def test_a_price_that_no_card_can_pay_is_refused_where_it_is_written(db: None) -> None:
    with pytest.raises(ValidationError, match="third decimal"):
        _minor(Decimal("5.124"), "KWD")
    assert _minor(Decimal("5.12"), "KWD") == 5120


def test_and_in_a_document(db: None) -> None:
    deal: dict[str, Any] = {
        "sku": "OUD-01",
        "name": "Oud",
        "list_price": 51200,
        "price": 5124,
        "currency": "KWD",
        "stock": 1,
    }
    document = {
        "slug": "autumn",
        "starts_at": "2026-11-27T12:00:00+01:00",
        "ends_at": "2026-11-27T12:15:00+01:00",
        "deals": [deal],
    }
    with pytest.raises(DocumentError, match=r"deals\[0\]\.price: 5124 is not a multiple of 10"):
        load_sale(read_document(json.dumps(document)), now=OPENS)
    deal["price"] = 5120
    load_sale(read_document(json.dumps(document)), now=OPENS)
