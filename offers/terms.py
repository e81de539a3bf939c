"""The frozen terms of an offer, and the claims that carry them.

Each term is declared once, with the name of its claim and the reader's check:
``Offer.claims``, ``Offer.from_claims`` and ``CHECKS`` derive from these.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, Self

#: The ``sale`` of an offer at list price, outside any sale.
LIST = "list"

#: Larger integers are not exact in languages whose numbers are doubles (RFC 8259 section 6).
_MOST_INTEGER = 2**53 - 1

#: Returns whether a claim's value has the required type and range.
type Check = Callable[[Any], bool]


def _text(pattern: str) -> Check:
    matches = re.compile(pattern).fullmatch
    return lambda value: isinstance(value, str) and matches(value) is not None


def _integer(least: int, most: int = _MOST_INTEGER) -> Check:
    # Not isinstance(): bool is a subclass of int, and true is no integer in JSON.
    return lambda value: type(value) is int and least <= value <= most


#: An id of at least 128 bits: 22 characters of base64url, or a UUID as text.
identifier = _text(r"[A-Za-z0-9_-]{22,64}")
#: Whole seconds since 1970, up to the year 9892: a hold added to it is still a date.
instant = _integer(0, 250_000_000_000)


def _claim(name: str, check: Check) -> dict[str, Any]:
    return {"claim": name, "check": check}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One price, promised to one shopper until one instant.

    Instants are whole seconds since 1970 in UTC (NumericDate, RFC 7519
    section 2), amounts are minor units of ``currency`` (ISO 4217). Two offers
    with equal terms are equal. ``anchors.judge`` says whether one is honored.
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
        """The instant that the page promised, without extensions."""
        return datetime.fromtimestamp(self.expires_at, UTC)

    @property
    def deal(self) -> tuple[str, str]:
        """The sale's slug and the product's sku."""
        return self.sale, self.sku

    def claims(self) -> dict[str, str | int]:
        """The claims in the order of the message; ``tokens.sign`` adds issuer and audience."""
        # Both have the same length, and checking it would take a third of the time.
        return dict(zip(_TERMS, _terms_of(self), strict=False))

    @classmethod
    def from_claims(cls, claims: Mapping[str, Any]) -> Self:
        """The offer that checked claims describe (``tokens.read`` checks them)."""
        terms = {term: claims[claim] for claim, term in _TERMS.items()}
        return cls(issuer=claims["iss"], **terms)


_CLAIMED = [each for each in fields(Offer) if each.metadata]
#: The attributes of an offer by the claims that carry them.
_TERMS: dict[str, str] = {each.metadata["claim"]: each.name for each in _CLAIMED}
_terms_of = attrgetter(*_TERMS.values())

#: The check of each claim of an offer.
CHECKS: Mapping[str, Check] = {each.metadata["claim"]: each.metadata["check"] for each in _CLAIMED}
