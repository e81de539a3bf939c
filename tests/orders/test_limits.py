"""Whom a limit counts as one: a mailbox however it is spelled, a card, a browser with its ids."""

import hashlib
from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from shop.orders.limits import card_key, email_key, limit_key, normalise_email
from shop.orders.models import Order
from shop.qa.pytest_plugin.back_office import Merchant
from shop.qa.pytest_plugin.client import ShopClient
from shop.qa.pytest_plugin.factories import OPENS
from shop.sales.models import LimitUse, Sale
from tests.support.factories import make_order
from tests.support.fixtures import Card, Clock

in_shop = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        ("ada@example.org", "ada@example.org"),
        (" Ada@EXAMPLE.Org ", "ada@example.org"),
        ("ada+sale@example.org", "ada@example.org"),
        ("Ada+one+two@example.org", "ada@example.org"),
        ("ada@Bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@xn--bcher-kva.EXAMPLE", "ada@xn--bcher-kva.example"),
        ("ada@bücher。example", "ada@xn--bcher-kva.example"),
        ("ada@ｂücher.example", "ada@xn--bcher-kva.example"),
        ('"ada"@example.org', "ada@example.org"),
        (r'"a\da+sale"@example.org', "ada@example.org"),
        ("a.da@example.org", "a.da@example.org"),
        ("ada@mail.example.org", "ada@mail.example.org"),
        ("foobar@gmail.com", "foobar@gmail.com"),
        ("foo.bar@gmail.com", "foobar@gmail.com"),
        ("f.o.o.b.a.r@googlemail.com", "foobar@gmail.com"),
        ("Foo.Bar+sale@GoogleMail.com", "foobar@gmail.com"),
        ("foo.bar@gmail.com.example", "foo.bar@gmail.com.example"),
        ("\u212aim@example.org", "kim@example.org"),
        ("ada@straße.de", "ada@xn--strae-oqa.de"),
        ("ada@strasse.de", "ada@strasse.de"),
        ("ada@localhost", "ada@localhost"),
    ],
)
def test_every_spelling_of_a_mailbox_is_one(address: str, mailbox: str) -> None:
    assert normalise_email(address) == mailbox


@given(st.from_regex(r"[a-z][a-z0-9.]{0,20}", fullmatch=True), st.text("abcXYZ+", max_size=10))
def test_no_tag_and_no_case_makes_another_of_it(local: str, tag: str) -> None:
    again = normalise_email(f"{local.upper()}+{tag}@Example.ORG")
    assert again == normalise_email(f"{local}@example.org") == normalise_email(again)


def test_neither_mailbox_nor_card_can_be_read_in_a_limit() -> None:
    assert "ada" not in email_key("ada@example.org")
    assert "fingerprint" not in card_key("fingerprint")


@in_shop
@pytest.mark.parametrize("end", ["cancel", "lapse"])
def test_a_limit_is_free_again_with_the_claim(
    end: str, buyer: ShopClient, another_shopper: ShopClient, card: Card, clock: Clock
) -> None:
    buyer.add(buyer.offer())
    declined = "pm_card_visa_chargeDeclined"
    buyer.order(card(declined), email="Ada@Bücher.example")
    another_shopper.add(another_shopper.offer())
    same = "ada+phone@xn--bcher-kva.example"
    assert another_shopper.order(card(), email=same).status == 422
    used = LimitUse.objects.filter(units__gt=0)
    assert set(used.values_list("kind", "units")) == {(kind, 2) for kind in LimitUse.Kind.values}
    if end == "cancel":
        path = buyer.open(f"/orders/mine/{Order.objects.get().number}/").path
        buyer.send(f"{path}cancel/", {})
    else:
        clock.move_to(OPENS + timedelta(minutes=10))
        call_command("reconcile")
    assert set(LimitUse.objects.values_list("units", flat=True)) == {0}
    assert another_shopper.order(card(declined), email=same).status == 422
    assert another_shopper.order(card(), email=same).order_status == "paid"


@in_shop
def test_a_mailbox_of_gmail_is_one_shopper_however_it_is_spelled(
    buyer: ShopClient, another_shopper: ShopClient, card: Card
) -> None:
    buyer.add(buyer.offer())
    assert buyer.order(card(), email="foo.bar@gmail.com").order_status == "paid"
    another_shopper.add(another_shopper.offer())
    again = another_shopper.order(card(), email="f.o.o.b.a.r@googlemail.com")
    assert (again.status, again.verdicts) == (422, ["over_limit"])


@in_shop
def test_what_was_counted_by_spelling_is_moved_to_the_mailbox(
    sale: Sale,
) -> None:
    make_order(sale, email="foo.bar+one@gmail.com")
    make_order(sale, "FF-2", email="foobar@googlemail.com")
    make_order(sale, "FF-3", email="f.oo@example.org")
    deal = sale.deals.get(product__sku="MUG-01")
    for mailbox in ("foo.bar@gmail.com", "foobar@googlemail.com", "f.oo@example.org"):
        key = limit_key(LimitUse.Kind.EMAIL, mailbox)
        LimitUse.objects.create(deal=deal, kind="email", key=key, units=2)
    migration = import_module("shop.orders.migrations.0006_one_mailbox_of_gmail")
    for _ in range(2):
        migration.count_spellings_of_a_mailbox_together(apps, None)
        assert dict(deal.limit_uses.values_list("key", "units")) == {
            email_key("foobar@gmail.com"): 4,
            email_key("f.oo@example.org"): 2,
        }


def units_of_card(number: str) -> int:
    """Units of the mug that are counted by a card, as the stand-in makes its fingerprint."""
    fingerprint = hashlib.sha256(b"stand-in:" + number.encode()).hexdigest()[:16]
    rows = LimitUse.objects.filter(kind=LimitUse.Kind.CARD, key=card_key(fingerprint))
    return sum(row.units for row in rows)


@in_shop
def test_a_card_that_is_known_from_its_payment_alone_is_counted_by_it(
    buyer: ShopClient, card: Card, merchant: Merchant
) -> None:
    assert buyer.order(card("pm_card_standIn_noFingerprint")).order_status == "paid"
    assert units_of_card("4000000000001018") == 1
    merchant.refund(Order.objects.get(), "MUG-01", 1, "Cracked")
    assert units_of_card("4000000000001018") == 0


@in_shop
def test_a_card_that_is_known_from_its_token_is_counted_once(buyer: ShopClient, card: Card) -> None:
    assert buyer.order(card()).order_status == "paid"
    call_command("reconcile")
    assert units_of_card("4242424242424242") == 1
