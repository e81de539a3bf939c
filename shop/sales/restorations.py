"""A restored shop: checkout closes until it has learned, and each sale is honored or recalled.

``learn_from_stripe`` of the operations room brings back what was paid. What was promised nobody
can tell but who ran the sale: which offers were recalled since the backup, and by how much they
were extended. So nothing is preset, and until it is said the lines of that sale wait.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from offers.terms import LIST
from shop.catalog.models import Product
from shop.sales import holds
from shop.sales.hold_end import last_hold_ends_at, with_hold_rows
from shop.sales.models import Extension, Outage, Recall, Restoration, RestoredSale, Sale
from shop.sales.outage_watch import SHORTEST, write
from shop.sales.term_history import next_whole_second

#: What shoppers read of a recall that was made before the shop was restored.
RECALLED_BEFORE = "This price had been taken back already."

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class RecalledStretch:
    """Offers issued in ``[since, before)`` were recalled; ``since`` None: from the first on."""

    since: datetime | None
    before: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SinceBackup:
    """What was done to the offers of a sale after the backup: the operator's answers."""

    recalled: tuple[RecalledStretch, ...] = ()
    extended_seconds: int = 0


class CannotDecide(Exception):
    """A decision about a sale that cannot be taken; the message says why."""


def is_checkout_closed() -> bool:
    """Whether a backup was restored, and ``manage.py restored`` has still to be run."""
    return Restoration.objects.filter(learned_at=None).exists()


def undecided_sales() -> list[str]:
    """The slugs (and ``list``) whose lines wait until they are honored or recalled."""
    rows = RestoredSale.objects.filter(decision=RestoredSale.Decision.UNDECIDED)
    return list(dict.fromkeys(row.slug for row in rows.select_related("sale")))


@transaction.atomic
def close_checkout(*, proof: str, now: datetime) -> Restoration:
    """Close checkout for all processes, because the database was restored.

    :param proof: the number of an order that Stripe knows and the database does not
    """
    found = Restoration.objects.filter(learned_at=None).first()
    return found or Restoration.objects.create(noticed_at=now, proof=proof)


@transaction.atomic
def begin(*, backup_at: datetime, now: datetime) -> Restoration:
    """The restoration of a backup, checkout closed unless it was run before; one row for each."""
    again = Restoration.objects.filter(backup_at=backup_at, learned_at__isnull=False).last()
    noticed = Restoration.objects.filter(learned_at=None).first()
    if again is not None and noticed is None:
        return again
    found = noticed or Restoration(noticed_at=now)
    found.backup_at = backup_at
    found.save()
    Restoration.objects.filter(learned_at=None).exclude(pk=found.pk).delete()
    return found


@transaction.atomic
def open_checkout(restoration: Restoration, *, seen_until: int, now: datetime) -> None:
    """Open checkout, now that Stripe's record was taken in; lines of undecided sales wait.

    :param seen_until: Stripe's time of the newest payment of its record, in seconds since 1970
    """
    if restoration.learned_at is None:
        restoration.learned_at = now
        if now - restoration.noticed_at >= SHORTEST:
            # The start page then offers to give that time back to prices that were held.
            write(Outage.Cause.SHOP, [(restoration.noticed_at, now)])
    restoration.seen_until = max(restoration.seen_until, seen_until)
    restoration.save()
    stretch = _stretch(restoration)
    for sale in concerned_sales(**stretch):
        RestoredSale.objects.get_or_create(restoration=restoration, sale=sale, defaults=stretch)


def _stretch(restoration: Restoration) -> dict[str, datetime]:
    """When the offers were issued that the database has forgotten."""
    assert restoration.backup_at is not None and restoration.learned_at is not None
    # An offer says in whole seconds when it was issued, rounded down.
    first = restoration.backup_at.replace(microsecond=0)
    end = max(next_whole_second(restoration.learned_at), first + _SECOND)
    return {"issued_from": first, "issued_before": end}


def concerned_sales(issued_from: datetime, issued_before: datetime) -> list[Sale | None]:
    """The sales of which offers issued then may be out; None for list prices.

    By the restored record: what it does not know cannot be honored. A draft may have been
    published since.
    """
    sales = Sale.objects.filter(starts_at__lt=issued_before).order_by("starts_at", "pk")
    found: list[Sale | None] = [
        sale for sale in with_hold_rows(sales) if issued_from < _last_end(sale)
    ]
    if Product.objects.filter(sold_at_list_price=True).exists():
        found.append(None)
    return found


def _last_end(sale: Sale) -> datetime:
    return last_hold_ends_at(sale) if sale.published_at else sale.ends_at + sale.hold


def row_of(restoration: Restoration, slug: str) -> RestoredSale:
    """The row of a sale, whether it was found concerned or is named by the operator.

    :raises CannotDecide: there is no such sale
    """
    sale = Sale.objects.filter(slug=slug).first()
    if sale is None and slug != LIST:
        raise CannotDecide(f"{slug}: there is no such sale. Load it again, then say it again.")
    row, _ = RestoredSale.objects.get_or_create(
        restoration=restoration, sale=sale, defaults=_stretch(restoration)
    )
    return row


@transaction.atomic
def honor(row: RestoredSale, since: SinceBackup, *, now: datetime) -> None:
    """Honor the offers of a sale that the database has forgotten, but for what was recalled.

    :raises CannotDecide: it was recalled before, or list prices are to be extended
    """
    row = RestoredSale.objects.select_for_update().get(pk=row.pk)
    if row.decision == RestoredSale.Decision.HONOR:
        return
    if row.decision == RestoredSale.Decision.RECALL:
        raise CannotDecide(f"{row.slug}: its offers were recalled, and that is not undone.")
    if row.sale is None:
        _honor_list(row, since)
    elif not _was_answered(row):
        _honor_sale(row.sale, row, since, now)
    row.decision, row.decided_at = RestoredSale.Decision.HONOR, now
    row.save()


def _was_answered(row: RestoredSale) -> bool:
    """Whether the same was said of this backup before, and the same stretch has only grown."""
    same = RestoredSale.objects.filter(sale=row.sale, issued_from=row.issued_from)
    return same.filter(decision=RestoredSale.Decision.HONOR).exists()


def _honor_list(row: RestoredSale, since: SinceBackup) -> None:
    if since.extended_seconds:
        raise CannotDecide("list: offers at list price cannot be extended, and never were.")
    if len(since.recalled) > 1:
        raise CannotDecide("list: name one stretch that was recalled, from the first to the last.")
    for each in since.recalled:
        row.recalled_from, row.recalled_before = _whole(each.since), each.before
        row.reason = RECALLED_BEFORE


def _honor_sale(sale: Sale, row: RestoredSale, since: SinceBackup, now: datetime) -> None:
    for each in since.recalled:
        # Not `holds.recall`: what the shop showed since then, by anchors unknown here, stays good.
        recall = Recall(
            sale=sale,
            issued_from=_whole(each.since),
            issued_before=each.before,
            reason=RECALLED_BEFORE,
            made_at=now,
        )
        recall.full_clean(validate_constraints=False)
        recall.save()
    if since.extended_seconds:
        extension = Extension(
            sale=sale,
            issued_before=row.issued_before,
            seconds=since.extended_seconds,
            reason="Extended before the shop was restored",
            made_at=now,
        )
        extension.full_clean()
        extension.save()


@transaction.atomic
def recall(row: RestoredSale, reason: str, *, now: datetime) -> None:
    """Recall every offer of a sale that is out.

    :param reason: shown to shoppers
    """
    row = RestoredSale.objects.select_for_update().get(pk=row.pk)
    if row.decision == RestoredSale.Decision.RECALL:
        return
    if row.sale is None:
        row.recalled_from, row.recalled_before = None, next_whole_second(now)
        row.reason = reason
    else:
        holds.recall(sale=row.sale, reason=reason, by=None, now=now)
    row.decision, row.decided_at = RestoredSale.Decision.RECALL, now
    row.save()


def _whole(instant: datetime | None) -> datetime | None:
    return instant and instant.replace(microsecond=0)


def still_undecided(rows: Iterable[RestoredSale]) -> list[RestoredSale]:
    """Those whose lines wait."""
    return [each for each in rows if each.decision == RestoredSale.Decision.UNDECIDED]
