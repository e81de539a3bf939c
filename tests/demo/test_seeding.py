"""The demo shop: made once, kept going, and never mistaken for a real one."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.utils import timezone
from freezegun import freeze_time
from pytest_django import Settings

from shop.catalog.models import PricePoint, Product, Variant
from shop.demo.seeding import EARLIER, JUST_OVER, LIVE, UPCOMING, windows
from shop.qa.pytest_plugin.client import ShopClient
from shop.sales.lifecycle import cancel
from shop.sales.models import Deal, Sale
from shop.sales.snapshot import SalesByPhase
from shop.sales.snapshot_queries import read_snapshot
from shop.staff.models import Staff
from shop.staff.roles import Role, role_of

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 20, 45, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _in_development(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DEBUG = True
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    monkeypatch.delenv("MERCHANT_PASSWORD", raising=False)


def seed(at: datetime = NOW, **options: Any) -> str:
    """Seed at an instant; what the command printed."""
    printed = StringIO()
    with freeze_time(at):
        call_command("seed_demo", stdout=printed, **options)
    return printed.getvalue()


def phases(at: datetime = NOW) -> SalesByPhase:
    with freeze_time(at):
        return read_snapshot(at).sales_by_phase(timezone.now())


def test_there_is_a_sale_of_each_kind() -> None:
    seed()
    now = phases()
    assert [sale.slug for sale in now.live] == [LIVE]
    assert [sale.slug for sale in now.upcoming] == [UPCOMING]
    assert [sale.slug for sale in now.over] == [JUST_OVER, EARLIER]


def test_the_live_sale_ends_within_the_hour_and_the_next_is_tomorrow_at_noon_in_berlin() -> None:
    seed()
    now = phases()
    assert timedelta(minutes=40) < now.live[0].ends_at - NOW < timedelta(hours=1)
    assert now.upcoming[0].starts_at == datetime(2026, 11, 24, 11, tzinfo=UTC)


def test_offers_of_the_sales_that_are_over_are_still_held() -> None:
    seed()
    just, earlier = phases().over
    assert timedelta(0) < NOW - just.ends_at < timedelta(minutes=2)
    assert NOW - earlier.ends_at > timedelta(hours=1)
    assert all(sale.last_hold_ends_at > NOW for sale in (just, earlier))


def test_every_reduction_is_what_it_looks_like() -> None:
    seed()
    deals = Deal.objects.select_related("product")
    assert len(deals) == Product.objects.count() == 24
    for deal in deals:
        assert deal.was == deal.product.list_price
        assert 70 <= 100 - 100 * deal.price / deal.was <= 90


def test_nothing_is_claimed_that_nobody_claimed() -> None:
    seed()
    assert not Deal.objects.filter(claimed__gt=0).exists()
    assert not Variant.objects.filter(claimed__gt=0).exists()
    for deal in Deal.objects.exclude(allocation=None):
        assert deal.allocation is not None
        assert deal.allocation <= sum(each.stock for each in deal.product.variants.all())


def test_every_product_has_its_picture_once() -> None:
    seed()
    seed()
    _, files = default_storage.listdir("products")
    names = [product.picture.name for product in Product.objects.all()]
    assert sorted(f"products/{file}" for file in files) == sorted(filter(None, names))
    assert len(files) == 24


def test_a_rerun_changes_nothing() -> None:
    seed()
    before = [list(model.objects.order_by("pk").values()) for model in (Sale, Deal, Product, Staff)]
    assert "as it should be" in seed(NOW + timedelta(minutes=40))
    after = [list(model.objects.order_by("pk").values()) for model in (Sale, Deal, Product, Staff)]
    assert after == before
    assert PricePoint.objects.count() == 24


def test_a_rerun_keeps_what_the_merchant_changed() -> None:
    seed()
    Product.objects.filter(sku="MUG-01").update(name="My mug", picture="products/mine.png")
    Deal.objects.filter(product__sku="MUG-01").update(price=1)
    seed(NOW + timedelta(hours=2))
    deal = Deal.objects.get(product__sku="MUG-01")
    assert (deal.price, deal.product.name) == (1, "My mug")
    assert deal.product.picture.name == "products/mine.png"


def test_a_rerun_after_the_live_sale_has_ended_makes_it_live_again() -> None:
    seed()
    later = NOW + timedelta(days=3)
    assert "moved to" in seed(later)
    now = phases(later)
    assert [sale.slug for sale in now.live] == [LIVE]
    assert [sale.slug for sale in now.upcoming] == [UPCOMING]
    assert [sale.slug for sale in now.over] == [JUST_OVER, EARLIER]


def test_a_rerun_leaves_a_canceled_sale_canceled() -> None:
    seed()
    cancel(Sale.objects.get(slug=LIVE), now=NOW)
    later = NOW + timedelta(days=3)
    assert "Autumn clear-out: canceled, so left alone" in seed(later)
    assert phases(later).live == []


def test_the_demo_is_in_euros_whatever_the_shop_sells_in(settings: Settings) -> None:
    settings.SHOP_CURRENCY = "JPY"
    seed()
    assert set(Product.objects.values_list("currency", flat=True)) == {"EUR"}


def test_a_shopper_is_offered_the_live_deals() -> None:
    seed()
    with freeze_time(NOW):
        offers = ShopClient().open(f"/sales/{LIVE}/").offers
    deals = Deal.objects.filter(sale__slug=LIVE)
    assert offers.keys() == set(deals.values_list("product__sku", flat=True))


@pytest.mark.parametrize("role", Role)
def test_someone_of_each_role_can_log_in_with_what_is_printed(role: Role) -> None:
    name = "merchant" if role is Role.OWNER else str(role)
    for _ in range(2):
        assert f"{name} / flashfreeze-demo ({role})" in seed()
    person = Staff.objects.get(username=name)
    assert person.is_staff
    assert not person.is_superuser
    assert role_of(person) is role
    assert person.check_password("flashfreeze-demo")


def test_a_password_that_is_given_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    seed()
    assert "merchant / one-of-mine" in seed(password="one-of-mine")
    assert all(each.check_password("one-of-mine") for each in Staff.objects.all())
    assert "password as set" in seed()
    monkeypatch.setenv("MERCHANT_PASSWORD", "from-outside")
    assert "merchant / from-outside" in seed()


def test_a_real_shop_is_not_seeded(settings: Settings) -> None:
    settings.DEBUG = False
    with pytest.raises(CommandError, match="DEBUG is off"):
        seed()
    assert not Product.objects.exists()
    assert not Staff.objects.exists()


def test_a_shop_that_is_forced_gets_a_password_nobody_knows(settings: Settings) -> None:
    settings.DEBUG = False
    seed(force=True)
    assert not Staff.objects.get().check_password("flashfreeze-demo")


@pytest.mark.parametrize("minute", [-40, -10, 0, 10, 50])
def test_the_live_sale_is_live_while_clocks_are_put_back(minute: int) -> None:
    now = datetime(2027, 10, 31, 1, tzinfo=UTC) + timedelta(minutes=minute)
    quarter = timedelta(minutes=15)
    assert windows(now)[LIVE] == (now - quarter, now + 3 * quarter)
