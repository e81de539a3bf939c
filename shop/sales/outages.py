"""What outages took from promised holds, and the extensions that give it back.

* Rows of all processes are merged into ``Downtime``s.
* A sale is affected by one in which some offer of it was held.
* Its merchant answers once: with an extension for offers issued before the end of the downtime, as
  long as that was, in whole minutes; or by saying that none is needed. Both are in the audit log.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from django.db import transaction

from offers.anchors import Extension
from shop.core.durations import several
from shop.sales.audit import record
from shop.sales.hold_end import SaleHolds, holds_of, with_hold_rows
from shop.sales.holds import extend
from shop.sales.models import LONGEST_HOLD_SECONDS, Change, Outage, Sale
from shop.sales.outage_watch import SHORTEST
from shop.staff.models import Staff

#: The field of the audit log's entries about downtimes; their value is an interval of ISO 8601.
ANSWERED = "outage"
#: For how long a merchant is asked about one.
ASKED_FOR = timedelta(days=2)
#: Sales that closed longer before it hold nothing: with a hold and extensions of 30 days each.
_LONGEST_HELD = timedelta(seconds=3 * LONGEST_HOLD_SECONDS)
_MINUTE = 60


@dataclass(frozen=True, slots=True, order=True)
class Downtime:
    """A stretch of time, ``[began_at, ended_at)``, in which checkout was away."""

    began_at: datetime
    ended_at: datetime

    @property
    def span(self) -> timedelta:
        """How long it was."""
        return self.ended_at - self.began_at

    @property
    def extension(self) -> Extension:
        """What gives the time back: its seconds are whole minutes, no fewer than it took."""
        minutes = -(-self.span // timedelta(seconds=_MINUTE))
        return Extension(self.ended_at, min(minutes * _MINUTE, LONGEST_HOLD_SECONDS))

    def __str__(self) -> str:
        return f"{self.began_at.isoformat()}/{self.ended_at.isoformat()}"

    @classmethod
    def parse(cls, text: str) -> "Downtime":
        """The downtime of an entry in the audit log."""
        began_at, ended_at = text.split("/")
        return cls(datetime.fromisoformat(began_at), datetime.fromisoformat(ended_at))


@dataclass(frozen=True, slots=True)
class AffectedSale:
    """A sale, and the downtimes that its merchant has not answered.

    ``held_until``: when its last hold ends once they are given back.
    """

    sale: Sale
    downtimes: tuple[Downtime, ...]
    held_until: datetime

    @property
    def span(self) -> timedelta:
        """How long they were in all."""
        return sum((each.span for each in self.downtimes), timedelta())

    @property
    def seconds(self) -> int:
        """How much longer offers from before the first of them are held by the answer."""
        return sum(each.extension.seconds for each in self.downtimes)


class AlreadyAnswered(Exception):
    """Somebody has answered meanwhile, or there was another outage: look again."""


def affected_sales(now: datetime) -> list[AffectedSale]:
    """The sales whose merchants have to answer, by their opening; one query if there is none."""
    downtimes = _downtimes(now)
    if not downtimes:
        return []
    sales = Sale.objects.filter(
        published_at__lt=downtimes[-1].ended_at,
        starts_at__lt=downtimes[-1].ended_at,
        ends_at__gt=downtimes[0].began_at - _LONGEST_HELD,
    ).order_by("starts_at", "pk")
    found = (_affected(sale, downtimes) for sale in with_hold_rows(sales))
    return [each for each in found if each is not None]


@transaction.atomic
def answer(
    sale: Sale, *, seconds: int, is_extended: bool, by: Staff, now: datetime
) -> AffectedSale:
    """Answer all downtimes of a sale: extend its offers, or record that this is not needed.

    :param seconds: the extension that was shown
    :raises AlreadyAnswered: it is another one by now
    """
    # The lock makes two answers wait for each other: the second finds nothing left.
    locked = Sale.objects.select_for_update(no_key=True).get(pk=sale.pk)
    affected = _affected(locked, _downtimes(now))
    if affected is None or affected.seconds != seconds:
        raise AlreadyAnswered
    for each in affected.downtimes:
        held = several(each.extension.seconds // _MINUTE, "minute")
        reason = f"Held {held} longer." if is_extended else "No longer hold was needed."
        record(
            sale=locked,
            field=ANSWERED,
            before=None,
            after=str(each),
            reason=reason,
            now=now,
            by=by,
        )
        if is_extended:
            extend(
                sale=locked,
                seconds=each.extension.seconds,
                issued_before=each.ended_at,
                reason="Checkout was away.",
                by=by,
                now=now,
            )
    return affected


def merged(stretches: Iterable[Downtime]) -> list[Downtime]:
    """Downtimes that do not overlap, in their order."""
    whole: list[Downtime] = []
    for each in sorted(stretches):
        if whole and each.began_at <= whole[-1].ended_at:
            end = max(whole[-1].ended_at, each.ended_at)
            whole[-1] = replace(whole[-1], ended_at=end)
        else:
            whole.append(each)
    return whole


def left_of(downtimes: Iterable[Downtime], answered: Iterable[Downtime]) -> Iterator[Downtime]:
    """The parts of downtimes that nothing answers yet, but for the shortest.

    A process may write its own only after the merchant has answered those of the others.
    """
    known = merged(answered)
    for each in downtimes:
        ends = [each.began_at]
        for one in known:
            if one.ended_at > each.began_at and one.began_at < each.ended_at:
                ends += [max(one.began_at, each.began_at), min(one.ended_at, each.ended_at)]
        ends.append(each.ended_at)
        for began_at, ended_at in list(pairwise(ends))[::2]:
            if ended_at - began_at >= SHORTEST:
                yield Downtime(began_at, ended_at)


def _downtimes(now: datetime) -> list[Downtime]:
    rows = Outage.objects.filter(ended_at__gt=now - ASKED_FOR, began_at__lt=now)
    return merged(Downtime(*each) for each in rows.values_list("began_at", "ended_at"))


def _affected(sale: Sale, downtimes: Sequence[Downtime]) -> AffectedSale | None:
    answers = Change.objects.filter(sale=sale, field=ANSWERED).values_list("after", flat=True)
    answered = [Downtime.parse(str(each)) for each in answers]
    holds = holds_of(sale)
    left = tuple(each for each in left_of(downtimes, answered) if _was_held(holds, each))
    if not left:
        return None
    extensions = [*holds.extensions, *(each.extension for each in left)]
    return AffectedSale(sale, left, replace(holds, extensions=extensions).last_end)


def _was_held(holds: SaleHolds, downtime: Downtime) -> bool:
    """Whether an offer was held at some moment of a downtime, by what was done before its end."""
    made: Any = holds.extensions
    before = [each for each in made if each.made_at < downtime.ended_at]
    end = replace(holds, extensions=before).end_of_issued_before(downtime.ended_at)
    return end is not None and end > downtime.began_at
