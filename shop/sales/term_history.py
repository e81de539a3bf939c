"""The terms under which a sale made its offers: from now back to when it was first published.

Offers are stored nowhere. When they were made, and how long each is held, follows from the
sale's present terms and from the audit log, which has the past ones.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from shop.sales.models import Change, Sale

#: The fields that decide when offers are made, and how long each is held.
HOLD_FIELDS = ("starts_at", "ends_at", "hold_seconds", "state", "withdrawn", "deal")

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class TermChange:
    """An entry of the audit log; ``deal`` is a key, ``before`` a value as JSON."""

    field: str
    deal: int | None
    before: Any
    made_at: datetime

    @classmethod
    def of(cls, change: Change) -> "TermChange":
        """The entry that a row is."""
        return cls(change.field, change.deal_id, change.before, change.made_at)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time, ``[first, last)``, in which offers were made that are held for ``hold``.

    ``replaced_at``: when other terms replaced those of the stretch, None for the present
    ones. ``is_under_way``: offers are still made at the very instant ``last``.
    """

    first: datetime
    last: datetime
    hold: timedelta
    replaced_at: datetime | None = None
    is_under_way: bool = False

    def within(self, since: datetime | None, before: datetime | None) -> "Stretch | None":
        """The part of it that is in ``[since, before)``; None if that is empty."""
        first = max(self.first, since or self.first)
        last = min(self.last, before or self.last)
        is_under_way = self.is_under_way and last == self.last
        if last < first or (last == first and not is_under_way):
            return None
        return replace(self, first=first, last=last, is_under_way=is_under_way)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """A sale's terms from ``since`` to ``ended_at``: None for the present ones.

    ``since`` None: it was never published, and these are its plans. ``amounts`` is by deal key.
    """

    starts_at: datetime
    ends_at: datetime
    hold: timedelta
    is_published: bool
    withdrawn: frozenset[int]
    amounts: Mapping[int, int] = field(default_factory=dict)
    since: datetime | None = None
    ended_at: datetime | None = None

    def stretch(
        self,
        deal: int | None = None,
        *,
        until: datetime | None = None,
        stale: timedelta = timedelta(0),
    ) -> Stretch | None:
        """When offers of a deal (of any, for None) were made under these terms; None if never.

        :param until: no later than this, which is now
        :param stale: how long pages may go on to show them once others replaced them
        """
        if not self.is_published or deal in self.withdrawn:
            return None
        first = max(self.starts_at, self.since or self.starts_at)
        last = self.ends_at
        if self.ended_at is not None:
            if self.since is not None and self.ended_at + stale <= self.since:
                return None
            # An offer says when it was issued in whole seconds: a page of the next second may
            # have been made by what a process read just before.
            last = min(last, next_whole_second(self.ended_at + stale))
        is_under_way = until is not None and until <= last and until < self.ends_at
        last = min(last, until or last)
        if last < first or (last == first and not is_under_way):
            return None
        return Stretch(first, last, self.hold, self.ended_at, is_under_way)


def terms_history(present: Terms, changes: Iterable[TermChange]) -> Iterator[Terms]:
    """A sale's terms, the present ones first.

    :param changes: the latest first; those made before ``present.since``, when the sale was first
        published, are ignored
    """
    terms, published_at = present, present.since
    for change in changes:
        if published_at is None or change.made_at < published_at:
            break
        before = _before(change, terms)
        if before != terms:
            yield replace(terms, since=change.made_at)
            terms = replace(before, ended_at=change.made_at)
    yield terms


def next_whole_second(instant: datetime) -> datetime:
    """The first whole second that is not before an instant."""
    floor = instant.replace(microsecond=0)
    return floor if floor == instant else floor + _SECOND


def last_issue(before: datetime) -> datetime:
    """When the last offer from before an instant was issued, as it says it: in whole seconds."""
    return next_whole_second(before) - _SECOND


def _before(change: TermChange, terms: Terms) -> Terms:
    value, deal = change.before, change.deal
    match change.field:
        case "starts_at":
            return replace(terms, starts_at=datetime.fromisoformat(value))
        case "ends_at":
            return replace(terms, ends_at=datetime.fromisoformat(value))
        case "hold_seconds":
            return replace(terms, hold=timedelta(seconds=value))
        case "state":
            return replace(terms, is_published=value == Sale.State.PUBLISHED)
        case "price" if deal is not None:
            return replace(terms, amounts={**terms.amounts, deal: value})
        case "withdrawn" if deal is not None:
            others = terms.withdrawn - {deal}
            return replace(terms, withdrawn=others | {deal} if value else others)
        case "deal" if deal is not None:
            # Before it was added, it was not on show.
            return replace(terms, withdrawn=terms.withdrawn | {deal})
    return terms
