"""A sale is rehearsed in a process of its own, and every promise held against what comes of it."""

import io
import json
import tempfile
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Model
from freezegun.api import FrozenDateTimeFactory

from shop.catalog.models import Product, Variant
from shop.core.formatting import utc
from shop.orders.models import Order
from shop.qa.pytest_plugin.factories import CLOSES, HOLD, OPENS, make_sale
from shop.qa.rehearsal.isolated_process import RehearsalFailed, run
from shop.qa.rehearsal.sale_export import export_sale
from shop.sales.lifecycle import cancel
from shop.sales.models import Deal, Extension, Recall, Sale

# Its rows are read in a transaction of its own, as in a shop.
pytestmark = pytest.mark.django_db(transaction=True)

SECOND = timedelta(seconds=1)


def rehearse(slug: str = "autumn", **options: Any) -> str:
    """What ``manage.py rehearse`` prints."""
    out = io.StringIO()
    call_command("rehearse", slug, stdout=out, **options)
    return out.getvalue()


def everything() -> dict[str, list[dict[str, Any]]]:
    """All rows that a rehearsal could conceivably touch."""
    models: tuple[type[Model], ...] = (Sale, Deal, Product, Variant, Extension, Recall, Order)
    return {
        model.__name__: [dict(row) for row in model._default_manager.order_by("pk").values()]
        for model in models
    }


def verdicts(found: Mapping[str, Any], shown_at: datetime, *, scenario: int = 0) -> dict[str, str]:
    """By the instant of presentation, what an offer of the first product shown then was worth."""
    matrix = found["scenarios"][scenario]["matrices"][0]
    shown = [each["issued"]["at"] for each in matrix["columns"]].index(utc(shown_at))
    return {
        row["at"]: cells[shown]["verdict"]
        for row, cells in zip(matrix["rows"], matrix["cells"], strict=True)
    }


@pytest.fixture(autouse=True)
def before_the_sale(clock: FrozenDateTimeFactory) -> None:
    """The day before: of a sale that is over nothing is left to rehearse."""
    clock.move_to(OPENS - timedelta(days=1))


# --- A sale that keeps its word ---


def test_a_sale_is_rehearsed_and_reported_and_the_shop_is_as_it_was(tmp_path: Path) -> None:
    make_sale(starts_at=OPENS, ends_at=CLOSES, hold=HOLD)
    Deal.objects.filter(product__sku="LMP-01").delete()
    before = everything()
    err = io.StringIO()
    text = rehearse(
        html=tmp_path / "a.html",
        json=tmp_path / "a.json",
        only=["as-configured", "recalled", "limits"],
        stderr=err,
    )
    assert "Every promise was kept." in text
    assert "12:00:00 to 12:15:00, Berlin time" in text
    assert "Every promise was kept." in (tmp_path / "a.html").read_text()
    assert everything() == before
    assert err.getvalue().splitlines() == [
        "1 of 3: As configured",
        "2 of 3: If offers are recalled",
        "3 of 3: If shoppers want more than one may have",
    ]
    found = json.loads((tmp_path / "a.json").read_text())
    last = verdicts(found, CLOSES - SECOND)
    assert last[utc(CLOSES)] == "honored"
    assert last[utc(CLOSES + HOLD - 2 * SECOND)] == "honored"
    assert last[utc(CLOSES + HOLD - SECOND)] == "expired"
    assert found["counts"]["paid"] > 10
    assert [each["name"] for each in found["scenarios"]] == ["as-configured", "recalled", "limits"]
    assert [each["kept"] for each in found["scenarios"]] == [True] * 3
    recalled = verdicts(found, OPENS, scenario=1)
    assert recalled[utc(CLOSES)] == "recalled"
    outcomes = [step["outcome"] for step in found["scenarios"][2]["steps"]]
    assert outcomes == ["paid", *["over_limit"] * 4, "paid"]


# --- What cannot be rehearsed ---


def test_a_missing_sale_is_an_error_that_names_those_there_are() -> None:
    make_sale(starts_at=OPENS, ends_at=CLOSES)
    with pytest.raises(CommandError, match=r"no sale winter.*autumn") as misused:
        rehearse("winter")
    assert misused.value.returncode == 2


def test_a_sale_without_deals_is_not_rehearsed() -> None:
    make_sale(starts_at=OPENS, ends_at=CLOSES)
    Deal.objects.update(withdrawn=True)
    with pytest.raises(CommandError, match="no deals") as misused:
        rehearse()
    assert misused.value.returncode == 2


def test_a_canceled_sale_is_not_rehearsed() -> None:
    cancel(make_sale(starts_at=OPENS, ends_at=CLOSES), now=OPENS)
    with pytest.raises(CommandError, match="was canceled"):
        rehearse()


def test_of_a_sale_that_is_over_nothing_is_left_to_rehearse_when_its_last_hold_is_over(
    clock: FrozenDateTimeFactory,
) -> None:
    make_sale(starts_at=OPENS, ends_at=CLOSES, hold=HOLD)
    assert export_sale("autumn", now=CLOSES + HOLD - SECOND)
    clock.move_to(CLOSES + HOLD)
    with pytest.raises(CommandError) as over:
        rehearse()
    assert over.value.returncode == 3
    assert str(over.value) == (
        "Autumn is over: it closed on Friday, 27 November 2026, 12:15:00, Berlin time, and its "
        "last price was held until Friday, 27 November 2026, 12:45:00, Berlin time. Nothing is "
        "left of it to rehearse; copy it, and rehearse the copy."
    )


def test_a_file_that_cannot_be_written_is_an_error_before_the_rehearsal(tmp_path: Path) -> None:
    make_sale(starts_at=OPENS, ends_at=CLOSES)
    with pytest.raises(CommandError, match="No such file or directory") as misused:
        rehearse(html=tmp_path / "missing" / "a.html")
    assert misused.value.returncode == 2


def test_a_rehearsal_that_takes_too_long_is_given_up_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_sale(starts_at=OPENS, ends_at=CLOSES)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(RehearsalFailed, match=r"longer than 2 s"):
        run(export_sale("autumn"), timeout=2)
    assert list(tmp_path.iterdir()) == []


def test_the_export_has_no_shopper_no_staff_and_no_nonce_of_the_shop() -> None:
    sale = make_sale(starts_at=OPENS, ends_at=CLOSES)
    deal = sale.deals.first()
    assert deal is not None
    rows = export_sale("autumn")
    assert {row["model"].partition(".")[0] for row in json.loads(rows)} == {"catalog", "sales"}
    for secret in (sale.nonce, deal.nonce, deal.product.nonce):
        assert secret not in rows


def test_the_export_lets_the_shop_go_on_writing() -> None:
    """It is a reader's transaction, and it is over when the rows are read."""
    make_sale(starts_at=OPENS, ends_at=CLOSES)
    export_sale("autumn")
    assert not connection.in_atomic_block
    assert Sale.objects.update(title="Written") == 1
