"""Sense checks of a sale's form: while it is typed, and before a published sale is saved."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from shop.catalog.models import Product
from shop.core.requests import ShopRequest
from shop.core.row_keys import row_key
from shop.merchant.forms.count_field import CountField
from shop.merchant.forms.edit_conflicts import sent_counts
from shop.merchant.forms.money_fields import price_of
from shop.merchant.sales.mending import mendable
from shop.merchant.sales.sale_form import SaleForm
from shop.sales.models import Deal, Sale
from shop.sales.sense_checks import SaleFacts, SenseCheck, SenseFinding, warnings
from shop.sales.sense_facts import acknowledged, facts_of
from shop.sales.sense_rules import findings
from shop.staff.current import staff_of
from shop.staff.models import Staff

#: Rows that are checked while somebody types.
_MOST_ROWS = 500


@require_POST
@never_cache
@permission_required("sales.view_sale", raise_exception=True)
def typed_checks_page(request: ShopRequest) -> HttpResponse:
    """What the checks find in a form as it is typed; htmx asks for it, and nothing is written."""
    pk = request.GET.get("sale", "")
    sale = get_object_or_404(Sale, pk=row_key(pk)) if pk else None
    found = typed_findings(request.POST, sale, staff_of(request), request.now)
    checks = mendable(found, sale)
    return render(request, "merchant/_sense_checks.html", {"checks": checks})


def typed_findings(
    data: Any, saved: Sale | None, by: Staff, now: datetime
) -> tuple[SenseFinding, ...]:
    """What the checks find in a sale's form; what cannot be read is left out."""
    given = {"by": by, "now": now, "reads_back": False}
    form_class = type("TypedSaleForm", (SaleForm,), given)
    form = form_class(data, instance=Sale.objects.get(pk=saved.pk) if saved else None)
    form.full_clean()
    written = form.cleaned_data
    sale = Sale(
        pk=saved.pk if saved else None,
        slug=saved.slug if saved else "",
        state=saved.state if saved else Sale.State.DRAFT,
        published_at=saved.published_at if saved else None,
        time_zone=written.get("time_zone", saved.time_zone if saved else "UTC"),
        **{name: written.get(name) for name in ("starts_at", "ends_at", "hold_seconds")},
    )
    deals = list(_typed_deals(data, sale))
    found = findings(_facts(sale, deals, now), now)
    if saved is not None:
        return found
    # Of a new sale nobody may have begun to write the deals.
    return tuple(each for each in found if each.check is not SenseCheck.NO_DEALS)


def new_warnings(
    before: Sale | None, after: Sale, deals: Iterable[Deal], now: datetime
) -> tuple[SenseFinding, ...]:
    """Warnings that saving a published sale would cause, and that nobody has acknowledged.

    :param before: the saved sale; None if it is new
    :param deals: those that it will have
    """
    if before is None or before.state != Sale.State.PUBLISHED:
        return ()
    known = {each.key for each in findings(_facts(before, before.deals.all(), now), now)}
    known |= acknowledged([before])[before.pk]
    found = warnings(findings(_facts(after, deals, now), now))
    return tuple(each for each in found if each.key not in known)


def _facts(sale: Sale, deals: Iterable[Deal], now: datetime) -> SaleFacts:
    [facts] = facts_of([(sale, deals)], now, drafts=True)
    return facts


def _typed_deals(data: Mapping[str, Any], sale: Sale) -> Iterator[Deal]:
    """The rows of a form as unsaved deals, in two queries."""
    _, count = sent_counts(data, "deals") or (0, 0)
    prefixes = [f"deals-{number}-" for number in range(min(count, _MOST_ROWS))]
    saved = {}
    if sale.pk:
        saved = {str(deal.pk): deal for deal in sale.deals.select_related("product")}
    skus = {str(data.get(f"{prefix}product", "")).strip() for prefix in prefixes}
    products = {each.sku: each for each in Product.objects.filter(sku__in=skus)}
    for prefix in prefixes:
        row = saved.get(str(data.get(f"{prefix}id", "")))
        # A product that cannot be changed is not sent.
        product = products.get(str(data.get(f"{prefix}product", "")).strip())
        product = product or (row.product if row else None)
        is_out = data.get(f"{prefix}DELETE") or data.get(f"{prefix}withdrawn")
        if product is None or is_out:
            continue
        typed: dict[str, Any] = {
            "price": _typed_price(data.get(f"{prefix}price"), product),
            "max_per_shopper": _typed_units(data.get(f"{prefix}max_per_shopper")),
        }
        yield Deal(
            pk=row.pk if row else None,
            sale=sale,
            product=product,
            was=row.was if row else None,
            was_as_of=row.was_as_of if row else None,
            claimed=row.claimed if row else 0,
            allocation=_typed_units(data.get(f"{prefix}allocation")),
            **typed,
        )


def _typed_price(text: Any, product: Product) -> int | None:
    try:
        return price_of(product, str(text or ""))
    except ValidationError:
        return None


def _typed_units(text: Any) -> int | None:
    try:
        units: int | None = CountField(required=False, min_value=0).clean(text)
    except ValidationError:
        return None
    return units
