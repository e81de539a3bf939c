"""Ten times more page views than a process can answer, and shoppers who pay meanwhile."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from statistics import median

import pytest
from django.utils import timezone

from shop.core.machine_clock import monotonic_seconds
from shop.qa.pytest_plugin.client import ADDRESS
from shop.qa.pytest_plugin.stand_in import StripeApi
from tests.support.crowd import crowd
from tests.support.server_processes import AUTUMN, RunningShop, Visitor, shop_environment

pytestmark = pytest.mark.verify

THREADS = 8
#: Shoppers with an offer each, half of whom buy before the crowd comes and half amid it.
SHOPPERS = 24
AT_A_TIME = 4
#: Browsers of the crowd; each asks again as soon as it is answered, whatever Retry-After says.
CROWD = 300


class Buyer:
    """A shopper who has seen the mug's price, and buys it."""

    def __init__(self, server: str, stripe_api: StripeApi) -> None:
        self.server, self.visitor, self.stripe_api = server, Visitor(), stripe_api
        self.offer = self.visitor.offer(server)

    def buy(self) -> tuple[float, list[int]]:
        """How long it took in all, and the status of each step."""
        token = self.stripe_api.token()
        began = monotonic_seconds()
        added = self.visitor.send(f"{self.server}/bag/add/", {"offer": self.offer, "quantity": "1"})
        page = self.visitor.session.get(f"{self.server}/checkout/", timeout=60)
        form = {**ADDRESS, "shown_total": "499", "confirmation_token": token}
        ordered = self.visitor.send(f"{self.server}/checkout/", form)
        order = self.visitor.session.get(
            f"{self.server}{ordered.headers.get('Location', '/')}", timeout=60
        )
        statuses = [each.status_code for each in (added, page, ordered, order)]
        if 'data-order-status="paid"' not in order.text:
            statuses.append(0)
        return monotonic_seconds() - began, statuses


def purchases(buyers: list[Buyer]) -> list[tuple[float, list[int]]]:
    with ThreadPoolExecutor(AT_A_TIME) as people:
        return list(people.map(Buyer.buy, buyers))


@pytest.fixture
def shop(tmp_path: Path, stripe_base: str) -> RunningShop:
    """A shop whose sale runs now, on the real clock."""
    shop = RunningShop(
        shop_environment(tmp_path, stripe_base, QA_CLOCK="0", EMAIL_URL=f"filemail:///{tmp_path}")
    )
    shop.manage("migrate", "--verbosity", "0")
    now = timezone.now().replace(microsecond=0)
    shop.load_sale(
        starts_at=(now - timedelta(hours=1)).isoformat(),
        ends_at=(now + timedelta(hours=1)).isoformat(),
        # All of these shoppers have one card and one mail address.
        deals=[{**AUTUMN["deals"][0], "max_per_shopper": 1000}],
    )
    return shop


def test_every_checkout_succeeds_amid_ten_times_more_page_views_than_can_be_answered(
    shop: RunningShop, stripe_base: str
) -> None:
    stripe_api = StripeApi(stripe_base, "sk_test_development")
    with shop.server(THREADS) as server:
        port = int(server.rpartition(":")[2])
        buyers = [Buyer(server, stripe_api) for _ in range(SHOPPERS)]
        quiet = purchases(buyers[: SHOPPERS // 2])
        with crowd(port, 2, 5) as few:
            pass
        with crowd(port, CROWD, 25) as many:
            time.sleep(5)
            busy = purchases(buyers[SHOPPERS // 2 :])
            after = Visitor().session.get(f"{server}/healthz", timeout=20).status_code

    for name, bought in (("alone", quiet), ("amid the crowd", busy)):
        took = [seconds for seconds, _ in bought]
        good = sum(statuses == [303, 200, 303, 200] for _, statuses in bought)
        print(
            f"\n  checkouts {name}: {good} of {len(bought)}, "
            f"median {median(took):.2f} s, slowest {max(took):.2f} s",
            end="",
        )
    print(f"\n  pages, 2 browsers:\n{few.told()}\n  pages, {CROWD} browsers:\n{many.told()}")
    assert [statuses for _, statuses in quiet + busy] == [[303, 200, 303, 200]] * SHOPPERS
    assert after == 200
    assert many.seconds.keys() == {"200", "503"}
    assert many.without_retry_after == 0
    # Of those that were refused most were told at once, and none waited for long.
    assert median(many.seconds["503"]) < 1
    assert max(many.seconds["503"]) < 10
