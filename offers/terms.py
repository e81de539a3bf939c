"""The frozen terms of an offer, and the claims that carry them.

Each term is declared once, with the name of its claim and the check that a
reader makes of it: ``Offer.claims``, ``Offer.from_claims`` and ``CHECKS``
follow from the declarations.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, Self

#: The ``sale`` of an offer at list price, outside any sale.
LIST = "list"

#: Integers travel through languages whose numbers are doubles (RFC 8259 section 6).
_MOST_INTEGER = 2**53 - 1

#: Whether a claim's value is of the type and in the range that it has to be.
type Check = Callable[[Any], bool]


def _text(pattern: str) -> Check:
    matches = re.compile(pattern).fullmatch
    return lambda value: isinstance(value, str) and matches(value) is not None


def _integer(least: int, most: int = _MOST_INTEGER) -> Check:
    # type() and not isinstance(): True is an int to Python, not to a claim.
    return lambda value: type(value) is int and least <= value <= most


#: An id of at least 128 bits: 22 characters of base64url, or a UUID as text.
identifier = _text(r"[A-Za-z0-9_-]{22,64}")
#: Whole seconds since 1970, up to the year 9892: whatever is added to it is still a date.
instant = _integer(0, 250_000_000_000)


def _claim(name: str, check: Check) -> dict[str, Any]:
    return {"claim": name, "check": check}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One price, promised to one shopper until one instant.

    Instants are whole seconds since 1970 in UTC (NumericDate, RFC 7519
    section 2), amounts are minor units of ``currency`` (ISO 4217). Two offers
    with equal terms are equal; nothing here says whether they are honored:
    that is for ``anchors.judge``.
    """

    issuer: str
    shopper: str = field(metadata=_claim("sub", identifier))
    id: str = field(metadata=_claim("jti", identifier))
    issued_at: int = field(metadata=_claim("iat", instant))
    expires_at: int = field(metadata=_claim("exp", instant))
    sale: str = field(metadata=_claim("sale", _text(r"[a-z0-9]+(?:-[a-z0-9]+)*")))
    sku: str = field(metadata=_claim("sku", _text(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")))
    amount: int = field(metadata=_claim("amount", _integer(1)))
    currency: str = field(metadata=_claim("currency", _text(r"[A-Z]{3}")))
    was: int = field(metadata=_claim("was", _integer(1)))
    max: int = field(metadata=_claim("max", _integer(1, 1_000_000)))
    anchor: str = field(metadata=_claim("anchor", _text(r"[A-Za-z0-9_-]{16}")))

    @property
    def held_until(self) -> datetime:
        """The instant the page promised, before any extension."""
        return datetime.fromtimestamp(self.expires_at, UTC)

    @property
    def deal(self) -> tuple[str, str]:
        """What is offered: the sale's slug and the product's sku."""
        return self.sale, self.sku

    def claims(self) -> dict[str, str | int]:
        """The claims of the message, in the order in which they are written.

        Issuer and audience are not here: whoever signs adds them (``tokens.sign``).
        """
        return dict(zip(_TERMS, _terms_of(self), strict=True))

    @classmethod
    def from_claims(cls, claims: Mapping[str, Any]) -> Self:
        """The offer that checked claims describe (``tokens.read`` checks them)."""
        terms = {term: claims[claim] for claim, term in _TERMS.items()}
        return cls(issuer=claims["iss"], **terms)


_CLAIMED = [each for each in fields(Offer) if each.metadata]
#: The attributes of an offer by the claims that carry them.
_TERMS: dict[str, str] = {each.metadata["claim"]: each.name for each in _CLAIMED}
_terms_of = attrgetter(*_TERMS.values())

#: What has to be true of each claim of an offer.
CHECKS: Mapping[str, Check] = {each.metadata["claim"]: each.metadata["check"] for each in _CLAIMED}
