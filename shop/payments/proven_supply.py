"""Units that a forgotten order proves: it was placed because they were there.

Where a restored database has fewer, more was supplied since the backup, and that is forgotten, too.
Unless others have bought since: then nobody can tell, and nothing is raised.
"""

from collections import Counter
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from shop.catalog.models import StockMovement, Variant
from shop.catalog.stock import move_stock
from shop.orders.models import OVER, RESTORED, OrderLine, StatusChange
from shop.payments.order_metadata import OrderFacts
from shop.sales import audit
from shop.sales.models import Deal
from shop.sales.reference_prices import list_price_changed

_NOTE = "An order placed since the backup proves that there were more."


@transaction.atomic
def raise_supply(facts: OrderFacts, now: datetime) -> list[str] | None:
    """Raise stock and allocations to what an order took.

    :returns: what was raised, in words; None where others have bought of it since
    """
    stock, allocations = _missing_stock(facts), _missing_allocations(facts)
    since = _sold_since(facts)
    if since.filter(Q(variant__in=stock) | Q(deal__in=allocations)).exists():
        return None
    for variant, more in stock.items():
        move_stock(variant, more, reason=StockMovement.Reason.COUNTED, note=_NOTE, now=now)
        # With its first stock a product can be bought at its list price.
        list_price_changed(variant.product, now=now)
    for deal, more in allocations.items():
        value = (deal.allocation or 0) + more
        audit.change(
            sale=deal.sale,
            deal=deal,
            field="allocation",
            value=value,
            reason=_NOTE,
            now=now,
            by=None,
        )
    return [
        *(f"the stock of {variant.sku} is raised by {more}" for variant, more in stock.items()),
        *(
            f"what {deal.sale.slug} sets aside of {deal.product.sku} is raised by {more}"
            for deal, more in allocations.items()
        ),
    ]


def _missing_stock(facts: OrderFacts) -> dict[Variant, int]:
    """Units that variants of an order have too few of, their rows locked."""
    wanted: Counter[str] = Counter()
    for line in facts.lines:
        wanted[line.sku] += line.quantity
    variants = Variant.objects.select_for_update(of=("self",)).filter(sku__in=list(wanted))
    variants = variants.select_related("product").order_by("pk")
    missing = {each: each.claimed + wanted[each.sku] - each.stock for each in variants}
    return {variant: more for variant, more in missing.items() if more > 0}


def _missing_allocations(facts: OrderFacts) -> dict[Deal, int]:
    """Units that deals of an order have too few of set aside, their rows locked."""
    skus = [line.sku for line in facts.lines]
    products = dict(Variant.objects.filter(sku__in=skus).values_list("sku", "product"))
    wanted: Counter[tuple[str, int]] = Counter()
    for line in facts.lines:
        wanted[line.sale, products[line.sku]] += line.quantity
    deals = (
        Deal.objects.select_for_update(of=("self",))
        .filter(sale__slug__in={line.sale for line in facts.lines}, allocation__isnull=False)
        .filter(product__in=set(products.values()))
        .select_related("sale", "product")
        .order_by("pk")
    )
    missing = {
        deal: deal.claimed + wanted[deal.sale.slug, deal.product_id] - (deal.allocation or 0)
        for deal in deals
    }
    return {deal: more for deal, more in missing.items() if more > 0}


def _sold_since(facts: OrderFacts) -> QuerySet[OrderLine]:
    """Lines of orders that were placed after this one, and never forgotten."""
    rebuilt = StatusChange.objects.filter(from_status="", cause=RESTORED).values("order")
    later = OrderLine.objects.filter(order__placed_at__gte=facts.placed_at)
    return later.exclude(order__status__in=OVER).exclude(order__in=rebuilt)
