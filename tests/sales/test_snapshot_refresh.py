"""A snapshot that is read anew: it is as if all were read, and costs what has changed."""

import json
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.db.models import F, QuerySet
from django.test import Client
from freezegun import freeze_time
from pytest_django import DjangoAssertNumQueries

from offers.anchors import new_nonce
from shop.catalog.models import PriceCorrection, Product, Variant
from shop.qa.pytest_plugin.factories import CLOSES, OPENS, add_deal, make_product, make_sale
from shop.sales import revision_triggers
from shop.sales import showcase as module
from shop.sales.models import (
    Change,
    Deal,
    Extension,
    Recall,
    Restoration,
    RestoredSale,
    Revision,
    Sale,
)
from shop.sales.revision_triggers import has_triggers, set_triggers
from shop.sales.revisions import news_in_json, news_of, read_news
from shop.sales.snapshot_queries import KEPT_AFTER_END, read_snapshot
from shop.sales.snapshot_refresh import ShowcaseReading, read_anew, with_units

pytestmark = pytest.mark.django_db(transaction=True)

SECOND = timedelta(seconds=1)


@pytest.fixture
def sale() -> Sale:
    """A sale of three products, and another of one of them."""
    sale = make_sale(starts_at=OPENS, ends_at=CLOSES)
    cup = make_product("CUP-01", "Cup", variants={"S": 5, "L": 5})
    add_deal(sale, cup, 300)
    add_deal(other_sale("winter"), cup, 400)
    return sale


def other_sale(slug: str, **fields: Any) -> Sale:
    """A sale of nothing yet."""
    published = {"state": "published", "published_at": OPENS, **fields}
    return Sale.objects.create(slug=slug, title=slug, starts_at=OPENS, ends_at=CLOSES, **published)


@pytest.fixture
def reading(sale: Sale) -> ShowcaseReading:
    return read_anew(OPENS, None)


# --- What it costs ---------------------------------------------------------------


def test_at_rest_it_is_one_statement_and_the_very_same_snapshot(
    reading: ShowcaseReading, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        again = read_anew(OPENS + SECOND, reading)
    assert again.snapshot is reading.snapshot


def test_what_is_written_as_it_was_is_no_change(reading: ShowcaseReading) -> None:
    Deal.objects.update(price=F("price"))
    for product in Product.objects.all():
        product.save()
    assert read_anew(OPENS, reading).snapshot is reading.snapshot


def test_claimed_units_come_with_that_statement(
    sale: Sale, reading: ShowcaseReading, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    Variant.objects.filter(sku="CUP-01-S").update(claimed=2)
    sale.deals.filter(product__sku="CUP-01").update(claimed=2)
    with django_assert_num_queries(1):
        again = read_anew(OPENS, reading).snapshot
    assert again.products["CUP-01"].left == 8
    assert [sale.deals_by_sku["CUP-01"].left for sale in again.sales.values()] == [8, 8]
    assert [sale.deals_by_sku["CUP-01"].claimed for sale in again.sales.values()] == [2, 0]
    assert again.list_deals["CUP-01"].left == 8
    assert again.products["MUG-01"] is reading.snapshot.products["MUG-01"]


def test_a_changed_sale_is_read_again_and_the_others_are_kept(
    sale: Sale, reading: ShowcaseReading, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    sale.title = "Autumn again"
    sale.save()
    with django_assert_num_queries(2):
        again = read_anew(OPENS, reading).snapshot
    assert again.sales["autumn"].title == "Autumn again"
    assert again.sales["winter"] is reading.snapshot.sales["winter"]
    assert again.products == reading.snapshot.products


def test_a_sale_that_is_read_again_as_it_was_is_kept(sale: Sale, reading: ShowcaseReading) -> None:
    """As where a transaction is open elsewhere, so that what was told is told again."""
    Sale.objects.filter(slug="winter").update(title="Winter again")
    Sale.objects.filter(slug="winter").update(title="winter")
    again = read_anew(OPENS, reading).snapshot
    assert again.sales["winter"] is reading.snapshot.sales["winter"]


def test_a_change_is_told_once(sale: Sale, reading: ShowcaseReading) -> None:
    Sale.objects.filter(pk=sale.pk).update(title="Autumn again")
    once = read_anew(OPENS, reading)
    assert read_anew(OPENS, once).snapshot is once.snapshot


# --- That nothing is missed ------------------------------------------------------


class Merchant:
    """Whoever writes anything at all to the rows that are on show."""

    def __init__(self, seed: int) -> None:
        self.choose = random.Random(seed)
        self.number = seed * 1000

    def one(self, rows: QuerySet[Any, Any]) -> Any:
        return self.choose.choice(list(rows.order_by("pk")))

    def next(self) -> int:
        self.number += 1
        return self.number

    @property
    def writings(self) -> list[Callable[[], object]]:
        return [
            getattr(self, name)
            for name in sorted(vars(Merchant))
            if name.startswith(("add", "edit", "delete", "move"))
        ]

    def add_product(self) -> None:
        make_product(f"SKU-{self.next()}", "Thing", variants={"S": 3, "L": 4})

    def add_variant(self) -> None:
        number = self.next()
        Variant.objects.create(
            product=self.one(Product.objects.all()), sku=f"V-{number}", name=f"V{number}", stock=2
        )

    def add_draft(self) -> None:
        other_sale(f"sale-{self.next()}", state="draft", published_at=None)

    def add_deal(self) -> None:
        sale = self.one(Sale.objects.all())
        others = Product.objects.exclude(deals__sale=sale)
        if others:
            Deal.objects.create(sale=sale, product=self.one(others), price=self.next(), position=9)

    def add_extension(self) -> None:
        Extension.objects.create(
            sale=self.one(Sale.objects.all()), issued_before=OPENS, seconds=60, made_at=OPENS
        )

    def add_recall(self) -> None:
        deal = self.one(Deal.objects.all())
        Recall.objects.create(
            sale=deal.sale,
            deal=self.choose.choice([deal, None]),
            issued_before=OPENS,
            made_at=OPENS,
            reason="A mistake",
        )

    def add_correction(self) -> None:
        PriceCorrection.objects.create(
            product=self.one(Product.objects.all()),
            amount=1,
            since=OPENS - SECOND * self.next(),
            until=OPENS,
            was_on_show=True,
            issued_before=OPENS,
            made_at=OPENS,
        )

    def add_change(self) -> None:
        sale = self.one(Sale.objects.all())
        Change.objects.create(sale=sale, field="hold_seconds", before=1, after=2, made_at=OPENS)

    def add_restoration(self) -> None:
        made = Restoration.objects.create(noticed_at=OPENS, backup_at=OPENS)
        sale = self.choose.choice([None, self.one(Sale.objects.all())])
        RestoredSale.objects.create(
            restoration=made, sale=sale, issued_from=OPENS, issued_before=OPENS + SECOND
        )

    def edit_restoration(self) -> None:
        Restoration.objects.update(learned_at=self.choose.choice([None, OPENS]))

    def edit_product(self) -> None:
        product = self.one(Product.objects.all())
        product.text = f"Text {self.next()}"
        product.nonce = new_nonce()
        product.save()

    def edit_sku(self) -> None:
        product = self.one(Product.objects.all())
        number = self.next()
        Product.objects.filter(pk=product.pk).update(sku=f"NEW-{number}", slug=f"new-{number}")

    def edit_all_prices(self) -> None:
        Product.objects.update(list_price=F("list_price") + 1)

    def edit_variant(self) -> None:
        one = self.one(Variant.objects.all())
        Variant.objects.filter(pk=one.pk).update(position=self.next() % 100, name=f"N{one.pk}")

    def edit_stock(self) -> None:
        one = self.one(Variant.objects.all())
        Variant.objects.filter(pk=one.pk).update(stock=F("stock") + 1)

    def edit_claims(self) -> None:
        one = self.one(Variant.objects.all())
        claimed = self.choose.randint(0, one.stock)
        Variant.objects.filter(pk=one.pk).update(claimed=claimed)

    def edit_claims_of_a_deal(self) -> None:
        one = self.one(Deal.objects.all())
        Deal.objects.filter(pk=one.pk).update(claimed=self.choose.randint(0, 5))

    def edit_deal(self) -> None:
        one = self.one(Deal.objects.all())
        withdrawn = self.choose.random() < 0.5
        Deal.objects.filter(pk=one.pk).update(price=self.next(), withdrawn=withdrawn)

    def edit_sale(self) -> None:
        sale = self.one(Sale.objects.all())
        sale.title = f"Sale {self.next()}"
        sale.published_at = sale.published_at or OPENS
        sale.state = self.choose.choice(["published", "canceled"])
        sale.save()

    def edit_window(self) -> None:
        sale = self.one(Sale.objects.all())
        long_ago = OPENS - KEPT_AFTER_END
        ends_at = self.choose.choice([long_ago, long_ago + SECOND, OPENS + SECOND])
        Sale.objects.filter(pk=sale.pk).update(ends_at=ends_at, starts_at=long_ago - SECOND)

    def move_deal(self) -> None:
        deal, sale = self.one(Deal.objects.all()), self.one(Sale.objects.all())
        if not sale.deals.filter(product=deal.product).exists():
            Deal.objects.filter(pk=deal.pk).update(sale=sale)

    def delete_deal(self) -> None:
        deals = Deal.objects.filter(recalls=None)
        if len(deals) > 1:
            self.one(deals).delete()

    def delete_product(self) -> None:
        product = self.one(Product.objects.all())
        if not product.deals.exists():
            product.variants.all().delete()
            product.delete()

    def delete_variant(self) -> None:
        if Variant.objects.count() > 1:
            self.one(Variant.objects.all()).delete()

    def delete_sale(self) -> None:
        sales = Sale.objects.filter(extensions=None, recalls=None)
        if len(sales) > 1:
            self.one(sales).delete()

    def delete_restorations(self) -> None:
        Restoration.objects.all().delete()


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_written_the_snapshot_is_as_if_all_were_read(
    sale: Sale, reading: ShowcaseReading, seed: int
) -> None:
    merchant = Merchant(seed)
    for _ in range(60):
        writings = merchant.choose.choices(merchant.writings, k=merchant.choose.randint(1, 3))
        for write in writings:
            write()
        reading = read_anew(OPENS, reading)
        assert reading.news is not None
        whole = read_snapshot(OPENS)
        names = [write.__name__ for write in writings]
        assert reading.snapshot == whole, names
        assert [*reading.snapshot.sales] == [*whole.sales]


@pytest.mark.parametrize("seed", range(4))
def test_units_alone_are_brought_up_to_date_as_if_all_were_read(
    sale: Sale, reading: ShowcaseReading, seed: int
) -> None:
    merchant, told = Merchant(seed), 0
    units = [merchant.edit_stock, merchant.edit_claims, merchant.edit_claims_of_a_deal]
    for _ in range(60):
        others = [merchant.choose.choice(merchant.writings)] * (merchant.choose.random() < 0.3)
        for write in [*merchant.choose.choices(units, k=2), *others]:
            write()
        assert reading.news is not None
        news = read_news(reading.news.mark)
        assert news_of(as_json(reading.news.mark)).rows == news.rows
        whole = read_snapshot(OPENS)
        snapshot = with_units(reading, news, [*whole.products])
        assert snapshot in (None, whole)
        few = merchant.choose.sample(sorted(whole.products), k=2)
        if snapshot := with_units(reading, news, few):
            assert snapshot.of_products(few).products == whole.of_products(few).products
        told += snapshot is not None
        if snapshot is None or merchant.choose.random() < 0.5:
            reading = read_anew(OPENS, reading)
    assert 20 < told < 60


def as_json(mark: int) -> list[list[Any]]:
    """The rows of the statement that asks in JSON."""
    with connection.cursor() as cursor:
        cursor.execute(news_in_json(), [mark])
        rows = cursor.fetchall()
    assert {kind for kind, _ in rows} == {"news"}
    return [json.loads(row) for _, row in rows]


def test_what_is_undone_was_never_there(sale: Sale, reading: ShowcaseReading) -> None:
    with transaction.atomic():
        Sale.objects.update(title="Never")
        transaction.set_rollback(True)
    Sale.objects.update(title="Autumn again")
    again = read_anew(OPENS, reading)
    assert {each.title for each in again.snapshot.sales.values()} == {"Autumn again"}


def test_what_a_transaction_reads_of_its_own_is_kept_for_nobody(
    sale: Sale, reading: ShowcaseReading
) -> None:
    with transaction.atomic():
        Sale.objects.update(title="Never")
        inside = read_anew(OPENS, reading)
        transaction.set_rollback(True)
    assert inside.snapshot.sales["autumn"].title == "Never"
    Sale.objects.update(title="Again")
    after = read_anew(OPENS, inside)
    assert after.snapshot.sales["autumn"].title == "Again"


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time.")
def test_a_transaction_that_commits_after_a_later_one_is_told_too(
    sale: Sale, reading: ShowcaseReading
) -> None:
    has_written, may_commit = Event(), Event()

    def write() -> None:
        with transaction.atomic():
            Sale.objects.filter(slug="autumn").update(title="Autumn again")
            has_written.set()
            may_commit.wait(timeout=10)
        connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(write)
        assert has_written.wait(timeout=5)
        Sale.objects.filter(slug="winter").update(title="Winter again")
        reading = read_anew(OPENS, reading)
        assert reading.snapshot.sales["winter"].title == "Winter again"
        assert reading.snapshot.sales["autumn"].title != "Autumn again"
        may_commit.set()
        slow.result(timeout=5)
    again = read_anew(OPENS, reading)
    assert again.snapshot.sales["autumn"].title == "Autumn again"


# --- When all is read ------------------------------------------------------------


def test_a_sale_goes_31_days_after_its_end(sale: Sale, reading: ShowcaseReading) -> None:
    gone = sale.ends_at + KEPT_AFTER_END
    before = read_anew(gone - SECOND, reading)
    assert "autumn" in before.snapshot.sales
    assert "autumn" not in read_anew(gone, before).snapshot.sales


def test_a_clock_that_is_set_back_brings_it_back(sale: Sale, reading: ShowcaseReading) -> None:
    later = read_anew(sale.ends_at + KEPT_AFTER_END, reading)
    assert "autumn" in read_anew(OPENS, later).snapshot.sales


def test_after_older_rows_were_brought_back_all_is_read(
    sale: Sale, reading: ShowcaseReading
) -> None:
    """As where a backup is restored under a running process."""
    if connection.vendor == "sqlite":
        Sale.objects.update(title="Autumn again")
        Revision.objects.update(number=1)
    else:
        reading = ahead_of_its_time(reading)
        Sale.objects.update(title="Autumn again")
    again = read_anew(OPENS, reading)
    assert again.snapshot == read_snapshot(OPENS)


def ahead_of_its_time(reading: ShowcaseReading) -> ShowcaseReading:
    """The same reading, of a cluster that has seen many more transactions."""
    assert reading.news is not None
    return replace(reading, news=replace(reading.news, mark=reading.news.mark + 10**9))


def test_a_shop_without_triggers_reads_all_each_time(
    sale: Sale, reading: ShowcaseReading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revision_triggers, "_PREFIX", "others")
    assert read_anew(OPENS, None).news is None


@pytest.fixture
def lost_trigger() -> Iterator[None]:
    """A table whose trigger is gone, as after a migration on SQLite."""
    with connection.cursor() as cursor:
        there = revision_triggers._present(connection, cursor)
        name = next(each for each in there if each.startswith("showcase_deal_update"))
        cursor.execute(revision_triggers._drop(connection.vendor, name))
    yield
    set_triggers("default")


def test_a_trigger_that_was_lost_is_set_by_migrate_and_all_is_read_again(
    sale: Sale, reading: ShowcaseReading, lost_trigger: None
) -> None:
    assert not has_triggers()
    Deal.objects.update(price=1)
    assert read_anew(OPENS, reading).snapshot is reading.snapshot
    set_triggers("default")
    assert has_triggers()
    again = read_anew(OPENS, reading)
    assert again.snapshot == read_snapshot(OPENS)
    assert again.snapshot != reading.snapshot


def test_triggers_that_are_there_are_left_alone(reading: ShowcaseReading) -> None:
    set_triggers("default")
    assert read_anew(OPENS, reading).snapshot is reading.snapshot


def test_a_product_s_page_names_an_upcoming_sale_that_was_changed(
    sale: Sale, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FRESH_SECONDS", 0)
    with freeze_time(OPENS - SECOND):
        assert "winter" in client.get("/products/cup-01/").text
        Sale.objects.filter(slug="winter").update(title="Winter again")
        assert "Winter again" in client.get("/products/cup-01/").text
