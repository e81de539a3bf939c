"""What each kind of address may take: its priority, and the size of a request's body."""

from dataclasses import dataclass
from enum import IntEnum

KB = 1024
MB = 1024 * KB


class Priority(IntEnum):
    """Who is answered first when more ask than can be answered: the lower number.

    A promise that is out is honored before another is made.
    """

    HEALTH = 0
    #: Placing and paying orders, order pages, Stripe's events.
    HONORING = 1
    #: The bag, the back office, files, public keys.
    KEEPING = 2
    #: Pages that make offers, and all addresses that are not known.
    PROMISING = 3


@dataclass(frozen=True, slots=True)
class AddressKind:
    """What requests to an address have in common.

    ``most_bytes``: the largest body. ``is_purchase``: whoever asks for it is buying, so that time
    in which it is not answered is an outage.
    """

    priority: Priority
    most_bytes: int = 256 * KB
    is_purchase: bool = False


_PAGE = AddressKind(Priority.PROMISING)
#: By the first part of the path.
_KINDS = {
    "healthz": AddressKind(Priority.HEALTH),
    "readyz": AddressKind(Priority.HEALTH),
    "checkout": AddressKind(Priority.HONORING, is_purchase=True),
    "orders": AddressKind(Priority.HONORING, is_purchase=True),
    "stripe": AddressKind(Priority.HONORING, most_bytes=MB),
    "bag": AddressKind(Priority.KEEPING, is_purchase=True),
    # A form may bring several pictures of 20 MB.
    "merchant": AddressKind(Priority.KEEPING, most_bytes=64 * MB),
    "static": AddressKind(Priority.KEEPING),
    "media": AddressKind(Priority.KEEPING),
    ".well-known": AddressKind(Priority.KEEPING),
    "qa": AddressKind(Priority.KEEPING),
}


def kind_of(path: str) -> AddressKind:
    """What an address may take; ``path`` is decoded, as in ASGI."""
    first, _, _ = path.lstrip("/").partition("/")
    return _KINDS.get(first, _PAGE)
