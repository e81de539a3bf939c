"""The address of an order in the words of Stripe's ``shipping``."""

from dataclasses import dataclass
from typing import Self

import stripe

from shop.orders.models import Order


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippingAddress:
    """Who gets an order, and where; fields of its row."""

    name: str
    line1: str
    line2: str
    postal_code: str
    city: str
    state: str
    country: str

    @classmethod
    def of_order(cls, order: Order) -> Self:
        """As the order has it."""
        return cls(
            name=order.name,
            line1=order.line1,
            line2=order.line2,
            postal_code=order.postal_code,
            city=order.city,
            state=order.state,
            country=order.country,
        )

    @classmethod
    def of_intent(cls, intent: stripe.PaymentIntent) -> Self | None:
        """As its payment has it; None where it has none."""
        shipping = intent.shipping
        address = getattr(shipping, "address", None)
        if shipping is None or address is None:
            return None

        def field(name: str) -> str:
            return getattr(address, name, None) or ""

        return cls(
            name=getattr(shipping, "name", None) or "",
            line1=field("line1"),
            line2=field("line2"),
            postal_code=field("postal_code"),
            city=field("city"),
            state=field("state"),
            country=field("country"),
        )

    @property
    def for_stripe(self) -> "stripe.params.PaymentIntentCreateParamsShipping":
        """The parameter; an empty field unsets what was there before."""
        return {
            "name": self.name,
            "address": {
                "line1": self.line1,
                "line2": self.line2,
                "postal_code": self.postal_code,
                "city": self.city,
                "state": self.state,
                "country": self.country,
            },
        }
