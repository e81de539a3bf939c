"""Time anchors and data anchors: when an offer is honored, and what recalls it.

Rules, for instants in whole or fractional seconds since 1970:

* An offer is honored while ``now < honored_until``: ``exp`` plus every extension
  that applies to its ``iat``, without leeway (RFC 7519 section 4.1.4).
* An extension (``issued_before``, ``seconds``) applies to offers with ``iat``
  before that instant. Extensions add up, and revive an expired offer.
* ``iat`` may be up to 60 seconds ahead of the judge's clock, because servers'
  clocks differ; further ahead the offer is not yet valid.
* The data anchor is a digest over two random nonces, the sale's and the
  deal's. Replacing a nonce recalls the offers that carry the old digest: all of
  them, or those with ``iat`` from the recall's beginning on.
* A recall of a stretch (``issued_from``, ``issued_before``) that is long past
  replaces no nonce, and recalls offers with ``iat`` in ``[issued_from,
  issued_before)``, whatever digest they carry.
* Where the record of anchors was lost (``LostAnchors``: a backup was restored), an
  unknown digest recalls no offer that was issued in that stretch. Recalls made since
  reach those offers by their ``iat``.
* An offer beyond what the issuer can have promised when it was issued (``TermBounds``)
  is forged, whoever signed it: a key that leaked makes no price.
* Nothing else recalls: no change of price, window or state turns a nonce.
"""

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

from offers.terms import Offer
from offers.tokens import encode_segment
from offers.verdicts import Verdict

#: How far a minting server's clock may run ahead of the judge's.
ISSUE_LEEWAY_SECONDS = 60

#: The last day of the year 9999: an extended offer ends at a date in every time zone.
_LAST_INSTANT = 253_402_214_400

_ANCHOR_BYTES = 12
_ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Extension:
    """More seconds for every offer that was issued before an instant."""

    issued_before: datetime
    seconds: int


@dataclass(frozen=True, slots=True)
class Recall:
    """Offers issued in ``[issued_from, issued_before)`` are void; None: from the first on."""

    issued_from: datetime | None
    issued_before: datetime

    def reaches(self, offer: Offer) -> bool:
        """Whether the offer was issued in the stretch."""
        return offer.issued_at < self.issued_before.timestamp() and (
            self.issued_from is None or offer.issued_at >= self.issued_from.timestamp()
        )


@dataclass(frozen=True, slots=True)
class LostAnchors:
    """Offers issued in ``[issued_from, issued_before)`` may carry a digest nobody remembers.

    ``recalls``: the recalls that replaced a nonce, as the stretches of time that they void.
    """

    issued_from: datetime
    issued_before: datetime
    recalls: Collection[Recall] = ()

    def excuses(self, offer: Offer) -> bool:
        """Whether an unknown digest is no reason to refuse the offer."""
        stretch = Recall(self.issued_from, self.issued_before)
        return stretch.reaches(offer) and not any(each.reaches(offer) for each in self.recalls)


@dataclass(frozen=True, slots=True, kw_only=True)
class TermBounds:
    """The terms that an issuer can have promised at an offer's issue; None means no bound.

    ``least_amount`` is in minor units of ``currency``, ``longest_hold`` in seconds from
    ``iat`` to ``exp``, ``most_units`` bounds ``max``.
    """

    currency: str | None = None
    least_amount: int | None = None
    longest_hold: int | None = None
    most_units: int | None = None

    def claim_beyond(self, offer: Offer) -> str:
        """The first claim of an offer that lies beyond its bound; "" where none does."""
        if self.currency is not None and offer.currency != self.currency:
            return "currency"
        if self.least_amount is not None and offer.amount < self.least_amount:
            return "amount"
        hold = offer.expires_at - offer.issued_at
        if self.longest_hold is not None and hold > self.longest_hold:
            return "exp"
        if self.most_units is not None and offer.max > self.most_units:
            return "max"
        return ""


#: Of an issuer who keeps no record of what was promised.
UNBOUNDED = TermBounds()


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferState:
    """What the shop's rows say of an offer when it is judged.

    ``anchor``: the current digest of the deal, None where the deal is unknown.
    ``earlier_anchors``: replaced digests, each with the instant before which an
    offer that carries it must have been issued to be good (``earlier_anchors``).
    ``recalls``: stretches whose offers are void, whatever digest they carry.
    ``lost_anchors``: stretches in which an unknown digest voids no offer.
    ``bounds``: what can have been promised when the offer was issued.
    ``units_allowed``: how many more units of the deal this shopper may have.
    ``units_left``: how many units there are. None means no bound.
    """

    anchor: str | None
    earlier_anchors: Mapping[str, datetime] = field(default_factory=dict)
    recalls: Collection[Recall] = ()
    lost_anchors: Collection[LostAnchors] = ()
    extensions: Collection[Extension] = ()
    bounds: TermBounds = UNBOUNDED
    used: bool = False
    units_allowed: int | None = None
    units_left: int | None = None


def new_nonce() -> str:
    """A fresh nonce for a sale or a deal: 128 random bits."""
    return new_id()


def new_id() -> str:
    """A fresh random id of 128 bits, as base64url: a ``jti``, a shopper."""
    return new_ids(1)[0]


def new_ids(count: int) -> list[str]:
    """So many fresh ids, of one call for random bits."""
    octets = os.urandom(count * _ID_BYTES)
    return [
        encode_segment(octets[start : start + _ID_BYTES])
        for start in range(0, len(octets), _ID_BYTES)
    ]


def renewed_id(offer_id: str, amount: int) -> str:
    """The ``jti`` of an offer's renewal at an amount.

    It is derived, not random: two tabs that renew the same offer get the same
    id, so that it can be redeemed only once.
    """
    digest = sha256(f"renew\0{offer_id}\0{amount}".encode()).digest()
    return encode_segment(digest[:_ID_BYTES])


def anchor_digest(sale_nonce: str, deal_nonce: str) -> str:
    """The data anchor of a deal: the first 96 bits of SHA-256 over both nonces."""
    digest = sha256(f"{sale_nonce}\0{deal_nonce}".encode()).digest()
    return encode_segment(digest[:_ANCHOR_BYTES])


def earlier_anchors(replaced: Iterable[tuple[str, datetime | None]]) -> dict[str, datetime]:
    """The replaced anchors of a deal of which some offers are still good.

    An offer has to be older than every recall since. So the instant that goes with an
    anchor is the earliest beginning of the recall that replaced it and of all later ones.

    :param replaced: each replaced anchor with the beginning of the recall that replaced it (None:
        it voids all that carry the anchor), the latest first
    """
    good_before: dict[str, datetime] = {}
    earliest: datetime | None = None
    for anchor, issued_from in replaced:
        if issued_from is None:
            break
        earliest = issued_from if earliest is None else min(earliest, issued_from)
        good_before[anchor] = earliest
    return good_before


def honored_until(offer: Offer, extensions: Collection[Extension]) -> datetime:
    """The first instant at which the offer is no longer honored, extensions included."""
    issued_at = datetime.fromtimestamp(offer.issued_at, UTC)
    more = sum(each.seconds for each in extensions if issued_at < each.issued_before)
    return datetime.fromtimestamp(min(offer.expires_at + more, _LAST_INSTANT), UTC)


def judge(
    offer: Offer,
    *,
    now: datetime,
    shoppers: Collection[str] | None,
    state: OfferState,
    quantity: int,
) -> Verdict:
    """The verdict on an offer that was read; ``HONORED``, or the first reason to refuse it.

    :param shoppers: the ids of this browser; None accepts an offer for anyone
    :param quantity: the units wanted of this offer, at least one
    """
    if state.bounds.claim_beyond(offer):
        return Verdict.FORGED
    if shoppers is not None and offer.shopper not in shoppers:
        return Verdict.NOT_YOURS
    if state.used:
        return Verdict.USED
    if _is_recalled(offer, state):
        return Verdict.RECALLED
    if offer.issued_at > now.timestamp() + ISSUE_LEEWAY_SECONDS:
        return Verdict.NOT_YET_VALID
    if now >= honored_until(offer, state.extensions):
        return Verdict.EXPIRED
    if quantity > _least(offer.max, state.units_allowed):
        return Verdict.OVER_LIMIT
    if state.units_left is not None and quantity > state.units_left:
        return Verdict.SOLD_OUT
    return Verdict.HONORED


def _is_recalled(offer: Offer, state: OfferState) -> bool:
    if any(each.reaches(offer) for each in state.recalls):
        return True
    if offer.anchor == state.anchor:
        return False
    good_before = state.earlier_anchors.get(offer.anchor)
    if good_before is not None:
        return offer.issued_at >= good_before.timestamp()
    # Of a deal that nobody knows, nothing was ever promised.
    is_excused = any(each.excuses(offer) for each in state.lost_anchors)
    return state.anchor is None or not is_excused


def _least(most: int, bound: int | None) -> int:
    return most if bound is None else min(most, bound)
