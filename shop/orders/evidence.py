"""Evidence: what an order's lines were promised, and what can be said of it today.

Each line keeps the signed message it was bought at. It is read again as any
message is, by the keys of today: nothing is taken from the order but when it
was placed.
"""

import json
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum

from django.utils.timezone import get_default_timezone

from offers import conf, tokens
from offers.anchors import Extension, honored_until
from offers.terms import Offer
from shop.orders.models import Order, OrderLine


class Check(StrEnum):
    """What the key ring says of a message."""

    GOOD = "good"
    RETIRED = "retired"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A line, the message it was bought at, and the terms that the message states."""

    line: OrderLine
    check: Check
    #: None where the message cannot even be read. Believed only where the check is good.
    terms: Offer | None
    #: Until when it was held by the time of the order, extensions of before that included.
    held_until: datetime | None
    zone: tzinfo
    #: Who signed it, where it was not the shop itself.
    partner: str = ""

    @property
    def is_in_time(self) -> bool:
        """Whether the order was placed while the price was held."""
        return self.held_until is not None and self.line.order.placed_at < self.held_until

    @property
    def is_extended(self) -> bool:
        """Whether the shop had held it for longer than the page said."""
        return self.terms is not None and self.held_until != self.terms.held_until

    @property
    def is_kept(self) -> bool:
        """Whether what was charged is what was promised."""
        if self.terms is None:
            return False
        promised = (self.terms.amount, self.terms.currency)
        return promised == (self.line.amount, self.line.order.currency)

    @property
    def issued_at(self) -> datetime | None:
        """When the price was shown."""
        if self.terms is None:
            return None
        return datetime.fromtimestamp(self.terms.issued_at, self.zone)


def evidence_of(order: Order) -> list[Evidence]:
    """The evidence for each line of an order, checked now."""
    lines = order.lines.select_related("order", "deal__sale")
    return [_evidence(line) for line in lines.prefetch_related("deal__sale__extensions")]


def _evidence(line: OrderLine) -> Evidence:
    check, terms = _read(line.offer)
    sale = line.deal.sale if line.deal is not None else None
    until = None
    if terms is not None:
        until = honored_until(
            terms,
            [
                Extension(each.issued_before, each.seconds)
                for each in (sale.extensions.all() if sale else ())
                if each.made_at <= line.order.placed_at
            ],
        )
    is_ours = terms is None or terms.issuer == conf.ring().active.issuer
    return Evidence(
        line=line,
        check=check,
        terms=terms,
        held_until=until,
        zone=sale.zone if sale else get_default_timezone(),
        partner="" if is_ours or terms is None else terms.issuer,
    )


def _read(message: str) -> tuple[Check, Offer | None]:
    try:
        return Check.GOOD, tokens.read_offer(message, conf.ring())
    except tokens.UnknownKey:
        return Check.RETIRED, _as_it_says(message)
    except tokens.Unreadable:
        return Check.BAD, None


def _as_it_says(message: str) -> Offer | None:
    """The terms of a message whose key is gone: what it says, and no more than that."""
    try:
        claims = json.loads(tokens.decode_segment(message.split(".")[1]))
        if any(not is_well_formed(claims[name]) for name, is_well_formed in _CLAIMS.items()):
            return None
        return Offer.from_claims(claims)
    except (ValueError, LookupError, TypeError):
        return None


_CLAIMS = tokens.OFFER.claims
