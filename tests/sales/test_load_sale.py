"""Loading a sale: what is written, what never is, and that a rerun changes nothing."""

import io
import json
import sys
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from shop.catalog.models import PricePoint, Product, Variant
from shop.qa.pytest_plugin.client import ShopClient
from shop.qa.pytest_plugin.factories import CLOSES, OPENS, make_product
from shop.sales.documents import loader
from shop.sales.holds import recall
from shop.sales.lifecycle import cancel
from shop.sales.models import Deal, Sale
from shop.sales.showcase import showcase
from tests.sales.test_documents import AUTUMN, TEE, autumn, autumn_with
from tests.support.factories import refreshed
from tests.support.fixtures import Clock

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

LAMP: dict[str, Any] = {
    "sku": "LMP-01",
    "name": "Brass lamp",
    "list_price": 7900,
    "price": 790,
    "stock": 12,
}


type Load = Callable[[object], list[str]]


@pytest.fixture
def load(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Load:
    """Load a document from a file; the lines that the command printed."""

    def load_file(document: object) -> list[str]:
        path = tmp_path / "sale.json"
        path.write_text(json.dumps(document))
        call_command("load_sale", str(path))
        return capsys.readouterr().out.splitlines()

    return load_file


def everything() -> list[Any]:
    """All rows that loading could write."""
    return [
        row
        for model in (Sale, Deal, Product, Variant, PricePoint)
        for row in model.objects.order_by("pk").values()
    ]


def mug_deal() -> Deal:
    return Deal.objects.get(sale__slug="autumn", product__sku="MUG-01")


def claim(units: int) -> None:
    """As many mugs as in orders that were placed meanwhile."""
    Variant.objects.filter(sku="MUG-01").update(claimed=F("claimed") + units)
    Deal.objects.filter(product__sku="MUG-01").update(claimed=F("claimed") + units)


def test_a_sale_is_made_with_its_products_and_shown(load: Load, shopper: ShopClient) -> None:
    load(AUTUMN)
    sale = Sale.objects.get(slug="autumn")
    assert (sale.starts_at, sale.ends_at) == (OPENS, CLOSES)
    assert (sale.state, sale.published_at) == (Sale.State.PUBLISHED, OPENS)
    deal = mug_deal()
    assert (deal.price, deal.allocation, deal.max_per_shopper) == (499, 50, 2)
    assert deal.was is None, "nobody could buy it before the sale"
    assert deal.product.variants.get().stock == 100
    assert deal.product.price_points.get().amount == 4990
    assert shopper.open("/sales/autumn/").offers.keys() == {"MUG-01"}


def test_the_same_document_again_changes_nothing(load: Load, clock: Clock) -> None:
    document = autumn(deals=[*AUTUMN["deals"], TEE, LAMP])
    load(document)
    before = everything()
    clock.move_to(CLOSES)
    assert load(document) == ["Nothing changed."]
    assert everything() == before


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    content = io.BytesIO(json.dumps(AUTUMN).encode())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(content))
    call_command("load_sale", "-")
    assert Sale.objects.get().slug == "autumn"


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(CommandError, match="no-such-file"):
        call_command("load_sale", "/no-such-file.json")


def test_a_defect_anywhere_writes_nothing(load: Load) -> None:
    load(AUTUMN)
    before = everything()
    bad = autumn_with(price=599)
    bad["deals"].append(LAMP | {"price": "790"})
    with pytest.raises(CommandError, match=r"deals\[1\]\.price: a whole number is needed"):
        load(bad)
    assert everything() == before


def test_what_the_rows_refuse_writes_nothing_either(load: Load) -> None:
    load(AUTUMN)
    before = everything()
    bad = autumn_with(price=599, currency="USD", slug="another")
    bad["deals"].insert(0, LAMP)
    with pytest.raises(CommandError, match=r"deals\[1\]\.currency: MUG-01 is sold in EUR"):
        load(bad)
    assert everything() == before


def test_new_things_get_the_shops_currency_zone_and_an_address(load: Load, settings: Any) -> None:
    settings.SHOP_CURRENCY, settings.TIME_ZONE = "CHF", "Europe/Zurich"
    document = autumn_with(currency=None)
    del document["time_zone"], document["title"]
    document["deals"].append(LAMP | {"name": "Mug"})
    load(document)
    sale = Sale.objects.get()
    assert (sale.title, sale.time_zone) == ("autumn", "Europe/Zurich")
    assert list(Product.objects.order_by("sku").values_list("sku", "slug", "currency")) == [
        ("LMP-01", "mug", "CHF"),
        ("MUG-01", "mug-mug-01", "CHF"),
    ]


def test_what_a_document_does_not_say_stays(load: Load) -> None:
    load(autumn(text="All of it.") | {"deals": [AUTUMN["deals"][0] | {"text": "A mug."}]})
    document = deepcopy(AUTUMN)
    del document["title"], document["time_zone"], document["deals"][0]["currency"]
    assert load(document) == ["Nothing changed."]
    assert (Sale.objects.get().title, Sale.objects.get().text) == ("Autumn", "All of it.")
    assert Product.objects.get().text == "A mug."


def test_a_price_is_edited_and_no_nonce_turns(load: Load) -> None:
    load(AUTUMN)
    sale, deal = Sale.objects.get(), mug_deal()
    edited = autumn_with(price=599, max_per_shopper=1)
    edited |= {"ends_at": "2026-11-27T12:20:00+01:00", "hold_seconds": 60, "published": False}
    assert load(edited) == [
        "ends_at: 2026-11-27T11:15:00+00:00 → 2026-11-27T11:20:00+00:00",
        "hold_seconds: 1800 → 60",
        "deals[0].price: 499 → 599",
        "deals[0].max_per_shopper: 2 → 1",
        "published: true → false",
    ]
    assert (Sale.objects.get().nonce, mug_deal().nonce) == (sale.nonce, deal.nonce)


def test_an_offer_is_honored_whatever_is_loaded(load: Load, shopper: ShopClient) -> None:
    load(AUTUMN)
    message = shopper.offer()
    load(autumn(published=False, ends_at="2026-11-27T12:00:01+01:00", deals=[LAMP]))
    showcase.clear()
    assert shopper.open("/sales/autumn/").status == 404
    page = shopper.add(message)
    assert page.status == 303
    assert page.lines == {"MUG-01": 499}


def test_a_list_price_change_is_kept_in_the_history(load: Load, clock: Clock) -> None:
    load(AUTUMN)
    clock.move_to(CLOSES)
    load(autumn_with(list_price=3990))
    points = PricePoint.objects.order_by("since").values_list("amount", "since")
    assert list(points) == [(4990, OPENS), (3990, CLOSES)]


def test_a_deal_left_out_of_a_published_sale_is_withdrawn_and_may_come_back(load: Load) -> None:
    both = autumn(deals=[*AUTUMN["deals"], LAMP])
    load(both)
    lamp = Deal.objects.get(product__sku="LMP-01")
    assert load(AUTUMN) == ["deals: LMP-01 is left out: withdrawn"]
    assert load(AUTUMN) == ["Nothing changed."]
    assert refreshed(lamp).withdrawn
    assert load(both) == ["deals[1].withdrawn: true → false"]
    assert not refreshed(lamp).withdrawn


def test_a_deal_left_out_of_a_hidden_sale_that_was_once_published_is_withdrawn(load: Load) -> None:
    load(autumn(deals=[*AUTUMN["deals"], LAMP]))
    load(autumn(published=False))
    assert Deal.objects.get(product__sku="LMP-01").withdrawn


def test_a_deal_left_out_of_a_draft_is_gone(load: Load) -> None:
    load(autumn(published=False, deals=[*AUTUMN["deals"], LAMP]))
    load(autumn(published=False))
    assert [deal.product.sku for deal in Deal.objects.all()] == ["MUG-01"]


def test_a_deal_added_after_publication_gets_its_reference_price(load: Load) -> None:
    load(AUTUMN)
    make_product("LMP-01", "Brass lamp", list_price=7900, stock=12)
    load(autumn(deals=[LAMP, *AUTUMN["deals"]]))
    deals = Deal.objects.values_list("product__sku", "was", "position")
    assert list(deals) == [("LMP-01", 7900, 0), ("MUG-01", None, 1)]


def test_a_sale_is_hidden_and_shown_again_since_when_it_was_first_published(
    load: Load, shopper: ShopClient, clock: Clock
) -> None:
    load(AUTUMN)
    clock.tick(60)
    assert load(autumn(published=None)) == ["published: true → false"]
    sale = Sale.objects.get()
    assert (sale.state, sale.published_at) == (Sale.State.DRAFT, OPENS)
    load(AUTUMN)
    assert (refreshed(sale).state, sale.published_at) == (Sale.State.PUBLISHED, OPENS)


def test_a_canceled_sale_is_not_published_by_a_document(load: Load) -> None:
    load(AUTUMN)
    cancel(Sale.objects.get(), now=OPENS)
    with pytest.raises(CommandError, match="published: autumn was canceled"):
        load(AUTUMN)
    assert load(autumn(published=False)) == ["Nothing changed."]
    assert Sale.objects.get().state == Sale.State.CANCELED


def test_claims_are_never_overwritten(load: Load) -> None:
    load(AUTUMN)
    claim(3)
    load(autumn_with(stock=90, allocation=40, price=599))
    assert (mug_deal().claimed, mug_deal().allocation) == (3, 40)
    assert list(Variant.objects.values_list("stock", "claimed")) == [(90, 3)]


@pytest.mark.parametrize("name", ["stock", "allocation"])
def test_fewer_units_than_are_claimed_are_refused(load: Load, name: str) -> None:
    load(AUTUMN)
    claim(3)
    before = everything()
    with pytest.raises(CommandError, match=rf"deals\[0\]\.{name}: 2 is fewer than the 3 claimed"):
        load(autumn_with(**{name: 2}))
    assert everything() == before
    load(autumn_with(**{name: 3}))


@pytest.mark.parametrize("name", ["stock", "allocation"])
def test_a_claim_that_comes_in_between_is_told_and_not_overwritten(
    load: Load, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(AUTUMN)
    write = loader._write

    def sell_meanwhile(*args: Any) -> None:
        # After the rows were read, before they are written.
        claim(3)
        write(*args)

    monkeypatch.setattr(loader, "_write", sell_meanwhile)
    with pytest.raises(CommandError, match=rf"deals\[0\]\.{name}: an order or another"):
        load(autumn_with(**{name: 2}))
    assert mug_deal().allocation == 50


def test_an_unlimited_allocation_is_the_stock(load: Load) -> None:
    load(AUTUMN)
    assert load(autumn_with(allocation=None)) == ["deals[0].allocation: 50 → none"]


def test_sizes_are_counted_apart(load: Load) -> None:
    sizes = [{"sku": f"TEE-{size}", "name": size, "stock": 10} for size in "SML"]
    load(autumn(deals=[TEE | {"variants": sizes}]))
    load(autumn(deals=[TEE | {"variants": sizes[::-1]}]))
    assert list(Variant.objects.values_list("name", flat=True)) == ["L", "M", "S"]


def test_a_size_left_out_sells_no_more_than_was_claimed(load: Load) -> None:
    sizes = [{"sku": f"TEE-{size}", "name": size, "stock": 10} for size in "SM"]
    load(autumn(deals=[TEE | {"variants": sizes}]))
    Variant.objects.filter(name="S").update(claimed=4)
    told = load(autumn(deals=[TEE | {"variants": sizes[1:]}]))
    assert "deals[0].variants: TEE-S is left out: nothing more of it is sold" in told
    assert Variant.objects.get(name="S").stock == 4
    assert load(autumn(deals=[TEE | {"variants": sizes[1:]}])) == ["Nothing changed."]


def test_a_product_keeps_to_stock_or_to_variants(load: Load) -> None:
    load(autumn(deals=[TEE, *AUTUMN["deals"]]))
    bare = {name: value for name, value in TEE.items() if name != "variants"}
    with pytest.raises(CommandError, match=r"deals\[0\]\.stock: TEE has variants"):
        load(autumn(deals=[bare | {"stock": 1}]))
    sizes = [{"sku": "MUG-XL", "name": "XL", "stock": 1}]
    with pytest.raises(CommandError, match=r"deals\[0\]\.variants: MUG-01 has none"):
        load(autumn_with(stock=None, variants=sizes))


def test_a_variant_of_another_product_is_refused(load: Load) -> None:
    make_product("HAT", variants={"M": 3})
    stolen = TEE | {"variants": [{"sku": "HAT-M", "name": "M", "stock": 1}]}
    with pytest.raises(CommandError, match=r"deals\[0\]\.variants\[0\]\.sku: HAT-M is a variant"):
        load(autumn(deals=[stolen]))


def test_an_address_that_another_product_has_is_refused(load: Load) -> None:
    make_product("HAT")
    with pytest.raises(CommandError, match=r"deals\[0\]\.slug: Product with this Slug already"):
        load(autumn_with(slug="hat"))


def test_a_recall_stays_through_a_load(load: Load) -> None:
    load(AUTUMN)
    sale = Sale.objects.get()
    recall(sale=sale, reason="A wrong price", by=None, now=OPENS)
    load(autumn_with(price=4990))
    assert Sale.objects.get().nonce == sale.nonce
    assert Sale.objects.get().recalls.get().reason == "A wrong price"


def test_what_makes_no_sense_is_loaded_with_a_warning_at_its_place(
    load: Load, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "sale.json"
    path.write_text(json.dumps(autumn_with(price=5990, allocation=500)))
    call_command("load_sale", str(path))
    assert capsys.readouterr().err.splitlines() == [
        "Loaded, but deals[0].price: Mug: €59.90 is above the list price of €49.90.",
        "Loaded, but deals[0].allocation: Mug: 500 are set aside, and 100 are in stock.",
    ]
    assert mug_deal().price == 5990


def test_a_sale_that_makes_sense_is_loaded_without_a_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], clock: Clock
) -> None:
    clock.move_to(OPENS - timedelta(days=1))
    path = tmp_path / "sale.json"
    path.write_text(json.dumps(AUTUMN))
    call_command("load_sale", str(path))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "one second at least"), (2_592_001, "30 days at the most")]
)
def test_a_hold_out_of_range_is_refused_in_words(load: Load, seconds: int, said: str) -> None:
    with pytest.raises(CommandError, match=f"not {seconds}: A price is held for {said}"):
        load(autumn(hold_seconds=seconds))


def test_a_document_is_written_in_a_number_of_statements_that_does_not_grow(load: Load) -> None:
    def document(count: int, price: int) -> dict[str, Any]:
        mug = AUTUMN["deals"][0]
        deals = [{**mug, "sku": f"M-{n}", "name": f"Mug {n}", "price": price} for n in range(count)]
        return {**AUTUMN, "deals": deals}

    def queries(count: int, price: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            load(document(count, price))
        return len(captured)

    few, few_changed = queries(2, 499), queries(2, 399)
    Deal.objects.all().delete()
    # A new address is looked for by itself.
    assert queries(42, 499) <= few + 42
    assert queries(42, 399) == few_changed
    assert {each.price for each in Deal.objects.all()} == {399}
