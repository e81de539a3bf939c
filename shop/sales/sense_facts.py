"""The facts that sense checks judge, read in a fixed number of queries; and acknowledgments."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Max, prefetch_related_objects

from shop.catalog.models import StockMovement
from shop.sales.models import Change, Deal, Sale
from shop.sales.reference_prices import reference_prices_once_saved
from shop.sales.sense_checks import DealFacts, OtherDeal, SaleFacts, SenseFinding, warnings
from shop.sales.sense_rules import findings
from shop.staff.models import Staff

#: The field of the audit log under which acknowledged warnings stand.
ACKNOWLEDGED = "warning"


@dataclass(frozen=True, slots=True)
class CheckedSale:
    """A sale and what its checks found; ``unread`` are warnings that nobody acknowledged."""

    sale: Sale
    facts: SaleFacts
    findings: tuple[SenseFinding, ...]
    unread: tuple[SenseFinding, ...]


def check_sales(
    sales: Collection[Sale], now: datetime, *, deals: Mapping[int, Iterable[Deal]] | None = None
) -> list[CheckedSale]:
    """Check saved sales, each with its deals and products as their rows are.

    A published sale is not held against drafts: those may never be.

    :param deals: the deals by the key of their sale, where they were read already
    """
    if deals is None:
        prefetch_related_objects(list(sales), "deals")
        deals = {sale.pk: sale.deals.all() for sale in sales}
    facts = facts_of([(sale, deals[sale.pk]) for sale in sales], now)
    known = acknowledged(sales)
    checked = []
    for sale, each in zip(sales, facts, strict=True):
        found = findings(each, now)
        unread = tuple(one for one in warnings(found) if one.key not in known[sale.pk])
        checked.append(CheckedSale(sale, each, found, unread))
    return checked


def check_sale(sale: Sale, now: datetime) -> CheckedSale:
    """Check one saved sale."""
    [checked] = check_sales([Sale.objects.get(pk=sale.pk)], now)
    return checked


def facts_of(
    sales: Sequence[tuple[Sale, Iterable[Deal]]], now: datetime, *, drafts: bool = False
) -> list[SaleFacts]:
    """The facts of sales and their deals, saved or not; withdrawn deals are left out.

    :param drafts: count other sales that are drafts, also where a sale is published
    """
    on_show = [(sale, [deal for deal in deals if not deal.withdrawn]) for sale, deals in sales]
    everything = [deal for _, deals in on_show for deal in deals]
    prefetch_related_objects(everything, "product__variants")
    # While the opening is still to be written there is no time before it.
    opening = [deal for deal in everything if deal.sale.starts_at is not None]
    prices = reference_prices_once_saved(opening, now=now)
    references = {id(deal): was for deal, was in zip(opening, prices, strict=True)}
    raised = _raised(everything)
    others = _other_deals(on_show, now)
    return [
        SaleFacts(
            zone=sale.zone,
            starts_at=sale.starts_at,
            ends_at=sale.ends_at,
            hold=sale.hold if sale.hold_seconds is not None else None,
            is_published=sale.state == Sale.State.PUBLISHED,
            deals=tuple(
                _deal_facts(
                    deal,
                    was=references.get(id(deal), deal.product.list_price),
                    raised=raised.get(deal.pk, 0),
                    others=_overlapping(sale, others[deal.product_id], now, drafts=drafts),
                )
                for deal in deals
            ),
        )
        for sale, deals in on_show
    ]


def acknowledge(sale: Sale, found: Iterable[SenseFinding], *, now: datetime, by: Staff) -> None:
    """Record in the sale's audit log that somebody has read warnings."""
    Change.objects.bulk_create(
        Change(
            sale=sale,
            field=ACKNOWLEDGED,
            after={"key": each.key, "text": each.text},
            made_at=now,
            made_by=by,
        )
        for each in found
    )


def acknowledged(sales: Collection[Sale]) -> defaultdict[int, set[str]]:
    """The keys of acknowledged warnings by sale."""
    keys = defaultdict[int, set[str]](set)
    rows = Change.objects.filter(sale__in=[sale.pk for sale in sales], field=ACKNOWLEDGED)
    for sale, after in rows.values_list("sale", "after"):
        keys[sale].add(str(after["key"]) if after else "")
    return keys


def _deal_facts(
    deal: Deal, *, was: int | None, raised: int, others: tuple[OtherDeal, ...]
) -> DealFacts:
    product, variants = deal.product, deal.product.variants.all()
    return DealFacts(
        product=product.pk,
        sku=product.sku,
        name=product.name,
        currency=product.currency,
        list_price=product.list_price,
        price=deal.price,
        was=was,
        allocation=deal.allocation,
        claimed=deal.claimed,
        limit=deal.max_per_shopper,
        stock=sum(each.stock for each in variants),
        left=sum(each.stock - each.claimed for each in variants),
        raised=raised,
        others=others,
    )


def _other_deals(
    sales: Sequence[tuple[Sale, Sequence[Deal]]], now: datetime
) -> Mapping[int, list[Deal]]:
    """Deals by product in all sales that are not over and may overlap with one of these."""
    found = defaultdict[int, list[Deal]](list)
    ends = [sale.ends_at for sale, deals in sales if deals and sale.ends_at is not None]
    if not ends:
        return found
    rows = (
        Deal.objects.filter(
            product__in={deal.product_id for _, deals in sales for deal in deals},
            withdrawn=False,
            sale__starts_at__lt=max(ends),
            sale__ends_at__gt=now,
        )
        .exclude(sale__state=Sale.State.CANCELED)
        .select_related("sale")
        .order_by("sale__starts_at", "position", "pk")
    )
    for row in rows:
        found[row.product_id].append(row)
    return found


def _overlapping(
    sale: Sale, others: Iterable[Deal], now: datetime, *, drafts: bool
) -> tuple[OtherDeal, ...]:
    """Those of the deals whose sale is open when this one is, now or later."""
    if sale.starts_at is None or sale.ends_at is None:
        return ()
    counts_drafts = drafts or sale.state != Sale.State.PUBLISHED
    return tuple(
        OtherDeal(
            sale=str(other.sale),
            is_draft=other.sale.state == Sale.State.DRAFT,
            price=other.price,
            starts_at=other.sale.starts_at,
            ends_at=other.sale.ends_at,
            zone=ZoneInfo(other.sale.time_zone),
            set_aside=0 if other.allocation is None else other.allocation - other.claimed,
        )
        for other in others
        if other.sale_id != sale.pk
        and other.sale.starts_at < sale.ends_at
        and other.sale.ends_at > max(sale.starts_at, now)
        and (counts_drafts or other.sale.state == Sale.State.PUBLISHED)
    )


def _raised(deals: Iterable[Deal]) -> Mapping[int, int]:
    """Units by deal that came in since its sale was published and its allocation last decided."""
    bounded = {
        deal: deal.sale.published_at
        for deal in deals
        if deal.pk is not None and deal.allocation is not None and deal.sale.published_at
    }
    if not bounded:
        return {}
    came_in = StockMovement.objects.filter(
        variant__product__in={deal.product_id for deal in bounded},
        units__gt=0,
        made_at__gt=min(bounded.values()),
    ).values_list("variant__product", "made_at", "units")
    movements = defaultdict[int, list[tuple[datetime, int]]](list)
    for product, at, units in came_in:
        movements[product].append((at, units))
    if not movements:
        return {}
    decided = dict(
        Change.objects.filter(deal__in=bounded, field__in=("allocation", "deal"))
        .values_list("deal")
        .annotate(Max("made_at"))
    )
    return {
        deal.pk: sum(
            units
            for at, units in movements[deal.product_id]
            if at > max(published_at, decided.get(deal.pk, published_at))
        )
        for deal, published_at in bounded.items()
    }
