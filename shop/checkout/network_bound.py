"""The bound on what one network keeps unpaid, as a shopper meets it.

Whoever is refused keeps the prices of the whole bag until the time that they are told to try again,
and some minutes more. Where a price would have to be kept for longer than one such wait, the bound
does not apply: a promise goes before it.
"""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.conf import settings
from django.http import HttpRequest

from shop.bag.judging import JudgedBag
from shop.core.client_address import client_address, is_forwarded_by_stranger, trusted_proxies
from shop.core.durations import several
from shop.core.proxies import parse_address
from shop.core.wall_time import next_minute
from shop.orders.hoarding import below_bound_at, network_key, unpaid_claims
from shop.sales.kept_prices import TIME_TO_RETURN, may_be_kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """What a network keeps of a product, and when it may have more.

    ``try_again_at`` is a whole minute; all prices of the bag are honored until ``held_until`` at
    least. ``zone``: in which both are told.
    """

    product: str
    units: int
    try_again_at: datetime
    held_until: datetime
    zone: tzinfo

    @property
    def text(self) -> str:
        """What happened, for the shopper."""
        unpaid = f"{several(self.units, 'unit')} of {self.product}"
        return (
            "Nothing was ordered and nothing was charged. Orders from your internet connection "
            f"keep {unpaid} that are not paid."
        )


def network_of_shopper(request: HttpRequest) -> str:
    """The key of the network that a request came from; empty where it is not known.

    Behind a proxy of the operator's own that is not trusted, or says of nobody whom it serves, all
    shoppers have its address: they are not to be refused for each other.
    """
    address = client_address(request)
    parsed = parse_address(address)
    is_near = parsed is None or parsed.is_loopback or parsed.is_private
    is_proxy = is_near and is_forwarded_by_stranger(request)
    return "" if is_proxy or trusted_proxies().include(address) else network_key(address)


def wait_for_network(judged: JudgedBag, network: str, now: datetime) -> Wait | None:
    """How long a shopper has to wait for others of the same network; None if not at all.

    :param network: its key (``hoarding.network_key``); an unknown one has no bound
    """
    most = settings.UNPAID_PER_NETWORK
    if not most or not network:
        return None
    waits: list[Wait] = []
    claims = unpaid_claims(network, {each.line.sku for each in judged.honored}, now)
    for line in judged.honored if claims else ():
        theirs = [claim for claim in claims if claim.sku == line.line.sku]
        below_at = below_bound_at(theirs, most)
        if below_at is not None and line.product is not None:
            try_again_at = next_minute(below_at)
            wait = Wait(
                product=line.product.name,
                units=sum(claim.units for claim in theirs),
                try_again_at=try_again_at,
                held_until=try_again_at + TIME_TO_RETURN,
                zone=line.zone,
            )
            waits.append(wait)
    if not waits:
        return None
    longest = max(waits, key=lambda wait: wait.try_again_at)
    ends = (each.hold_end for each in judged.honored)
    is_kept = all(end is not None and may_be_kept(end, longest.held_until) for end in ends)
    return longest if is_kept else None
