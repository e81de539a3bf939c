"""Which scenarios a sale is rehearsed in: as configured, and what may yet happen to it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from shop.core.durations import exact_duration
from shop.qa.rehearsal.boundary_plan import SECOND, whole
from shop.qa.rehearsal.charge_checks import check_changed_total, check_reference_price, check_tax
from shop.qa.rehearsal.charge_oracle import is_known
from shop.qa.rehearsal.limit_checks import check_last_unit, check_limits, check_sizes
from shop.qa.rehearsal.merchant_actions import ActionKind, MerchantAction
from shop.qa.rehearsal.payment_checks import check_bank_question, check_refund, check_unpaid_order
from shop.qa.rehearsal.purchases import PurchaseScenario
from shop.qa.rehearsal.results import AS_CONFIGURED
from shop.qa.rehearsal.scenario import Scenario
from shop.qa.rehearsal.temporary_database import TemporaryDatabase

#: The longest extension that is rehearsed.
MOST_EXTENSION = timedelta(minutes=15)

type AnyScenario = Scenario | PurchaseScenario


class UnknownScenario(Exception):
    """There is no scenario of a name; the text says which there are."""


def scenarios_of(
    database: TemporaryDatabase, *, now: datetime | None = None, only: Sequence[str] = ()
) -> list[AnyScenario]:
    """The scenarios of a sale, by default all.

    :param now: the shop's time; of a sale that has closed by then only holds are left to rehearse
    :param only: names of scenarios
    :raises UnknownScenario: the sale has no scenario of one of these names
    """
    if now is not None and now >= database.sale.ends_at:
        found = list(_after_close(database, now))
    else:
        found = [*_configured(), *_merchant_scenarios(database), *_purchase_scenarios(database)]
    names = [each.name for each in found]
    if unknown := [name for name in only if name not in names]:
        raise UnknownScenario(
            f"There is no scenario {', '.join(unknown)}. This sale has: {', '.join(names)}."
        )
    return [each for each in found if not only or each.name in only]


def _configured() -> Iterator[Scenario]:
    yield Scenario(AS_CONFIGURED, "As configured", "Every offer as its page promised it.")


def _merchant_scenarios(database: TemporaryDatabase) -> Iterator[Scenario]:
    """What a merchant may do to the sale, most of it half-way through."""
    sale, sku = database.sale, database.samples()[0].sku
    opens, closes = whole(sale.starts_at), whole(sale.ends_at)
    last = closes - SECOND
    half_way = whole(opens + (last - opens) / 2) + SECOND
    more = min(sale.hold, MOST_EXTENSION) // SECOND

    def act(kind: ActionKind, at: datetime = half_way, **fields: Any) -> MerchantAction:
        return MerchantAction(kind=kind, at=at, **fields)

    yield Scenario(
        "early-close",
        "If prices rise and the sale closes early",
        "Half-way through, every price doubles and the window closes. What was promised before "
        "stays promised.",
        [act(ActionKind.PRICE_RISE), act(ActionKind.CLOSE)],
    )
    yield Scenario(
        "hidden",
        "If the sale is hidden",
        "Half-way through, its page is hidden. What was promised before stays promised.",
        [act(ActionKind.HIDING)],
    )
    yield Scenario(
        "canceled",
        "If the sale is canceled",
        "Half-way through, it is canceled. What was promised before stays promised.",
        [act(ActionKind.CANCELLATION)],
    )
    brief = max(SECOND, (closes - opens) // 4 // SECOND * SECOND)
    yield Scenario(
        "price-rise",
        "If prices rise",
        f"Prices are held for {exact_duration(brief // SECOND)}, and half-way through every price "
        "doubles. Until then a price that has run out is renewed in the bag; afterwards none is "
        "renewed at the higher price unasked.",
        [
            act(ActionKind.SHORTER_HOLD, opens, seconds=brief // SECOND),
            act(ActionKind.PRICE_RISE),
        ],
    )
    yield Scenario(
        "price-cut",
        "If prices fall",
        "Half-way through, every price falls by a quarter. Until the close the bag asks for the "
        "lower price, also for what was promised before.",
        [act(ActionKind.PRICE_CUT)],
    )
    yield Scenario(
        "withdrawn-deal",
        "If a deal is withdrawn",
        f"Half-way through, {sku} is withdrawn. Its page shows it no more, and what was promised "
        "before stays promised.",
        [act(ActionKind.WITHDRAWAL, sku=sku)],
    )
    shorter = max(1, sale.hold_seconds // 2)
    yield Scenario(
        "shorter-hold",
        "If the hold is shortened",
        f"Half-way through, prices are held for {exact_duration(shorter)}. What was promised "
        "before is held as long as its page said.",
        [act(ActionKind.SHORTER_HOLD, seconds=shorter)],
    )
    yield Scenario(
        "longer-window",
        "If the sale closes later",
        f"Half-way through, the close is moved by {exact_duration(more)}.",
        [act(ActionKind.LONGER_WINDOW, seconds=more)],
    )
    yield Scenario(
        "extended",
        "If offers are held longer",
        f"Half-way through, offers shown until then get {exact_duration(more)} more; those shown "
        "afterwards do not.",
        [act(ActionKind.EXTENSION, seconds=more, issued_before=half_way)],
    )
    late = max(closes, opens + sale.hold) + SECOND
    yield Scenario(
        "extended-after-close",
        "If offers are held longer after the close",
        f"When the first hold and the sale are over, offers get {exact_duration(more)} more: "
        "those that had run out are good again.",
        [act(ActionKind.EXTENSION, late, seconds=more, issued_before=late)],
    )
    yield Scenario(
        "recalled",
        "If offers are recalled",
        "Half-way through, every offer that is out is taken back; those made afterwards are good.",
        [act(ActionKind.RECALL)],
    )
    if len(database.skus) > 1:
        yield Scenario(
            "recalled-deal",
            "If the offers of one deal are recalled",
            f"Half-way through, the offers of {sku} that are out are taken back; those of other "
            "deals, and those made afterwards, are good.",
            [act(ActionKind.RECALL, sku=sku)],
        )
    stale = timedelta(seconds=settings.SHOWCASE_MAX_STALE)
    settled = half_way + stale + SECOND
    yield Scenario(
        "recalled-before",
        "If offers from before an instant are recalled",
        f"A second over {exact_duration(int(stale.total_seconds()))} after half-way, offers shown "
        "before half-way are taken back; those shown since are good.",
        [act(ActionKind.RECALL, settled, issued_before=half_way)],
    )
    near = half_way + min(stale, (closes - half_way) / 2) // SECOND * SECOND
    yield Scenario(
        "recalled-just-before",
        "If offers from just before are recalled",
        "Offers shown before half-way are taken back so soon that a page in memory may still show "
        "them: all that are out are void, and those made afterwards are good.",
        [act(ActionKind.RECALL, near, issued_before=half_way)],
    )
    yield Scenario(
        "recalled-since",
        "If offers since a mistake are recalled",
        f"The offers of {sku} that were shown since half-way are taken back; those from before, "
        "those of other deals, and those made afterwards are good.",
        [act(ActionKind.RECALL, near, issued_from=half_way, sku=sku)],
    )


def _purchase_scenarios(database: TemporaryDatabase) -> Iterator[PurchaseScenario]:
    """What shoppers do, and what comes of their money."""
    yield PurchaseScenario(
        "limits",
        "If shoppers want more than one may have",
        "One shopper orders up to the limit of a deal; the same browser, mail address or card "
        "gets no more, and another shopper does.",
        check_limits,
    )
    yield PurchaseScenario(
        "last-unit",
        "If the last one is sold",
        "The last one in stock is sold, and the last one that is set aside for the sale: the next "
        "shopper gets none.",
        check_last_unit,
    )
    if any(len(database.sizes(sample.sku)) > 1 for sample in database.samples()):
        yield PurchaseScenario(
            "sizes",
            "If one size is sold out",
            "The last one of a size is sold; another size can still be had.",
            check_sizes,
        )
    yield PurchaseScenario(
        "unpaid-order",
        "If an order is not paid",
        "The last one is in an order whose card is declined. It is free when the order's time is "
        "over and Stripe has canceled the payment, not before.",
        check_unpaid_order,
    )
    yield PurchaseScenario(
        "bank-question",
        "If the bank asks",
        "The bank asks three shoppers in the last second of their hold: it approves of one, "
        "declines another, who takes another card, and the third one answers too late.",
        check_bank_question,
    )
    yield PurchaseScenario(
        "refund",
        "If an order is refunded",
        "One unit is refunded and put back on sale, then the rest: as much goes back as was paid.",
        check_refund,
    )
    yield PurchaseScenario(
        "changed-total",
        "If the total changes while somebody pays",
        "A price falls after a shopper has opened the checkout page: nothing is charged before "
        "the shopper has seen the new total.",
        check_changed_total,
    )
    if is_known():
        yield PurchaseScenario(
            "tax",
            "If tax is rounded",
            "Sums whose tax ends in half a cent are ordered: it is rounded up, never by chance.",
            check_tax,
        )
    yield PurchaseScenario(
        "reference-price",
        "If an earlier sale asked less",
        "Five days before, another sale asked less than the usual price: just that is struck "
        "through.",
        check_reference_price,
    )


def _after_close(database: TemporaryDatabase, now: datetime) -> Iterator[AnyScenario]:
    """What is left of a sale that has closed: offers that are held may be extended or recalled."""
    sale = database.sale
    at = whole(now) + SECOND
    more = min(sale.hold, MOST_EXTENSION) // SECOND
    yield from _configured()
    yield Scenario(
        "extended-after-close",
        "If offers are held longer now",
        f"Offers get {exact_duration(more)} more: those that had run out are good again.",
        [MerchantAction(kind=ActionKind.EXTENSION, at=at, seconds=more, issued_before=at)],
    )
    yield Scenario(
        "recalled",
        "If offers are recalled now",
        "Every offer that is out is taken back.",
        [MerchantAction(kind=ActionKind.RECALL, at=at)],
    )
    if len(database.skus) > 1:
        sku = database.samples()[0].sku
        yield Scenario(
            "recalled-deal",
            "If the offers of one deal are recalled now",
            f"The offers of {sku} are taken back; those of other deals stay good.",
            [MerchantAction(kind=ActionKind.RECALL, at=at, sku=sku)],
        )
