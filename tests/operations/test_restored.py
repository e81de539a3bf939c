"""A backup is restored: nobody pays twice, nothing paid is lost, and what was promised is asked."""

from copy import deepcopy
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.http import HttpRequest
from django.test import Client

from shop.core.machine_clock import unix_seconds
from shop.operations.manifest import Manifest
from shop.operations.stuck import restore_that_waits
from shop.orders.models import Order
from shop.payments.restore_check import restore_check
from shop.qa.pytest_plugin.client import ADDRESS, ShopClient
from shop.qa.pytest_plugin.factories import OPENS, add_deal, make_product
from shop.qa.pytest_plugin.stripe import Stripe
from shop.sales.models import Extension, Recall, Restoration, Sale
from shop.sales.restorations import is_checkout_closed, undecided_sales
from shop.staff.models import Staff
from tests.support.fixtures import Card, Clock
from tests.support.forgetting import forgotten

MINUTE = timedelta(minutes=1)
pytestmark = pytest.mark.django_db


def start_process() -> None:
    """From now on this process has not sold anything yet."""
    restore_check.is_done = False


@pytest.fixture
def backup(tmp_path: Path, stripe: Stripe, clock: Clock) -> Path:
    """The folder of a backup that was taken when the sale opened."""
    Manifest(
        taken_at=OPENS,
        taken_at_unix=unix_seconds(),
        shop="Flashfreeze",
        issuer="http://localhost",
        database={},
        versions={},
        keys={},
        files=[],
    ).write(tmp_path)
    return tmp_path


def restored(folder: Path, *arguments: str) -> str:
    """What the command says; its last line is the error that it ends with, if any."""
    said = StringIO()
    try:
        call_command("restored", str(folder), *arguments, stdout=said)
    except CommandError as error:
        said.write(str(error))
    return said.getvalue()


def buy_and_forget(shopper: ShopClient, card: Card) -> None:
    """Pay for what the bag holds; the database forgets it, and the browser has its bag again."""
    cookies = deepcopy(shopper.client.cookies)
    with forgotten():
        assert shopper.order(card()).order_status == "paid"
    shopper.client.cookies = cookies


def paid(stripe: Stripe) -> list[dict[str, Any]]:
    return [each for each in stripe.ledger() if each["status"] == "succeeded"]


def test_a_bag_that_was_paid_after_the_backup_is_not_paid_again(
    stripe: Stripe, buyer: ShopClient, card: Card
) -> None:
    buy_and_forget(buyer, card)
    start_process()
    page = buyer.order(card())
    assert page.status == 503
    assert "Your bag and your prices are kept" in page.text
    assert page.one("[name=line1]")["value"] == ADDRESS["line1"]
    assert len(paid(stripe)) == 1
    assert buyer.bag().lines == {"MUG-01": 499}


def test_checkout_of_every_process_is_closed_until_restored_has_run(
    stripe: Stripe, buyer: ShopClient, card: Card, backup: Path
) -> None:
    buy_and_forget(buyer, card)
    start_process()
    buyer.order(card())
    answer = buyer.client.get("/checkout/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    restored(backup)
    assert not is_checkout_closed()


def test_a_session_that_was_ended_after_the_backup_is_not_opened_by_it(backup: Path) -> None:
    Staff.objects.create_superuser("ada", "ada@example.org", "thaw at noon")
    desk, thief = Client(), Client()
    desk.login(username="ada", password="thaw at noon", request=HttpRequest())
    thief.cookies[settings.SESSION_COOKIE_NAME] = desk.cookies[settings.SESSION_COOKIE_NAME].value
    as_of_backup = Staff.objects.values("open_sessions").get()
    desk.post("/merchant/logout/")
    Staff.objects.update(**as_of_backup)
    assert thief.get("/merchant/").status_code == 200
    assert "Everybody of the staff is logged out" in restored(backup)
    assert thief.get("/merchant/").status_code == 302


def test_a_restored_order_is_found_by_its_bag(
    stripe: Stripe, buyer: ShopClient, card: Card, backup: Path
) -> None:
    buy_and_forget(buyer, card)
    said = restored(backup, "--honor", "autumn", *NONE)
    assert "rebuilt as paid" in said
    page = buyer.open("/checkout/")
    assert page.path.startswith("/orders/")
    assert page.order_status == "paid"
    assert len(paid(stripe)) == 1
    assert Order.objects.get().total == 499


def test_a_paid_order_of_a_product_that_is_gone_keeps_checkout_closed_until_it_is_decided(
    stripe: Stripe, shopper: ShopClient, card: Card, sale: Sale, backup: Path
) -> None:
    with forgotten():
        add_deal(sale, make_product("NEW-01", "Novelty"), 990)
        shopper.add(shopper.offer("NEW-01"))
        assert shopper.order(card()).order_status == "paid"
    said = restored(backup)
    assert "NEW-01 is not in this database" in said
    assert is_checkout_closed()
    assert "€9.90 goes back" in restored(backup, "--refund-unknown")
    assert not is_checkout_closed()


def test_a_shop_that_knows_every_order_sells_on(
    stripe: Stripe, buyer: ShopClient, another_shopper: ShopClient, card: Card
) -> None:
    assert buyer.order(card()).order_status == "paid"
    another_shopper.add(another_shopper.offer())
    start_process()
    assert another_shopper.order(card()).order_status == "paid"


def test_payments_that_restored_has_dealt_with_prove_nothing_new(
    stripe: Stripe,
    buyer: ShopClient,
    another_shopper: ShopClient,
    card: Card,
    backup: Path,
) -> None:
    with forgotten():
        buyer.order(card("pm_card_chargeDeclined"))
    restored(backup, "--recall", "list", "--honor", "autumn", *NONE)
    another_shopper.add(another_shopper.offer())
    start_process()
    assert another_shopper.order(card()).order_status == "paid"


def test_reconcile_closes_checkout_too_and_fails(
    stripe: Stripe, buyer: ShopClient, card: Card
) -> None:
    buy_and_forget(buyer, card)
    with pytest.raises(CommandError, match="Checkout is closed"):
        call_command("reconcile", stdout=StringIO(), stderr=StringIO())
    assert is_checkout_closed()


def test_a_shop_whose_stripe_is_silent_looks_again_at_the_next_checkout(
    stripe: Stripe, buyer: ShopClient, card: Card
) -> None:
    buy_and_forget(buyer, card)
    start_process()
    # Both attempts of the library.
    stripe.fault("GET /v1/payment_intents", "error_500_before", times=2)
    restore_check.closes_checkout(OPENS)
    assert not is_checkout_closed()
    assert buyer.order(card()).status == 503


NONE = ("--recalled-until", "autumn=none", "--extended", "autumn=none")


def test_nothing_is_preset_and_the_command_says_what_to_type(sale: Sale, backup: Path) -> None:
    said = restored(backup)
    assert f"restored {backup} --honor autumn list --recalled-until" in said
    [waiting] = restore_that_waits(OPENS)
    assert "lines of autumn, list wait in every bag" in waiting.text
    assert said.endswith("Undecided: autumn, list.")
    assert undecided_sales() == ["autumn", "list"]


def test_to_honor_a_sale_it_has_to_be_said_what_was_recalled_and_extended(
    sale: Sale, backup: Path
) -> None:
    assert "also needs --recalled-until and --extended" in restored(backup, "--honor", "autumn")
    assert undecided_sales() == ["autumn", "list"]


def test_what_was_recalled_and_extended_since_is_done_again_once(
    sale: Sale, backup: Path, clock: Clock
) -> None:
    clock.move_to(OPENS + 10 * MINUTE)
    said = ("--recalled-until", "autumn=2026-11-27T12:05:00+01:00", "--extended", "autumn=600")
    for _ in range(2):
        restored(backup, "--honor", "autumn", *said)
    assert Recall.objects.get().issued_before == OPENS + 5 * MINUTE
    assert Extension.objects.get().seconds == 600


def test_a_person_at_a_terminal_is_asked(
    sale: Sale, backup: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.move_to(OPENS + 10 * MINUTE)
    answers = iter(["honor", "2026-11-27T12:05:00+01:00", "600", ""])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: next(answers))
    assert restored(backup).endswith("Undecided: list.")
    assert Recall.objects.get().issued_before == OPENS + 5 * MINUTE
    assert Extension.objects.get().seconds == 600


def test_with_every_sale_decided_it_is_done(sale: Sale, backup: Path) -> None:
    restored(backup, "--honor", "autumn", *NONE)
    said = restored(backup, "--recall", "list")
    assert said.endswith("Checkout is open, and every sale is decided.\n")
    assert Restoration.objects.count() == 1


def test_a_backup_of_another_tool_is_known_by_its_instant(
    stripe: Stripe, sale: Sale, clock: Clock
) -> None:
    clock.move_to(OPENS + MINUTE)
    said = StringIO()
    with pytest.raises(CommandError, match="Undecided: autumn, list"):
        call_command("restored", "--as-of", "2026-11-27T12:00:00+01:00", stdout=said)
    assert "restored --as-of 2026-11-27T12:00:00+01:00 --honor autumn list" in said.getvalue()
    assert Restoration.objects.get().backup_at == OPENS


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--recalled-until", "autumn=2026-11-27T12:05:00"), "no offset"),
        (("--recalled-until", "autumn=2026-11-27T13:05:00+01:00"), "still to come"),
        (("--recalled-until", "autumn"), "SLUG=none"),
        (("--extended", "autumn=-1"), "how many seconds"),
        (("--honor", "autumn", "--recall", "autumn"), "choose one"),
        (("--honor", "winter", "--recalled-until", "winter=none"), "Load it again"),
    ],
)
def test_an_answer_that_cannot_be_meant_is_refused(
    sale: Sale, backup: Path, arguments: tuple[str, ...], problem: str
) -> None:
    assert problem in restored(backup, *arguments)
    assert not Recall.objects.exists()


def test_while_stripe_cannot_be_asked_checkout_stays_closed(
    sale: Sale, stripe: Stripe, backup: Path
) -> None:
    stripe.fault("GET /v1/payment_intents*", "error_500_before", times=2)
    assert "Checkout stays closed" in restored(backup)
    assert is_checkout_closed()


def test_a_backup_of_another_shop_is_refused(sale: Sale, backup: Path, settings: Any) -> None:
    settings.OFFER_ISSUER = "https://other.example"
    assert "The backup is of http://localhost" in restored(backup)
    assert not is_checkout_closed()
