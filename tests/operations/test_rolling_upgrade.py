"""A rolling upgrade: the previous release sells on while this one has migrated the database."""

from dataclasses import replace
from pathlib import Path

import pytest
import requests
from stripe import StripeClient

from shop.qa.pytest_plugin.client import ADDRESS
from tests.support.previous_release import previous_release
from tests.support.server_processes import RunningShop, Visitor, shop_environment

IN_THE_SALE = "2026-11-27T11:05:00Z"
STAFF = {"username": "staff", "password": "travelling"}


def order(visitor: Visitor, server: str, stripe_base: str) -> str:
    """Buy the mug at a server; the order's page, once it is paid."""
    stripe = StripeClient("sk_test_development", base_addresses={"api": stripe_base})
    token = stripe.v1.test_helpers.confirmation_tokens.create({"payment_method": "pm_card_visa"})
    bought = {"offer": visitor.offer(server), "quantity": "1"}
    assert visitor.send(f"{server}/bag/add/", bought).status_code == 303
    form = {**ADDRESS, "shown_total": "499", "confirmation_token": token.id}
    answer = visitor.send(f"{server}/checkout/", form)
    assert answer.status_code == 303, answer.text
    page: str = answer.headers["Location"]
    assert visitor.open(f"{server}{page}").select("[data-order-status=paid]")
    return page


def order_numbers(server: str) -> set[str]:
    """The orders that the back office lists."""
    visitor = Visitor()
    visitor.open(f"{server}/merchant/login/")
    form = {**STAFF, "next": "/merchant/"}
    assert visitor.send(f"{server}/merchant/login/", form).status_code == 302
    listed = visitor.open(f"{server}/merchant/checkout/order/").select("#result_list tbody th a")
    return {each.get_text(strip=True) for each in listed}


@pytest.mark.verify
@pytest.mark.usefixtures("either_database")
def test_the_previous_release_sells_on_while_this_one_takes_over(
    tmp_path: Path, stripe_base: str
) -> None:
    # Its payments would belong to no order of this shop.
    requests.post(f"{stripe_base}/reset", timeout=5).raise_for_status()
    (tmp_path / "var").mkdir()
    new = RunningShop(shop_environment(tmp_path / "var", stripe_base))
    old = replace(new, root=previous_release().check_out(tmp_path / "previous"))
    old.manage("migrate", "--verbosity", "0")
    old.load_sale()
    old.run(
        "from django.contrib.auth import get_user_model;"
        f"get_user_model().objects.create_superuser({STAFF['username']!r}, "
        f"password={STAFF['password']!r})"
    )
    with old.server() as previous:
        old.servers = [previous]
        old.travel(at=IN_THE_SALE, running=False)
        before = Visitor()
        order(before, previous, stripe_base)
        new.manage("migrate", "--verbosity", "0")
        order(before, previous, stripe_base)
        order(Visitor(), previous, stripe_base)
        old.load_sale(title="Autumn again")
        for path in (
            "/",
            "/sales/autumn/",
            "/products/stoneware-mug/",
            "/bag/",
            "/merchant/login/",
        ):
            before.open(f"{previous}{path}")
        with new.server() as current:
            order(Visitor(), current, stripe_base)
            old.manage("reconcile")
            new.manage("reconcile")
            listed = order_numbers(previous)
            assert len(listed) == 4
            assert listed == order_numbers(current)
