"""The report as a file: one row a figure, money in the currency's unit, with a point."""

from collections.abc import Iterator
from decimal import Decimal
from io import StringIO
from typing import Any

from shop.core.csv_cells import SafeWriter
from shop.core.money import major_units
from shop.merchant.reports.report import SaleReport
from shop.orders.models import DisputeOutcome

COLUMNS = (
    "part",
    "name",
    "sku",
    "currency",
    "supplied",
    "count",
    "units",
    "amount",
    "discount",
    "refunded_units",
    "refunded",
    "lost",
)

type Row = dict[str, Any]


def as_csv(report: SaleReport) -> str:
    """The whole file; ``count`` is that of orders, refunds, disputes or refusals, by ``part``.

    ``lost`` is what disputes took of this sale's goods.
    """
    file = StringIO()
    writer = SafeWriter(file)
    writer.write(COLUMNS)
    for row in _rows(report):
        writer.write(row.get(name) for name in COLUMNS)
    return file.getvalue()


def _rows(report: SaleReport) -> Iterator[Row]:
    for currency, sums in sorted(report.figures.by_currency.items()):
        sale = {"name": report.sale.title, "currency": currency}
        lost = {"lost": _money(report.figures.lost.get(currency, 0), currency)}
        figures = {**_sums(sums, currency), **_refunded(sums, currency), **lost}
        yield {"part": "sold", **sale, **figures}
        yield {"part": "after the close", **sale, **_sums(sums, currency, "late_")}
    for deal in report.deals:
        product = deal.now.deal.product
        what = {"name": product.name, "sku": product.sku, "currency": deal.currency}
        figures = {**_sums(deal.sold, deal.currency), **_refunded(deal.sold, deal.currency)}
        yield {"part": "deal", **what, "supplied": deal.now.supply, **figures}
        late = _sums(deal.sold, deal.currency, "late_")
        yield {"part": "deal after the close", **what, **late}
    for column in report.lateness.columns:
        yield {"part": "how late", "name": column.label, "count": column.late}
    for each in report.payments:
        money = {"currency": each.currency, "amount": _money(each.amount, each.currency)}
        orders = {"count": each.orders, "units": each.units}
        yield {"part": "not paid", "name": each.status.value, **money, **orders}
    for part, refunds in (("refund", report.back), ("refund without lines", report.back_whole)):
        for back in refunds:
            money = {"currency": back.currency, "amount": _money(back.amount, back.currency)}
            name = "paid too late" if back.is_too_late else "made at Stripe"
            name = f"{back.status.value}, {name}" if refunds is report.back_whole else back.status
            yield {"part": part, "name": name, **money, "count": back.refunds, "units": back.units}
    for dispute in report.figures.disputed:
        money = {"currency": dispute.currency, "amount": _money(dispute.amount, dispute.currency)}
        goods = _money(dispute.goods, dispute.currency)
        lost = {"lost": goods} if dispute.outcome is DisputeOutcome.LOST else {}
        what = {"part": "dispute", "name": dispute.outcome.value}
        yield {**what, **money, **lost, "count": dispute.disputes}
    for part, refused in (
        ("refused", report.figures.refused),
        ("refused, of no known sale", report.refused_nowhere),
    ):
        for verdict, count in refused.items():
            yield {"part": part, "name": verdict, "count": count}


def _sums(sums: Any, currency: str, prefix: str = "") -> Row:
    return {
        "count": getattr(sums, f"{prefix}orders"),
        "units": getattr(sums, f"{prefix}units"),
        "amount": _money(getattr(sums, f"{prefix}revenue"), currency),
        "discount": _money(getattr(sums, f"{prefix}discount"), currency),
    }


def _refunded(sums: Any, currency: str) -> Row:
    return {"refunded_units": sums.refunded_units, "refunded": _money(sums.refunded, currency)}


def _money(amount: int, currency: str) -> Decimal:
    return major_units(amount, currency)
