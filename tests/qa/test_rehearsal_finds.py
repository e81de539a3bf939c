"""What a rehearsal finds: in a sale with a history, and in a shop whose judge is wrong.

The shop's own database gives the rows alone, on whichever it is: once is enough.
"""

import io
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from shop.core.formatting import utc
from shop.qa.pytest_plugin.factories import (
    CLOSES,
    HOLD,
    OPENS,
    ROOT,
    add_deal,
    make_product,
    make_sale,
)
from shop.qa.rehearsal.isolated_process import run
from shop.qa.rehearsal.sale_export import export_sale
from shop.sales.holds import extend, recall
from shop.sales.models import Deal, Sale
from tests.qa.test_rehearsal import verdicts

# Its rows are read in a transaction of its own, as in a shop.
pytestmark = [pytest.mark.verify, pytest.mark.django_db(transaction=True)]

CODE = ("offers", "shop", "static", "templates", "manage.py")
SECOND = timedelta(seconds=1)


def test_extensions_recalls_sizes_and_a_clock_change_are_rehearsed_as_they_are() -> None:
    change = datetime(2026, 10, 25, 1, 0, tzinfo=UTC)
    opens, closes = change - timedelta(minutes=10), change + timedelta(minutes=10)
    sale = make_sale(starts_at=opens, ends_at=closes, hold=timedelta(minutes=5))
    sale.deals.filter(product__sku="LMP-01").delete()
    tee = make_product("TEE-01", "Organic tee", variants={"S": 0, "M": 4})
    add_deal(sale, tee, 990, max_per_shopper=1)
    late = opens + timedelta(minutes=7)
    extend(sale=sale, seconds=3600, by=None, now=late)
    sold_out = sale.deals.get(product__sku="TEE-01")
    recall(sale=sale, deal=sold_out, reason="A wrong price.", by=None, now=change)
    # A draft, too, is rehearsed as if it were published.
    Sale.objects.update(state=Sale.State.DRAFT)
    found = run(export_sale("autumn"), timeout=120).report
    assert [scenario["broken"] for scenario in found["scenarios"]] == [[]] * 4
    assert found["was_draft"]
    first = verdicts(found, opens)
    assert first[utc(late - SECOND)] == "expired"
    assert first[utc(late)] == "honored"
    assert first[utc(opens + timedelta(minutes=65) - SECOND)] == "honored"
    assert first[utc(opens + timedelta(minutes=65))] == "expired"
    tees = next(each for each in found["scenarios"][0]["matrices"] if each["sku"] == "TEE-01")
    rows = [row["at"] for row in tees["rows"]]
    assert tees["cells"][rows.index(utc(change))][0]["verdict"] == "recalled"
    assert utc(change - SECOND) in rows


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (
            "if now > honored_until(offer, state.extensions):",
            "The page said held until 12:30:00; checkout still took it at 12:30:00, "
            "when it was expired.",
        ),
        (
            "if now.timestamp() + 1 >= honored_until(offer, state.extensions).timestamp():",
            "The page said held until 12:30:00; checkout refused at 12:29:59: expired.",
        ),
    ],
    ids=["a second too long", "a second too short"],
)
def test_a_judge_that_is_off_by_a_second_is_found_out(
    wrong: str, sentence: str, tmp_path: Path, settings: Settings
) -> None:
    """In a copy of the shop whose judge has one comparison wrong."""
    for name in CODE:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    judge = tmp_path / "offers" / "anchors.py"
    right = "if now >= honored_until(offer, state.extensions):"
    assert judge.read_text().count(right) == 1
    judge.write_text(judge.read_text().replace(right, wrong))
    make_sale(starts_at=OPENS, ends_at=CLOSES, hold=HOLD)
    Deal.objects.filter(product__sku="LMP-01").delete()
    settings.BASE_DIR = tmp_path
    out = io.StringIO()
    with pytest.raises(CommandError) as broken:
        call_command("rehearse", "autumn", stdout=out)
    assert broken.value.returncode == 1
    assert sentence in " ".join(out.getvalue().split())
