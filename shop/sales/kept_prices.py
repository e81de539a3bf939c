"""Kept prices: honored past their hold, for a shopper who was told to come back later.

There is no row for it: the promise is a signed message in a cookie of the shopper. It names offers
by their ids, each with the instant until which it is kept, and lengthens nothing else: recalls,
limits, stock and whose offer it is are judged as ever.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.conf import settings

from offers import conf, tokens
from offers.anchors import Extension, renewed_id
from offers.terms import Offer, identifier, instant

#: How long a price is kept from the instant at which its shopper may try again.
TIME_TO_RETURN = timedelta(minutes=5)
#: More than a bag holds; with the bag, it has to fit in one header of 8 KB.
_MOST_OFFERS = 40
_MINUTE = timedelta(minutes=1)


def _are_instants(value: object) -> bool:
    return (
        isinstance(value, dict)
        and 1 <= len(value) <= _MOST_OFFERS
        and all(identifier(offer) and instant(until) for offer, until in value.items())
    )


KEPT = tokens.Kind(
    typ="kept-prices+jwt",
    audience="checkout",
    claims={"until": _are_instants},
    most_characters=2000,
)


@dataclass(frozen=True, slots=True)
class KeptPrices:
    """Until when offers are kept, by their ids, and the signed message that says so."""

    until: Mapping[str, datetime] = field(default_factory=dict)
    message: str = ""

    @classmethod
    def read(cls, message: str) -> "KeptPrices":
        """What a message promises: nothing, where it is not one of ours."""
        if not message:
            return cls()
        try:
            until = tokens.read(message, KEPT, conf.site_ring())["until"]
        except tokens.Unreadable:
            return cls()
        return cls({each: datetime.fromtimestamp(at, UTC) for each, at in until.items()}, message)

    def keep(self, offers: Collection[str], until: datetime, now: datetime) -> "KeptPrices":
        """The same, with these offers kept until an instant, and without what is over.

        :param until: a whole second; none is kept shorter than before
        """
        kept = {each: at for each, at in self.until.items() if at > now}
        kept |= {each: max(until, kept.get(each, until)) for each in offers}
        latest = sorted(kept.items(), key=lambda pair: pair[1])[-_MOST_OFFERS:]
        while len(message := _signed(latest)) > KEPT.most_characters:
            latest = latest[1:]
        return KeptPrices(dict(latest), message)

    def extensions(self, offer: Offer, hold_end: datetime) -> list[Extension]:
        """What lengthens an offer, beyond the end of its hold: at most one extension.

        A cheaper offer that took its place, with an id derived from it, is kept as long.
        """
        until = self.until.get(offer.id)
        if until is None:
            derived = (at for each, at in self.until.items() if _is_renewal(offer, each))
            until = next(derived, None)
        if until is None or until <= hold_end:
            return []
        return [Extension(issued_before=until, seconds=(until - hold_end) // timedelta(seconds=1))]


def may_be_kept(hold_end: datetime, until: datetime) -> bool:
    """Whether an offer may be kept so long past its hold.

    For one wait, as long as a claim at most: so what a key signed has an end that is known
    beforehand, and nobody can be sent away again and again.
    """
    return until <= hold_end + longest_wait()


def longest_wait() -> timedelta:
    """How long past its hold an offer may be honored, because its shopper was told to wait."""
    if not settings.UNPAID_PER_NETWORK:
        return timedelta()
    return timedelta(seconds=settings.CLAIM_SECONDS) + _MINUTE + TIME_TO_RETURN


def _signed(kept: list[tuple[str, datetime]]) -> str:
    seconds = {each: int(at.timestamp()) for each, at in kept}
    return tokens.sign(KEPT, {"until": seconds}, conf.site_ring().active)


def _is_renewal(offer: Offer, earlier: str) -> bool:
    return offer.id == renewed_id(earlier, offer.amount)
