"""A sale's document: what it may say, and how it is told what is wrong and where."""

import json
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from shop.sales.documents.json_reader import DocumentError
from shop.sales.documents.schema import SaleDocument, read_document
from tests.support import server_processes

MUG = server_processes.AUTUMN["deals"][0] | {"name": "Mug", "allocation": 50, "max_per_shopper": 2}
AUTUMN = server_processes.AUTUMN | {"deals": [MUG]}
TEE: dict[str, Any] = {
    "sku": "TEE",
    "name": "Tee",
    "list_price": 3200,
    "price": 499,
    "variants": [{"sku": "TEE-M", "name": "M", "stock": 10}],
}


def autumn(**changes: Any) -> dict[str, Any]:
    """The document, with members of the sale replaced; None takes one away."""
    merged = deepcopy(AUTUMN) | changes
    return {name: value for name, value in merged.items() if value is not None}


def autumn_with(**changes: Any) -> dict[str, Any]:
    """The document, with members of its deal replaced; None takes one away."""
    deal = MUG | changes
    return autumn(deals=[{name: value for name, value in deal.items() if value is not None}])


def read(value: object) -> SaleDocument:
    return read_document(json.dumps(value))


def problems(content: object) -> list[str]:
    """What is said of a document that is refused; text is taken for JSON as it stands."""
    text = content if isinstance(content, str | bytes) else json.dumps(content)
    with pytest.raises(DocumentError) as refused:
        read_document(text)
    return [str(problem) for problem in refused.value.problems]


def test_the_documented_example_is_read() -> None:
    document = read(AUTUMN)
    assert document.values["starts_at"] == datetime(2026, 11, 27, 11, tzinfo=UTC)
    assert document.published
    [deal] = document.deals
    assert deal.values == {"price": 499, "allocation": 50, "max_per_shopper": 2}
    assert deal.product_values["list_price"] == 4990
    assert [(each.sku, each.name, each.stock) for each in deal.variants] == [("MUG-01", "", 100)]


def test_what_is_absent_has_its_documented_default() -> None:
    document = read(
        autumn_with(allocation=None, max_per_shopper=None, currency=None)
        | {"hold_seconds": 60, "published": False}
    )
    assert document.deals[0].values["allocation"] is None
    assert document.deals[0].values["max_per_shopper"] == 10
    bare = read(autumn(hold_seconds=None, published=None, title=None, time_zone=None))
    assert (bare.values["hold_seconds"], bare.published) == (1800, False)
    assert not bare.values.keys() & {"title", "text", "time_zone"}


def test_variants_stand_in_place_of_stock() -> None:
    [deal] = read(autumn(deals=[TEE])).deals
    assert deal.has_choice
    assert [(each.sku, each.name, each.stock) for each in deal.variants] == [("TEE-M", "M", 10)]


@pytest.mark.parametrize(
    ("document", "place"),
    [
        (autumn(colour="red"), "colour"),
        (autumn(slug=None), "slug"),
        (autumn(slug="list"), "slug"),
        (autumn(slug="Autumn Sale"), "slug"),
        (autumn(slug=7), "slug"),
        (autumn(title=""), "title"),
        (autumn(title="  "), "title"),
        (autumn(title="x" * 121), "title"),
        (autumn(title="nul\0"), "title"),
        (autumn(title="half \ud83d of a pair"), "title"),
        (autumn(time_zone="Berlin"), "time_zone"),
        (autumn(time_zone="../etc/passwd"), "time_zone"),
        (autumn(starts_at="2026-11-27T12:00:00"), "starts_at"),
        (autumn(starts_at="2026-11-27"), "starts_at"),
        (autumn(starts_at="noon"), "starts_at"),
        (autumn(starts_at=1795777200), "starts_at"),
        (autumn(starts_at=None), "starts_at"),
        (autumn(ends_at="9999-12-31T23:59:59-01:00"), "ends_at"),
        (autumn(ends_at="2026-11-27T12:00:00+01:00"), "ends_at"),
        (autumn(ends_at="2026-11-27T12:30:00+02:00"), "ends_at"),
        (autumn(hold_seconds=0), "hold_seconds"),
        (autumn(hold_seconds=30 * 24 * 3600 + 1), "hold_seconds"),
        (autumn(hold_seconds=1800.0), "hold_seconds"),
        (autumn(hold_seconds=True), "hold_seconds"),
        (autumn(published=1), "published"),
        (autumn(published="true"), "published"),
        (autumn(deals=None), "deals"),
        (autumn(deals=[]), "deals"),
        (autumn(deals={}), "deals"),
        (autumn(deals=["MUG-01"]), "deals[0]"),
        (autumn_with(colour="red"), "deals[0].colour"),
        (autumn_with(sku="-MUG"), "deals[0].sku"),
        (autumn_with(sku="MUG\n"), "deals[0].sku"),
        (autumn_with(slug="a mug"), "deals[0].slug"),
        (autumn_with(name=None), "deals[0].name"),
        (autumn_with(price="499"), "deals[0].price"),
        (autumn_with(price=4.99), "deals[0].price"),
        (autumn_with(price=0), "deals[0].price"),
        (autumn_with(price=-1), "deals[0].price"),
        (autumn_with(price=10**12), "deals[0].price"),
        (autumn_with(price=True), "deals[0].price"),
        (autumn_with(list_price=None), "deals[0].list_price"),
        (autumn_with(currency="EURO"), "deals[0].currency"),
        (autumn_with(currency="eur"), "deals[0].currency"),
        (autumn_with(currency="XYZ"), "deals[0].currency"),
        (autumn_with(stock=None), "deals[0].stock"),
        (autumn_with(stock=-1), "deals[0].stock"),
        (autumn_with(stock=2**31), "deals[0].stock"),
        (autumn_with(allocation=-1), "deals[0].allocation"),
        (autumn_with(max_per_shopper=0), "deals[0].max_per_shopper"),
        (autumn_with(max_per_shopper=1_000_001), "deals[0].max_per_shopper"),
        (autumn_with(variants=TEE["variants"]), "deals[0].stock"),
        (autumn_with(stock=None, variants=[]), "deals[0].variants"),
        (
            autumn(deals=[TEE | {"variants": [{"sku": "M", "name": "M"}]}]),
            "deals[0].variants[0].stock",
        ),
        (autumn(deals=[TEE | {"variants": TEE["variants"] * 2}]), "deals[0].variants[1].sku"),
    ],
)
def test_a_defect_is_named_by_its_place(document: dict[str, Any], place: str) -> None:
    found = problems(document)
    assert found[0].startswith(f"{place}: "), found


def test_null_is_no_value() -> None:
    document = deepcopy(AUTUMN)
    document["deals"][0]["allocation"] = None
    assert problems(document) == ["deals[0].allocation: a whole number is needed, not null"]


def test_variants_have_no_variants() -> None:
    nested = {"sku": "TEE-M", "name": "M", "stock": 1, "variants": []}
    [problem] = problems(autumn(deals=[TEE | {"variants": [nested]}]))
    assert problem.startswith("deals[0].variants[0].variants: ")


def test_a_sku_stands_once_among_the_deals() -> None:
    found = problems(autumn(deals=[MUG, MUG]))
    assert found == ["deals[1].sku: MUG-01 is in deals[0] already"]


def test_a_variant_belongs_to_one_product() -> None:
    other = TEE | {"sku": "TEE-2"}
    assert problems(autumn(deals=[TEE, other])) == [
        "deals[1].variants[0].sku: TEE-M is in deals[0].variants[0] already"
    ]


def test_every_defect_is_told_at_once() -> None:
    deal = MUG | {"price": "x", "stock": True}
    found = problems(autumn(slug="list", colour="red", starts_at="noon", deals=[deal]))
    places = ["colour", "slug", "starts_at", "deals[0].price", "deals[0].stock"]
    assert [problem.split(":")[0] for problem in found] == places


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"slug": "a", "slug": "b"}', "slug: this key stands here more than once"),
        ('{"deals": [{"sku": "A", "sku": "B"}]}', "deals[0].sku: this key stands here more"),
    ],
)
def test_a_key_that_stands_twice_is_refused(text: str, place: str) -> None:
    assert any(problem.startswith(place) for problem in problems(text))


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"price": NaN}', b"\xff{}", b"[" * 100_000, b"1" * 5000],
)
def test_what_is_no_document_is_refused_as_a_whole(content: bytes) -> None:
    assert problems(content)[0].startswith("The document: ")


def test_a_byte_order_mark_does_no_harm() -> None:
    assert read_document(b"\xef\xbb\xbf" + json.dumps(AUTUMN).encode()).slug == "autumn"
