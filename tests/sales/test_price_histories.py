"""Reference prices after generated histories, held against an account by brute force.

The account knows no stretches, windows or audit log: it keeps the state of the shop after each
thing that the merchant did, and asks it day by day what a product cost.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from offers.terms import LIST
from shop.catalog.models import Product
from shop.sales.documents.loader import load_sale
from shop.sales.documents.schema import parse_document
from shop.sales.lifecycle import cancel
from shop.sales.models import Deal, Sale
from shop.sales.price_corrections import take_back
from shop.sales.price_history import price_stretches
from shop.sales.reference_prices import list_price_changed, set_list_price

pytestmark = pytest.mark.django_db

DAY_0 = datetime(2026, 9, 1, 12, tzinfo=UTC)
#: A day of these histories lasts six, so that thirty days are five.
DAY = timedelta(days=6)
PERIOD = 5
SKUS = ("HAT", "MUG")
SLUGS = ("autumn", "winter")


def on(day: int) -> datetime:
    return DAY_0 + day * DAY


@dataclass
class SaleAccount:
    """A sale from day ``opens`` to day ``closes``, with the prices of the deals on show."""

    opens: int
    closes: int
    is_published: bool
    was_published: bool
    prices: dict[str, int]
    withdrawn: set[str] = field(default_factory=set)


@dataclass
class Shop:
    """All that decides what a product costs on a day."""

    list_prices: dict[str, int]
    #: Products whose list price of that day was taken back.
    mistakes: set[str] = field(default_factory=set)
    kept_for_sales: set[str] = field(default_factory=set)
    sales: dict[str, SaleAccount] = field(default_factory=dict)

    def prices_of(self, sku: str, day: int) -> list[int]:
        """Every price at which anybody could buy a product on a day."""
        has_list_price = sku not in self.kept_for_sales | self.mistakes
        prices = [self.list_prices[sku]] if has_list_price else []
        for sale in self.sales.values():
            if sale.is_published and sale.opens <= day < sale.closes:
                prices += [sale.prices[sku]] if sku in sale.prices.keys() - sale.withdrawn else []
        return prices


class Account:
    """The shop on every day, and the reference prices that follow."""

    def __init__(self) -> None:
        self.days = {0: Shop({"HAT": 2000, "MUG": 5000})}
        #: The reference price of a deal, and the day of the opening that it is of.
        self.references: dict[tuple[str, str], tuple[int | None, int]] = {}

    def shop_on(self, day: int) -> Shop:
        return self.days[max(known for known in self.days if known <= day)]

    def today(self, day: int) -> Shop:
        """The shop of a day, to be changed."""
        if day not in self.days:
            self.days[day] = replace(deepcopy(self.shop_on(day)), mistakes=set())
        return self.days[day]

    def take_back(self, sku: str, since: int, until: int) -> None:
        """Take back the list price of some days."""
        for day in range(since, until):
            shop = self.days[day] if day in self.days else deepcopy(self.shop_on(day))
            self.days[day] = replace(shop, mistakes=shop.mistakes | {sku})
        self.days.setdefault(until, replace(deepcopy(self.shop_on(until)), mistakes=set()))

    def settle(self, today: int) -> None:
        """Work out each reference price whose sale has yet to open."""
        for slug, sale in self.shop_on(today).sales.items():
            for sku in sale.prices if sale.was_published else ():
                _, opening = self.references.get((slug, sku), (None, today + 1))
                if max(opening, sale.opens) > today:
                    self.references[slug, sku] = self._lowest(sku, sale.opens), sale.opens

    def _lowest(self, sku: str, opens: int) -> int | None:
        days = range(max(0, opens - PERIOD), opens)
        asked = [price for day in days for price in self.shop_on(day).prices_of(sku, day)]
        return min(asked, default=None)


def load(slug: str, shop: Shop, day: int) -> None:
    """Load a sale's document as the account has the sale."""
    sale = shop.sales[slug]
    document = {
        "slug": slug,
        "starts_at": on(sale.opens).isoformat(),
        "ends_at": on(sale.closes).isoformat(),
        "published": sale.is_published,
        "deals": [
            {
                "sku": sku,
                "name": sku.title(),
                "list_price": shop.list_prices[sku],
                "price": price,
                "stock": 9,
            }
            for sku, price in sale.prices.items()
            if sku not in sale.withdrawn
        ],
    }
    load_sale(parse_document(document), now=on(day))


#: List prices are higher than deals' in most histories, as in life.
list_prices = st.integers(20, 60).map(lambda number: number * 100)
prices = st.dictionaries(
    st.sampled_from(SKUS), st.integers(1, 30).map(lambda number: number * 100), min_size=1
)
skus = st.sampled_from(SKUS)
slugs = st.sampled_from(SLUGS)
#: A document: when the sale opens, from today on, how long it lasts, whether it is published.
sale_steps = st.tuples(
    st.just("sale"),
    slugs,
    st.integers(-2, 4),
    st.integers(1, 4),
    st.sampled_from((True, True, False)),
    prices,
)
other_steps = st.one_of(
    st.tuples(st.just("cancel"), slugs),
    st.tuples(st.just("list price"), skus, list_prices),
    st.tuples(st.just("kept for sales"), skus, st.booleans()),
    st.tuples(st.just("taken back"), skus),
)
steps = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.one_of(sale_steps, sale_steps, sale_steps, other_steps),
    ),
    min_size=6,
    max_size=14,
)


def act(account: Account, day: int, what: tuple[object, ...]) -> None:
    """Do one thing in the account and in the shop."""
    shop = account.today(day)
    match what:
        case "sale", str(slug), int(opens), int(lasts), bool(is_published), Mapping() as asked:
            if Sale.objects.filter(slug=slug, state=Sale.State.CANCELED).exists():
                return
            before = shop.sales.get(slug)
            was_published = is_published or (before is not None and before.was_published)
            sale = SaleAccount(day + opens, day + opens + lasts, is_published, was_published, {})
            if before and before.was_published:
                sale.prices = before.prices | dict(asked)
                sale.withdrawn = before.prices.keys() - asked.keys()
            else:
                sale.prices = dict(asked)
            shop.sales[slug] = sale
            load(slug, shop, day)
        case "cancel", str(slug):
            if slug in shop.sales:
                shop.sales[slug].is_published = False
                cancel(Sale.objects.get(slug=slug), now=on(day))
        case "list price", str(sku), int(amount):
            shop.list_prices[sku] = amount
            set_list_price(Product.objects.get(sku=sku), amount, now=on(day))
        case "kept for sales", str(sku), bool(is_kept):
            (shop.kept_for_sales.add if is_kept else shop.kept_for_sales.discard)(sku)
            Product.objects.filter(sku=sku).update(sold_at_list_price=not is_kept)
            list_price_changed(Product.objects.get(sku=sku), now=on(day))
        case "taken back", str(sku):
            _take_back_latest(account, sku, day)
    account.settle(day)


def _take_back_latest(account: Account, sku: str, today: int) -> None:
    """Take back the list price before the present one, if there was one."""
    product = Product.objects.get(sku=sku)
    for each in reversed(price_stretches([product.pk], since=on(0), until=on(today))):
        if each.sale == LIST and each.until and each.until <= on(today) and not each.correction:
            since, until = ((at - DAY_0) // DAY for at in (each.since, each.until))
            account.take_back(sku, since, until)
            take_back(each, reason="A slip", by=None, now=on(today))
            return


def check(history: list[tuple[int, tuple[object, ...]]]) -> None:
    """Live through a history, and compare after each step."""
    account, day = Account(), 0
    with transaction.atomic():
        first = account.today(0)
        # A draft makes the products.
        first.sales["stock"] = SaleAccount(99, 100, False, False, {"HAT": 1, "MUG": 1})
        load("stock", first, 0)
        for days, what in history:
            day += days
            act(account, day, what)
            found = {
                (deal.sale.slug, deal.product.sku): deal.was
                for deal in Deal.objects.exclude(sale__published_at=None).select_related(
                    "sale", "product"
                )
            }
            assert found == {key: was for key, (was, _) in account.references.items()}, what
        transaction.set_rollback(True)


@given(steps)
@settings(max_examples=8)
def test_a_reference_price_is_the_lowest_that_could_be_paid(
    history: list[tuple[int, tuple[object, ...]]],
) -> None:
    check(history)


@pytest.mark.verify
@given(steps)
@settings(max_examples=200)
def test_a_reference_price_is_the_lowest_that_could_be_paid_in_many_more(
    history: list[tuple[int, tuple[object, ...]]],
) -> None:
    check(history)
