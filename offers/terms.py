"""The frozen terms of an offer, and the claims that carry them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

#: The ``sale`` of an offer at list price, outside any sale.
LIST = "list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One price, promised to one shopper until one instant.

    Instants are whole seconds since 1970 in UTC (NumericDate, RFC 7519
    section 2), amounts are minor units of ``currency`` (ISO 4217). Two offers
    with equal terms are equal; nothing here says whether they are honored:
    that is for ``anchors.judge``.
    """

    issuer: str
    shopper: str
    id: str
    issued_at: int
    expires_at: int
    sale: str
    sku: str
    amount: int
    currency: str
    was: int
    max: int
    anchor: str

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
        return {
            "sub": self.shopper,
            "jti": self.id,
            "iat": self.issued_at,
            "exp": self.expires_at,
            "sale": self.sale,
            "sku": self.sku,
            "amount": self.amount,
            "currency": self.currency,
            "was": self.was,
            "max": self.max,
            "anchor": self.anchor,
        }

    @classmethod
    def from_claims(cls, claims: Mapping[str, Any]) -> Self:
        """The offer that checked claims describe (``tokens.read`` checks them)."""
        return cls(
            issuer=claims["iss"],
            shopper=claims["sub"],
            id=claims["jti"],
            issued_at=claims["iat"],
            expires_at=claims["exp"],
            sale=claims["sale"],
            sku=claims["sku"],
            amount=claims["amount"],
            currency=claims["currency"],
            was=claims["was"],
            max=claims["max"],
            anchor=claims["anchor"],
        )
