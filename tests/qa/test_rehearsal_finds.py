"""What a rehearsal finds: in a sale with a history, and in a shop whose judge is wrong.

The shop's own database gives the rows alone, on whichever it is: once is enough.
"""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from freezegun.api import FrozenDateTimeFactory
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
from shop.sales.models import Sale
from tests.qa.test_rehearsal import verdicts

CODE = ("offers", "shop", "static", "templates", "manage.py")
SECOND = timedelta(seconds=1)


@pytest.mark.verify
# The rows are read in a transaction of their own, as in a shop.
@pytest.mark.django_db(transaction=True)
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
    found = run(export_sale("autumn"), timeout=300).report
    assert [each["name"] for each in found["scenarios"] if each["findings"]] == []
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


# --- Bugs that are planted in a copy of the shop, one at a time ---


class Plant(NamedTuple):
    """A bug: the right code (in its file once) and the wrong one; who finds it, and the words."""

    bug: str
    file: str
    right: str
    wrong: str
    scenario: str
    sentence: str


JUDGE, CLAIMS, HOLDS = "offers/anchors.py", "shop/orders/claims.py", "shop/sales/holds.py"
SETTLEMENT = "shop/payments/settlement.py"
LIMIT = "for key in keys) <= max_units[deal]"

PLANTS = [
    Plant(
        "the judge is a second too long",
        JUDGE,
        "if now >= honored_until(offer, state.extensions):",
        "if now > honored_until(offer, state.extensions):",
        "as-configured",
        "The page said held until 12:30:00; checkout still took it at 12:30:00, when it was "
        "expired.",
    ),
    Plant(
        "the judge is a second too short",
        JUDGE,
        "if now >= honored_until(offer, state.extensions):",
        "if now.timestamp() + 1 >= honored_until(offer, state.extensions).timestamp():",
        "as-configured",
        "The page said held until 12:30:00; checkout refused at 12:29:59: expired.",
    ),
    Plant(
        "an extension reaches offers issued after it",
        JUDGE,
        "if issued_at < each.issued_before)",
        "if issued_at or each.issued_before)",
        "extended",
        "If offers are held longer: Stoneware mug as shown at 12:07:31. The page said held until "
        "12:37:31; the bag still took it at 12:37:31, when it was expired.",
    ),
    Plant(
        "extending breaks down",
        HOLDS,
        "    return Extension.objects.create(",
        "    raise ValueError(seconds)\n    return Extension.objects.create(",
        "extended",
        "If offers are held longer: It could not be played to its end, at 12:07:31: ValueError: "
        "900",
    ),
    Plant(
        "an extension does not revive after the close",
        "shop/sales/holds.py",
        "        seconds=seconds,\n",
        "        seconds=seconds if now < sale.ends_at else 1,\n",
        "extended-after-close",
        "The page said held until 12:30:00, extended to 12:45:00; the bag refused at 12:30:01: "
        "expired.",
    ),
    Plant(
        "a limit one too high by mail",
        CLAIMS,
        LIMIT,
        LIMIT.replace("[deal]", "[deal] + (kind == LimitUse.Kind.EMAIL)"),
        "limits",
        "Stoneware mug is limited to 2 a shopper, by browser, mail address and card. At "
        "12:07:30, another browser with the same mail address ordered 1 more: paid; it should "
        "have been refused as over the limit.",
    ),
    Plant(
        "a limit one too high by card",
        CLAIMS,
        LIMIT,
        LIMIT.replace("[deal]", "[deal] + (kind == LimitUse.Kind.CARD)"),
        "limits",
        "At 12:07:30, another browser with the same card ordered 1 more: paid; it should have been "
        "refused as over the limit.",
    ),
    Plant(
        "a recall of one deal voids nothing",
        HOLDS,
        "row.replaced_nonce, deal.nonce = deal.nonce, new_nonce()",
        "row.replaced_nonce = deal.nonce",
        "recalled-deal",
        "Stoneware mug as shown at 12:00:00. The page said held until 12:30:00; the bag still "
        "took it at 12:07:31, when it was recalled.",
    ),
    Plant(
        "a recall of one deal voids the whole sale",
        HOLDS,
        "row.replaced_nonce, deal.nonce = deal.nonce, new_nonce()",
        "row.replaced_nonce, deal.nonce = deal.nonce, new_nonce()\n"
        "            Sale.objects.filter(pk=sale.pk).update(nonce=new_nonce())",
        "recalled-deal",
        "Brass lamp as shown at 12:00:00. The page said held until 12:30:00; the bag refused at "
        "12:07:31: recalled.",
    ),
    Plant(
        "a recall from before an instant voids what was shown since",
        "shop/sales/holds.py",
        "return issued_before is None or issued_before >= settled",
        "return issued_before is None or issued_before <= settled",
        "recalled-before",
        "Stoneware mug as shown at 12:07:31. The page said held until 12:37:31; the bag refused "
        "at 12:17:32: recalled.",
    ),
    Plant(
        "a recall since an instant voids what was shown before",
        JUDGE,
        "return offer.issued_at >= good_before.timestamp()",
        "return True",
        "recalled-since",
        "Stoneware mug as shown at 12:00:00. The page said held until 12:30:00; the bag refused "
        "at 12:11:15: recalled.",
    ),
    Plant(
        "a withdrawn deal's offers are void",
        "shop/sales/snapshot.py",
        "            anchor=self.anchor,\n            earlier_anchors",
        "            anchor=None if self.withdrawn else self.anchor,\n            earlier_anchors",
        "withdrawn-deal",
        "If a deal is withdrawn: Stoneware mug as shown at 12:00:00. The page said held until "
        "12:30:00; the bag refused at 12:07:31: recalled.",
    ),
    Plant(
        "a shorter hold cuts the holds that were promised",
        "shop/bag/line_judging.py",
        "judge(offer, now=facts.now,",
        "judge(replace(offer, expires_at=min(offer.expires_at, offer.issued_at + int("
        "deal.hold.total_seconds()))) if deal else offer, now=facts.now,",
        "shorter-hold",
        "The page said held until 12:30:00; the bag refused at 12:29:59: expired.",
    ),
    Plant(
        "a lower price is not taken",
        "shop/bag/renewal.py",
        "is_cheaper = judged.is_honored and current.amount < offer.amount",
        "is_cheaper = judged.is_honored and current.amount < 0",
        "price-cut",
        "The page said €4.99, held until 12:30:00; the bag asked for €4.99 at 12:07:31, when it "
        "cost €3.74.",
    ),
    Plant(
        "a price is renewed at a higher one unasked",
        "shop/bag/renewal.py",
        "ran_out = judged.verdict is Verdict.EXPIRED and current.amount <= offer.amount",
        "ran_out = judged.verdict is Verdict.EXPIRED",
        "price-rise",
        "If prices rise: Stoneware mug as shown at 12:07:30. The page said €4.99, held until "
        "12:11:15; the bag asked for €9.98 at 12:11:15.",
    ),
    Plant(
        "a canceled sale's offers are void",
        "shop/sales/lifecycle.py",
        "_save_state(sale, Sale.State.CANCELED, now=now, by=by, reason=reason)",
        "_save_state(sale, Sale.State.CANCELED, now=now, by=by, reason=reason)\n"
        '    Sale.objects.filter(pk=sale.pk).update(nonce="another")',
        "canceled",
        "If the sale is canceled: Stoneware mug as shown at 12:00:00. The page said held until "
        "12:30:00; the bag refused at 12:07:31: recalled.",
    ),
    Plant(
        "the bag says nothing of an allocation that is used up",
        "shop/sales/snapshot.py",
        "at_hand = min(at_hand, self.allocation_left)",
        "at_hand = max(at_hand, self.allocation_left)",
        "last-unit",
        "One Stoneware mug is set aside for the sale. At 12:07:30, a third shopper put it into "
        "the bag: taken; it should have been refused as sold out.",
    ),
    Plant(
        "a total that was not shown is charged",
        "shop/checkout/placing.py",
        "if charge.total != shown_total:",
        "if charge.total > shown_total:",
        "changed-total",
        "The checkout page of Stoneware mug asked for €4.99. At 12:07:30, the price fell, and a "
        "shopper sent the form of that page: paid; it should have been refused, with the new "
        "total.",
    ),
    Plant(
        "the bank's no is taken for a yes",
        SETTLEMENT,
        '"requires_payment_method": Status.PENDING,',
        '"requires_payment_method": Status.PAID,',
        "bank-question",
        "At 12:37:59, after the hold, the bank declined shopper 2, and the order was: paid; it "
        "should have been left unpaid.",
    ),
    Plant(
        "stock is freed before Stripe has canceled",
        SETTLEMENT,
        'logger.warning("%s cannot be canceled yet: %s", order.number, _reason(error))\n'
        "        return False",
        "with transaction.atomic():\n            row = locked(order)\n"
        "            if move(row, _unpaid_status(row, now), cause=cause, now=now):\n"
        "                release(row, now)\n        return True",
        "unpaid-order",
        "It is free once Stripe has canceled the payment, which may be made until then. At "
        "12:17:30, while Stripe did not answer, another shopper ordered it: paid; it should have "
        "been refused as sold out.",
    ),
    Plant(
        "an order that lapsed is not canceled at Stripe",
        "shop/payments/intents.py",
        "    return client().v1.payment_intents.cancel(intent.id)\n\n\ndef replace_intent",
        '    intent.status = "canceled"\n    return intent\n\n\ndef replace_intent',
        "bank-question",
        "At 12:47:29, the bank's yes came too late, and Stripe had charged: €4.99; it should have "
        "been nothing.",
    ),
    Plant(
        "a refund of half of what was paid",
        "shop/payments/refund_plans.py",
        "sum(each.line.amount * each.quantity for each in wanted)",
        "sum(each.line.amount * each.quantity // 2 for each in wanted)",
        "refund",
        "At 12:07:30, for one unit went back: €2.49; it should have been €4.99.",
    ),
    Plant(
        "tax by floating point",
        "shop/checkout/charge_rules.py",
        "return (2 * gross * rate + whole) // (2 * whole)",
        "return round(gross * float(percent) / (100 + float(percent)))",
        "tax",
        "At 12:07:30, the tax on the receipt: €33.34; it should have been €33.35.",
    ),
    Plant(
        "the higher of two reference prices",
        "shop/sales/reference_prices.py",
        "    return min(amounts, default=None)",
        "    return max(amounts, default=None)",
        "reference-price",
        "At 12:00:00, the page struck through: €49.90; it should have been €27.44.",
    ),
    Plant(
        "refused lines count into the bag's total",
        "shop/bag/judging.py",
        "return total_text(each.line for each in self.honored)",
        "return total_text(each.line for each in self.lines)",
        "recalled-deal",
        "said “Total €12.89”; what can be bought comes to €7.90.",
    ),
    Plant(
        "a page denies what was extended",
        "templates/sales/sale.html",
        "{% if now < sale.last_hold_ends_at %}",
        "{% if now < sale.ends_at %}",
        "extended-after-close",
        "said “All prices of it have run out What is sold outside sales is still here, at its "
        "usual price.”; prices of it are still held.",
    ),
]


@pytest.mark.parametrize("plant", PLANTS, ids=[each.bug for each in PLANTS])
def test_a_bug_can_still_be_planted(plant: Plant) -> None:
    assert (ROOT / plant.file).read_text().count(plant.right) == 1


@pytest.mark.verify
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("plant", PLANTS, ids=[each.bug for each in PLANTS])
def test_a_planted_bug_is_found_and_said(
    plant: Plant, tmp_path: Path, settings: Settings, clock: FrozenDateTimeFactory
) -> None:
    # The goods have been sold at their list price for a while.
    clock.move_to(OPENS - timedelta(days=1))
    for name in CODE:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    code = tmp_path / plant.file
    code.write_text(code.read_text().replace(plant.right, plant.wrong))
    make_sale(starts_at=OPENS, ends_at=CLOSES, hold=HOLD)
    settings.BASE_DIR = tmp_path
    report = run(export_sale("autumn"), timeout=300, only=[plant.scenario])
    assert not report.is_kept
    assert plant.sentence in " ".join(report.text.split())
