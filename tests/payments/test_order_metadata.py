"""What a payment says of its order: all of it, within Stripe's limits, and back again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import stripe as stripe_library
from hypothesis import given
from hypothesis import strategies as st

from offers.anchors import new_id, new_nonce
from offers.keys import KeyRing
from offers.terms import Offer
from offers.tokens import sign_offer
from shop.bag.cookie import BagFull, Packed, pack
from shop.orders.charge import ChargeKind, ChargeLine
from shop.orders.models import Order, Refund
from shop.payments import refunds
from shop.payments.order_metadata import LineFacts, OrderFacts, read_metadata, write_metadata
from shop.payments.refund_plans import Units, plan_refund
from shop.qa.pytest_plugin.client import ADDRESS, ShopClient
from shop.qa.pytest_plugin.factories import OPENS, new_key
from shop.qa.pytest_plugin.stripe import Stripe
from tests.offers.handmade_tokens import claims
from tests.support.fixtures import Card

in_shop = pytest.mark.django_db(transaction=True)

LONGEST_SALE, LONGEST_SKU, LONGEST_NAME = "s" * 80, "K" * 60, "ü" * 200
FACTS = OrderFacts(
    number="FF-12345678",
    round=1,
    issuer="https://shop.example",
    email="a" * 60 + "@example.org",
    shopper=new_id(),
    placed_at=datetime(2026, 11, 27, 11, 0, 0, 123456, tzinfo=UTC),
    charges=(
        ChargeLine(ChargeKind.SHIPPING, "Shipping", 390),
        ChargeLine(ChargeKind.TAX, "VAT", 80, True, Decimal("8.100")),
    ),
    lines=(LineFacts(jti=new_id(), sale="autumn", sku="MUG-01", quantity=2, amount=499, was=4990),),
)

skus = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True)
lines = st.builds(
    LineFacts,
    jti=st.text("abcdefghij", min_size=22, max_size=22),
    sale=st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True),
    sku=skus,
    quantity=st.integers(1, 10**6),
    amount=st.integers(1, 10**12),
    was=st.integers(1, 10**12),
    seconds_late=st.none() | st.integers(0, 10**7),
    name=st.text(max_size=200),
)


def values_of(metadata: dict[str, str]) -> tuple[int, int, int]:
    """Keys, and the longest key and value."""
    return len(metadata), max(map(len, metadata)), max(map(len, metadata.values()))


def bag_lines(offers: int, variants: int, ring: KeyRing) -> list[Packed]:
    """Lines of a bag with the longest names that a shop may give."""
    shopper = new_id()
    packed = []
    for number in range(offers):
        sku = f"{LONGEST_SKU}{number:02d}"
        terms = claims(
            sub=shopper,
            jti=new_id(),
            sale=LONGEST_SALE,
            sku=sku,
            max=1_000_000,
            anchor=new_nonce()[:16],
        )
        message = sign_offer(Offer.from_claims(terms), ring.active)
        packed.append(Packed(message, {f"{sku[:-2]}{each:04d}": 1 for each in range(variants)}))
    return packed


def facts_of_bag(bag: list[Packed]) -> OrderFacts:
    """The order of a bag's lines, with the longest names."""
    return replace(
        FACTS,
        lines=tuple(
            LineFacts(
                jti=jti,
                sale=LONGEST_SALE,
                sku=sku,
                quantity=units,
                amount=10**12,
                was=10**12,
                seconds_late=10**7,
                name=LONGEST_NAME,
            )
            for jti, line in ((new_id(), line) for line in bag)
            for sku, units in line.quantities.items()
        ),
    )


@given(st.lists(lines, min_size=1, max_size=12, unique_by=lambda line: line.jti), st.emails())
def test_what_was_written_is_read_again(lines: list[LineFacts], email: str) -> None:
    facts = replace(FACTS, lines=tuple(lines), email=email)
    metadata = write_metadata(facts)
    keys, longest_key, longest_value = values_of(metadata)
    assert (keys <= 50, longest_key <= 40, longest_value <= 500) == (True, True, True)
    assert all(value == value.strip() for name, value in metadata.items() if "_" in name)
    read = read_metadata(metadata)
    without_names = replace(facts, lines=tuple(replace(line, name="") for line in lines))
    assert read in (facts, without_names)


@pytest.mark.parametrize("offers", [1, 20])
def test_the_largest_bag_fits_and_only_names_are_left_out(offers: int) -> None:
    ring = KeyRing.from_jwk_set({"keys": [new_key("2026-11-23-ab12")]}, "https://shop.example")
    variants = 1
    while fits(bag := bag_lines(offers, variants, ring)):
        largest, variants = bag, variants + (100 if offers == 1 else 10)
    facts = facts_of_bag(largest)
    assert len(facts.lines) > 100
    metadata = write_metadata(facts)
    keys, longest_key, longest_value = values_of(metadata)
    assert (keys <= 50, longest_key <= 40, longest_value <= 500) == (True, True, True)
    read = read_metadata(metadata)
    assert read is not None
    assert read == replace(facts, lines=tuple(replace(each, name="") for each in facts.lines))


def fits(bag: list[Packed]) -> bool:
    """Whether a cookie takes a bag."""
    try:
        pack(bag)
    except BagFull:
        return False
    return True


@pytest.mark.parametrize(
    "change",
    [
        {"details_0": "{"},
        {"details_0": '{"offers":[],"charges":"none"}'},
        {"placed_at": "2026-11-27T11:00:00"},
        {"round": "first"},
        {"shopper": ""},
        {"details_0": '{"offers":[{"jti":"j","sale":"s","amount":-1,"was":1,"late":null,'
                      '"units":{"A":1}}],"charges":[]}'},
    ],
)  # fmt: skip
def test_what_somebody_changed_at_stripe_is_not_believed(change: dict[str, str]) -> None:
    assert read_metadata(write_metadata(FACTS)) == FACTS
    assert read_metadata({**write_metadata(FACTS), **change}) is None


def test_metadata_of_something_else_is_not_ours() -> None:
    assert read_metadata({"order": "FF-12345678", "round": "1"}) is None


# --- At Stripe -----------------------------------------------------------------------


def intent_of(order: Order, stripe: Stripe) -> stripe_library.PaymentIntent:
    return stripe.client.v1.payment_intents.retrieve(order.payment_intent)


@in_shop
def test_a_payment_says_all_of_its_order(
    buyer: ShopClient, card: Card, stripe: Stripe, settings: Any
) -> None:
    settings.SHIPPING_FLAT, settings.TAX_PERCENT = 390, "19"
    buyer.order(card())
    order = Order.objects.get()
    intent = intent_of(order, stripe)
    facts = read_metadata(intent.metadata.to_dict())
    line = order.lines.get()
    assert facts == OrderFacts(
        number=order.number,
        round=1,
        issuer=settings.OFFER_ISSUER,
        email="ada@example.org",
        shopper=order.shopper,
        placed_at=OPENS,
        charges=order.charge.lines,
        lines=(
            LineFacts(
                jti=line.jti,
                sale="autumn",
                sku="MUG-01",
                quantity=1,
                amount=499,
                was=4990,
                name="Stoneware mug",
            ),
        ),
    )
    assert len(facts.charges) == 2
    assert intent.shipping is not None and intent.shipping.address is not None
    assert intent.shipping.name == ADDRESS["name"]
    address = intent.shipping.address.to_dict()
    names = ("line1", "postal_code", "city", "country")
    assert {name: address[name] for name in names} == {name: ADDRESS[name] for name in names}


@in_shop
def test_an_address_that_was_corrected_is_the_one_that_was_paid_with(
    buyer: ShopClient, card: Card, stripe: Stripe
) -> None:
    declined = card("pm_card_visa_chargeDeclined")
    buyer.order(declined, line2="c/o Babbage", city="Lodnon", email="adda@example.org")
    buyer.order(card())
    intent = intent_of(Order.objects.get(), stripe)
    assert intent.status == "succeeded"
    assert intent.metadata["email"] == "ada@example.org"
    assert intent.shipping is not None and intent.shipping.address is not None
    assert (intent.shipping.address.city, intent.shipping.address.line2) == ("London", None)


@in_shop
def test_a_refund_says_which_units_it_is_of(buyer: ShopClient, card: Card, stripe: Stripe) -> None:
    buyer.add(buyer.offer("LMP-01"))
    buyer.order(card())
    order = Order.objects.get()
    units = [Units(order.lines.get(sku="LMP-01"), 1, False)]
    plan = plan_refund(order, units, shipping=False)
    now = OPENS + timedelta(minutes=20)
    refund = refunds.create_refund(plan, reason="Chipped.", by=None, seen=0, now=now)
    refunds.execute(refund, cause="merchant", now=now)
    [answer] = stripe.client.v1.refunds.list({"payment_intent": order.payment_intent}).data
    assert answer.metadata is not None
    assert answer.metadata.to_dict() == {
        "order": order.number,
        "refund": Refund.objects.get().idempotency_key,
        "made_at": now.isoformat(),
        "shipping": "0",
        "reason": "Chipped.",
        "units_0": "[[1,1,0]]",
    }
