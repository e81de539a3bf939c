"""Evidence: the signed offer of each line of an order, verified again with today's keys.

Of the order itself only the instant it was placed at is used.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import StrEnum

from django.utils.timezone import get_default_timezone

from offers import conf, tokens
from offers.anchors import Extension, honored_until
from offers.terms import Offer
from shop.orders.models import Order, OrderLine
from shop.sales.kept_prices import KeptPrices


class Check(StrEnum):
    """The result of verifying a message."""

    GOOD = "good"
    RETIRED = "retired"
    BAD = "bad"
    #: The order was rebuilt from its payment, which does not carry the message.
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A line of an order, and the terms that its signed offer states."""

    line: OrderLine
    check: Check
    #: None where the message is unreadable; unverified unless the check is good.
    terms: Offer | None
    #: End of the hold, with the extensions made before the order was placed, and with what a
    #: signed message kept for the shopper.
    held_until: datetime | None
    zone: tzinfo
    #: The issuer, where it is not the shop itself.
    partner: str = ""

    @property
    def is_in_time(self) -> bool:
        """Whether the order was placed while the price was held."""
        return self.held_until is not None and self.line.order.placed_at < self.held_until

    @property
    def is_extended(self) -> bool:
        """Whether the hold was extended before the order was placed."""
        return self.terms is not None and self.held_until != self.terms.held_until

    @property
    def is_kept(self) -> bool:
        """Whether the promised amount was charged."""
        if self.terms is None:
            return False
        promised = (self.terms.amount, self.terms.currency)
        return promised == (self.line.amount, self.line.order.currency)

    @property
    def issued_at(self) -> datetime | None:
        """When the price was shown."""
        if self.terms is None:
            return None
        # In UTC: a stopped clock's datetimes do not know which of two equal hours they are.
        return datetime.fromtimestamp(self.terms.issued_at, UTC)


def evidence_of(order: Order) -> list[Evidence]:
    """The evidence for each line of an order, checked now."""
    lines = order.lines.select_related("order", "deal__sale")
    return [_evidence(line) for line in lines.prefetch_related("deal__sale__extensions")]


def _evidence(line: OrderLine) -> Evidence:
    check, terms = _read(line.offer)
    if not line.offer and line.order.is_rebuilt:
        check = Check.LOST
    sale = line.deal.sale if line.deal is not None else None
    extensions = [
        Extension(each.issued_before, each.seconds)
        for each in (sale.extensions.all() if sale else ())
        if each.made_at <= line.order.placed_at
    ]
    if terms is not None:
        kept = KeptPrices.read(line.kept)
        extensions += kept.extensions(terms, honored_until(terms, extensions))
    is_ours = terms is None or terms.issuer == conf.ring().active.issuer
    return Evidence(
        line=line,
        check=check,
        terms=terms,
        held_until=honored_until(terms, extensions) if terms else None,
        zone=sale.zone if sale else get_default_timezone(),
        partner="" if is_ours or terms is None else terms.issuer,
    )


def _read(message: str) -> tuple[Check, Offer | None]:
    try:
        return Check.GOOD, tokens.read_offer(message, conf.ring())
    except tokens.UnknownKey:
        return Check.RETIRED, _unverified_terms(message)
    except tokens.Unreadable:
        return Check.BAD, None


def _unverified_terms(message: str) -> Offer | None:
    """The terms in a message whose signature cannot be verified; None if they are malformed."""
    try:
        claims = json.loads(tokens.decode_segment(message.split(".")[1]))
        rules = tokens.OFFER.claims.items()
        if not all(is_well_formed(claims[name]) for name, is_well_formed in rules):
            return None
        return Offer.from_claims(claims)
    except (ValueError, LookupError, TypeError):
        return None
