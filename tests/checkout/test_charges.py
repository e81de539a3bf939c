"""Money: what is shown is what is charged, in Stripe's own way of counting it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.core.checks import run_checks
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st
from stripe import StripeClient

from shop.checkout.charge_rules import Basket, Destination, Item, charge_for, included_tax
from shop.core.currencies import digits_of, payable_step
from shop.core.money import format_money, validate_payable
from shop.core.typed.money import read_money
from shop.orders.charge import ChargeKind, ChargeLine
from shop.orders.models import Order, OrderCharge
from shop.payments import stripe_amounts
from shop.payments.refund_plans import Units, left_of, plan_refund
from shop.payments.refunds import create_refund, execute
from shop.payments.stripe_amounts import NotChargeable, from_stripe_amount, to_stripe_amount
from shop.qa.pytest_plugin.client import ShopClient
from shop.qa.pytest_plugin.factories import OPENS, add_deal, make_product
from shop.sales.documents.json_reader import DocumentError
from shop.sales.documents.loader import load_sale
from shop.sales.documents.schema import parse_document
from shop.sales.models import Sale
from tests.sales.test_documents import autumn_with
from tests.support.fixtures import Card

in_shop = pytest.mark.django_db(transaction=True)

#: All in which Stripe charges: docs.stripe.com/currencies, "Supported presentment currencies".
CURRENCIES = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BWP BYN BZD CAD
CDF CHF CLP CNY COP CRC CVE CZK DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GNF GTQ GYD HKD
HNL HTG HUF IDR ILS INR ISK JMD JOD JPY KES KGS KHR KMF KRW KWD KYD KZT LAK LBP LKR LRD LSL MAD MDL
MGA MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG
QAR RON RSD RUB RWF SAR SBD SCR SEK SGD SHP SLE SOS SRD STD SZL THB TJS TND TOP TRY TTD TWD TZS UAH
UGX USD UYU UZS VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW
"""
#: Stripe's lists of "zero-decimal" and "three-decimal" currencies; UGX is sent with two of 0.
WITHOUT_DECIMALS = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF"
WITH_THREE = "BHD JOD KWD OMR TND"

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
        (30050, "RSD", 30050),  # two, whatever CLDR writes
        (500, "MGA", 5),  # two by ISO 4217, none at Stripe
        (5120, "KWD", 5120),
    ],
)
def test_stripe_is_told_an_amount_as_it_counts(amount: int, currency: str, told: int) -> None:
    assert to_stripe_amount(amount, currency) == told
    assert from_stripe_amount(told, currency) == amount


@pytest.mark.parametrize("currency", WITH_THREE.split())
def test_of_three_decimals_the_last_has_to_be_0(currency: str) -> None:
    with pytest.raises(NotChargeable, match="multiple of"):
        to_stripe_amount(5124, currency)


@pytest.mark.parametrize("currency", CURRENCIES.split())
def test_of_every_currency_that_stripe_charges_one_step_is_one_step(currency: str) -> None:
    """What is read, kept, told to Stripe and shown is the same amount, to the last decimal."""
    amount = 1507 * payable_step(currency)
    told = to_stripe_amount(amount, currency)
    assert from_stripe_amount(told, currency) == amount
    assert read_money(format_money(amount, currency), currency) == amount
    for step in range(1, payable_step(currency)):
        with pytest.raises(NotChargeable, match="multiple of"):
            to_stripe_amount(amount + step, currency)


@given(amounts, currencies)
def test_what_stripe_is_told_is_what_is_shown(amount: int, currency: str) -> None:
    amount *= payable_step(currency)
    told = to_stripe_amount(amount, currency)
    digits = 0 if currency in WITHOUT_DECIMALS.split() else 2
    digits = 3 if currency in WITH_THREE.split() else digits
    shown = Decimal(amount).scaleb(-digits_of(currency))
    assert Decimal(told).scaleb(-digits) == shown
    assert from_stripe_amount(told, currency) == amount


def basket(*items: tuple[int, int], currency: str = "EUR", country: str = "") -> Basket:
    """Amounts and units; to nobody knows where, unless a country is named."""
    return Basket(
        items=tuple(Item(sku="MUG-01", amount=amount, quantity=units) for amount, units in items),
        currency=currency,
        destination=Destination(country=country, postal_code="", city="") if country else None,
        now=datetime(2026, 11, 27, 11, 0, tzinfo=UTC),
    )


units_of_lines = st.lists(st.tuples(amounts, st.integers(1, 100)), min_size=1, max_size=20)
percents = st.decimals(0, 99, places=3)


@given(units_of_lines, st.integers(0, 10**6), st.integers(0, 10**9), percents)
def test_a_total_is_the_sum_of_its_lines_and_shipping(
    lines: list[tuple[int, int]], shipping: int, free_from: int, percent: Decimal
) -> None:
    with override_settings(
        SHIPPING_FLAT=shipping, SHIPPING_FREE_FROM=free_from, TAX_PERCENT=str(percent)
    ):
        charge = charge_for(basket(*lines))
    subtotal = sum(amount * units for amount, units in lines)
    assert charge.shipping == (0 if free_from and subtotal >= free_from else shipping)
    assert charge.total == subtotal + charge.shipping, "a tax that prices include adds nothing"
    assert charge.total_text == format_money(subtotal + charge.shipping, "EUR")


@pytest.mark.parametrize(
    ("gross", "percent", "tax"),
    [
        (119, "19", 19),
        (499, "19", 80),  # 79.67
        (1000, "8.1", 75),  # 74.93
        (3, "100", 2),  # 1.5: half a unit is rounded up
        (495, "20", 83),  # 82.5: to the upper one, not to the even one
        (1, "19", 0),
        (499, "0", 0),
        (10**15, "19", 159_663_865_546_218),  # 159,663,865,546,218.49, beyond what a float can
    ],
)
def test_the_tax_in_an_amount(gross: int, percent: str, tax: int) -> None:
    assert included_tax(gross, Decimal(percent)) == tax


@given(amounts, percents)
def test_amount_without_tax_and_tax_on_it_are_the_amount(gross: int, percent: Decimal) -> None:
    tax = included_tax(gross, percent)
    net = gross - tax
    assert abs(Decimal(net) * percent / 100 - tax) <= 1


def test_shipping_is_in_the_currency_of_the_shop(settings: Any) -> None:
    settings.SHIPPING_FLAT = 490
    assert charge_for(basket((900, 1))).total == 1390
    assert charge_for(basket((900, 1), currency="JPY")).total == 900


@pytest.mark.parametrize(
    "line",
    [
        (ChargeKind.SHIPPING, "Parcel", 0),
        (ChargeKind.SHIPPING, "Parcel", -1),
        (ChargeKind.SHIPPING, "Parcel", 4.9),
        (ChargeKind.SHIPPING, "Parcel", True),
        (ChargeKind.SHIPPING, "Parcel", 490, True),
        (ChargeKind.SHIPPING, "Parcel", 490, False, Decimal(19)),
    ],
)
def test_a_rule_cannot_make_a_line_that_is_none(line: Any) -> None:
    with pytest.raises(ValueError, match="Parcel"):
        ChargeLine(*line)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("CHARGE_RULES", "shop.nowhere.rules"),
        ("CHARGE_RULES", "shop.orders.charge.Charge.total"),
        ("CHARGE_RULES", "shop.orders.limits.__doc__"),
        ("TAX_PERCENT", "nineteen"),
        ("TAX_PERCENT", "NaN"),
        ("TAX_PERCENT", "100"),
        ("TAX_PERCENT", "-1"),
        ("TAX_PERCENT", "8.1234"),
        ("SHIPPING_FLAT", -1),
    ],
)
def test_a_shop_that_cannot_charge_stays_down(settings: Any, setting: str, value: object) -> None:
    setattr(settings, setting, value)
    assert setting in "".join(error.msg for error in run_checks())


def test_nor_one_whose_shipping_no_card_can_pay(settings: Any) -> None:
    settings.SHOP_CURRENCY, settings.SHIPPING_FLAT = "KWD", 495
    assert any("KWD0.010" in error.msg for error in run_checks())
    settings.SHIPPING_FLAT = 490
    assert run_checks() == []


@given(st.lists(st.tuples(amounts, st.integers(1, 100)), min_size=1, max_size=20), currencies)
def test_payable_lines_make_a_payable_total(lines: list[tuple[int, int]], currency: str) -> None:
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
    said = stripe_amounts.obstacle(total, currency)
    assert obstacle in said
    assert bool(said) == bool(obstacle)


# --- In the shop ----------------------------------------------------------------


def offer_of(sale: Sale, shopper: ShopClient, price: int, currency: str = "EUR") -> str:
    product = make_product("PIN-01", "Pin", list_price=price * 10, currency=currency)
    add_deal(sale, product, price)
    return shopper.offer("PIN-01")


@in_shop
def test_a_bag_below_the_least_charge_is_told_before_a_card_is_typed(
    sale: Sale, shopper: ShopClient, stripe_api: StripeClient
) -> None:
    shopper.add(offer_of(sale, shopper, 49))
    page = shopper.open("/checkout/")
    assert page.status == 422
    assert "the payment service charges €0.50 or more" in page.text
    assert not page.soup.select("#payment-element")
    assert page.lines == {"PIN-01": 49}


@in_shop
def test_nor_is_it_ordered(sale: Sale, shopper: ShopClient, card: Card) -> None:
    shopper.add(offer_of(sale, shopper, 49))
    page = shopper.order(card(), shown_total=49)
    assert (page.status, Order.objects.count()) == (422, 0)
    assert "€0.50 or more" in page.text


@in_shop
def test_two_of_it_are(sale: Sale, shopper: ShopClient, card: Card) -> None:
    shopper.add(offer_of(sale, shopper, 49), 2)
    assert shopper.order(card()).order_status == "paid"


@pytest.mark.parametrize(
    ("currency", "price", "told"),
    [
        ("ISK", 500, 50000),
        ("JPY", 500, 500),
        ("KWD", 5120, 5120),
        ("RSD", 15050, 15050),
        ("MGA", 50000, 500),
    ],
)
@in_shop
def test_the_card_form_and_the_charge_agree_with_the_page(
    sale: Sale,
    shopper: ShopClient,
    card: Card,
    stripe_api: StripeClient,
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


@in_shop
def test_what_goes_back_is_shown_to_the_last_hundredth(
    sale: Sale, shopper: ShopClient, card: Card, stripe_api: StripeClient
) -> None:
    shopper.add(offer_of(sale, shopper, 15050, "RSD"), 2)
    page = shopper.order(card())
    order = Order.objects.get()
    units = [Units(order.lines.get(), 1, restock=True)]
    made = create_refund(
        plan_refund(order, units, shipping=False), reason="Chipped.", by=None, seen=0, now=OPENS
    )
    execute(made, cause="merchant", now=OPENS)
    assert made.amount_text == "RSD150.50"
    [refund] = stripe_api.v1.refunds.list({"payment_intent": order.payment_intent}).data
    assert (refund.amount, refund.status) == (15050, "succeeded")
    assert "RSD150.50" in shopper.open(page.path).text


def test_a_price_that_no_card_can_pay_is_refused_where_it_is_written(db: None) -> None:
    with pytest.raises(ValidationError, match="write a multiple of KWD0"):
        validate_payable(5124, "KWD")
    validate_payable(5120, "KWD")


def test_and_in_a_document(db: None) -> None:
    oud = {"list_price": 51200, "currency": "KWD"}
    with pytest.raises(DocumentError, match=r"deals\[0\]\.price: No card pays KWD5.124"):
        load_sale(parse_document(autumn_with(price=5124, **oud)), now=OPENS)
    load_sale(parse_document(autumn_with(price=5120, **oud)), now=OPENS)


# --- Shipping and tax as lines --------------------------------------------------


def to_somewhere(basket: Basket) -> Iterator[ChargeLine]:
    """Rules of a shop's own: dearer abroad, and a tax on top in the United States."""
    country = basket.destination.country if basket.destination else "GB"
    yield ChargeLine(ChargeKind.SHIPPING, "Parcel", 490 if country == "GB" else 1290)
    if country == "US":
        tax = (basket.subtotal + 1290) * 8 // 100
        yield ChargeLine(ChargeKind.TAX, "sales tax", tax, percent=Decimal(8))


US: dict[str, Any] = {
    "country": "US",
    "city": "Mountain View",
    "state": "CA",
    "postal_code": "94043",
}


@pytest.fixture
def own_rules(settings: Any) -> None:
    settings.CHARGE_RULES = f"{__name__}.to_somewhere"


@in_shop
def test_shipping_and_included_tax_are_lines(buyer: ShopClient, card: Card, settings: Any) -> None:
    settings.SHIPPING_FLAT, settings.TAX_PERCENT = 390, "8.1"
    page = buyer.open("/checkout/")
    assert page.total == 499 + 390
    assert "8.1% VAT in it €0.67" in page.text
    page = buyer.order(card())
    assert "Shipping €3.90 Total, with tax €8.89 8.1% VAT in it €0.67" in page.text
    order = Order.objects.get()
    assert (order.subtotal, order.added, order.total) == (499, 390, 889)
    assert list(order.charges.values_list("kind", "amount", "is_included", "percent")) == [
        ("shipping", 390, False, None),
        ("tax", 67, True, Decimal("8.1")),
    ]
    [receipt] = mail.outbox
    assert "Shipping: €3.90\nTotal, with tax: €8.89\n8.1% VAT in it: €0.67\n" in receipt.body


@in_shop
def test_shipping_is_free_from_a_subtotal_on(buyer: ShopClient, card: Card, settings: Any) -> None:
    settings.SHIPPING_FLAT, settings.SHIPPING_FREE_FROM = 390, 499
    assert "Shipping free" in buyer.open("/checkout/").text
    assert buyer.order(card()).order_status == "paid"
    assert (Order.objects.get().total, OrderCharge.objects.count()) == (499, 0)


@in_shop
def test_later_settings_change_no_order(buyer: ShopClient, card: Card, settings: Any) -> None:
    settings.SHIPPING_FLAT, settings.TAX_PERCENT = 390, "19"
    page = buyer.order(card())
    settings.SHIPPING_FLAT, settings.TAX_PERCENT = 0, "7"
    assert "19% VAT in it €1.42" in buyer.open(page.path).text


@in_shop
def test_where_it_goes_is_known_with_the_form_and_another_total_is_shown_first(
    buyer: ShopClient, card: Card, own_rules: None
) -> None:
    assert buyer.open("/checkout/").total == 499 + 490
    token = card()
    page = buyer.order(token, **US)
    tax = (499 + 1290) * 8 // 100
    assert (page.status, page.total, Order.objects.count()) == (422, 499 + 1290 + tax, 0)
    assert "8% sales tax €1.43" in page.text
    assert "The total has changed to €19.32. Nothing was charged." in page.text
    assert buyer.order(token, **US, shown_total=page.total).order_status == "paid"
    order = Order.objects.get()
    assert (order.total, order.charge.shipping, order.charge.added_tax) == (1932, 1290, 143)


@in_shop
def test_an_address_that_is_not_complete_is_shown_what_its_country_costs(
    buyer: ShopClient, card: Card, own_rules: None
) -> None:
    page = buyer.order(card(), country="FR", city="", shown_total=989)
    assert (page.status, page.total) == (422, 499 + 1290)


@in_shop
def test_an_order_that_waits_for_another_card_does_not_move_to_where_it_costs_more(
    buyer: ShopClient, card: Card, own_rules: None
) -> None:
    buyer.order(card("pm_card_visa_chargeDeclined"))
    page = buyer.order(card(), country="FR", postal_code="75001", shown_total=989)
    assert (page.status, page.total) == (422, 989)
    assert "Shipping or tax is not the same for this address. Nothing was charged" in page.text
    assert Order.objects.get().country == "GB"
    assert buyer.order(card(), city="York", shown_total=989).order_status == "paid"
    assert Order.objects.get().city == "York"


@in_shop
def test_rules_without_a_line_charge_nothing(buyer: ShopClient, card: Card, settings: Any) -> None:
    settings.CHARGE_RULES = f"{__name__}.in_floats"
    with pytest.raises(ValueError, match="no amount"):
        buyer.order(card(), shown_total=989)
    assert not Order.objects.exists()


def in_floats(basket: Basket) -> Iterator[ChargeLine]:
    """Rules of a shop that counts money in floats."""
    yield ChargeLine(ChargeKind.SHIPPING, "Parcel", 4.9)  # type: ignore[arg-type]


@in_shop
def test_an_added_tax_goes_back_with_what_it_is_on_and_in_the_end_all_of_it(
    sale: Sale, shopper: ShopClient, card: Card, own_rules: None
) -> None:
    shopper.add(shopper.offer(), 2)
    shopper.order(card(), **US, shown_total=998 + 1290 + 183)
    order = Order.objects.get()
    first = plan_refund(order, [Units(order.lines.get(), 1, True)], shipping=False)
    assert (first.amount, first.shipping, first.tax) == (499 + 39, 0, 39)
    create_refund(first, reason="Chipped.", by=None, seen=0, now=OPENS)
    rest = plan_refund(order, [Units(order.lines.get(), 1, True)], shipping=True)
    assert (rest.amount, rest.shipping, rest.tax) == (499 + 1290 + 144, 1290, 144)
    assert rest.amount == left_of(order)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "shipping", "amount": 0},
        {"kind": "shipping", "amount": 490, "is_included": True},
        {"kind": "shipping", "amount": 490, "percent": Decimal(19)},
        {"kind": "discount", "amount": 490},
    ],
)
@in_shop
def test_no_wrong_line_can_be_stored(buyer: ShopClient, card: Card, wrong: dict[str, Any]) -> None:
    buyer.order(card())
    with pytest.raises(IntegrityError):
        OrderCharge.objects.create(order=Order.objects.get(), label="Parcel", **wrong)
