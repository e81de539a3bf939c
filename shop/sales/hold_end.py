"""When the last hold of a sale ends."""

from datetime import datetime, timedelta

from shop.sales.models import Sale


def closes_at(sale: Sale) -> datetime:
    """When a sale makes its last offer: at its close, or when it was taken down before that."""
    if sale.state == Sale.State.PUBLISHED:
        return sale.ends_at
    taken_down = sale.changes.filter(field="state").order_by("-pk").first()
    return min(sale.ends_at, taken_down.made_at) if taken_down else sale.ends_at


def last_hold_ends_at(sale: Sale) -> datetime:
    """When the last offer of a sale that can be out runs out, extensions and recalls counted."""
    extensions = list(sale.extensions.values_list("issued_before", "seconds"))
    last = closes_at(sale)
    void_from = sale.recalls.filter(deal=None, issued_before=None, made_at__gte=last).first()
    if void_from is not None:
        return void_from.made_at
    last_issues = {last, *(min(at, last) for at, _ in extensions)}
    return max(
        issue + sale.hold + timedelta(seconds=sum(more for at, more in extensions if at >= issue))
        for issue in last_issues
    )
