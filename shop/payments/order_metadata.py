"""What a PaymentIntent says of its order: enough for Stripe's record to rebuild a lost one.

The payment's amount and currency, its address (``shipping``) and its card are Stripe's own fields.
The metadata says the rest, as text that staff can read at Stripe: lines and charges as JSON. An
order with more lines than fit goes without its names, and compressed if even that is too long;
nothing else is ever left out.
"""

import binascii
import json
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from itertools import groupby
from typing import Any

import stripe
from django.db import connection

from offers.terms import LIST
from shop.core.compiled_sql import CompiledQuery, Parameter
from shop.orders.charge import ChargeKind, ChargeLine
from shop.orders.models import Order, OrderLine
from shop.payments.stripe_metadata import MOST_KEYS, join, metadata_in, split
from shop.payments.stripe_record import our_issuer

type Json = dict[str, Any]

#: It bounds what compressed metadata is unpacked to.
_MOST_UNPACKED_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFacts:
    """A line of an order. ``sale`` is a slug or ``list``, ``sku`` the variant's.

    Amounts are in minor units, for one unit. ``name`` is empty in very large orders.
    """

    jti: str
    sale: str
    sku: str
    quantity: int
    amount: int
    was: int
    seconds_late: int | None = None
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFacts:
    """What the metadata of a payment says of its order."""

    number: str
    round: int
    issuer: str
    email: str
    shopper: str
    placed_at: datetime
    charges: tuple[ChargeLine, ...]
    lines: tuple[LineFacts, ...]

    @property
    def subtotal(self) -> int:
        """The sum of the lines, in minor units."""
        return sum(line.amount * line.quantity for line in self.lines)

    @property
    def added(self) -> int:
        """The sum of the charges that are added to the lines, in minor units."""
        return sum(each.amount for each in self.charges if not each.is_included)


def facts_of(intent: stripe.PaymentIntent) -> OrderFacts | None:
    """What a payment says of its order; None where that was changed or is not ours."""
    return read_metadata(metadata_in(intent))


def metadata_of(order: Order) -> dict[str, str]:
    """The metadata of an order's payment; two queries."""
    return write_metadata(
        OrderFacts(
            number=order.number,
            round=order.payment_round,
            issuer=our_issuer(),
            email=order.email,
            shopper=order.shopper,
            placed_at=order.placed_at,
            charges=order.charge.lines,
            lines=_lines_of(order),
        )
    )


def write_metadata(facts: OrderFacts) -> dict[str, str]:
    """What an order's payment has to say, within Stripe's limits."""
    about = {
        "order": facts.number,
        "round": str(facts.round),
        "issuer": facts.issuer,
        "email": facts.email,
        "shopper": facts.shopper,
        "placed_at": facts.placed_at.isoformat(),
    }
    room = MOST_KEYS - len(about)
    offers = _offers(facts)
    document: Json = {"offers": offers, "charges": [*map(_charge, facts.charges)]}
    details = split("details", _to_json(document))
    if len(details) > room:
        for offer in offers:
            del offer["names"]
        details = split("details", _to_json(document))
    if len(details) > room:
        details = split("packed", _pack(_to_json(document)))
    return about | details


def read_metadata(metadata: Mapping[str, str]) -> OrderFacts | None:
    """What ``write_metadata`` wrote; None for anything else."""
    try:
        text = join("details", metadata) or _unpack(join("packed", metadata))
        document = json.loads(text)
        placed_at = datetime.fromisoformat(metadata["placed_at"])
        if placed_at.tzinfo is None:
            return None
        return OrderFacts(
            number=_text(metadata["order"]),
            round=_whole(int(metadata["round"])),
            issuer=_text(metadata["issuer"]),
            email=_text(metadata["email"]),
            shopper=_text(metadata["shopper"]),
            placed_at=placed_at,
            charges=tuple(map(_read_charge, document["charges"])),
            lines=tuple(
                LineFacts(
                    jti=_text(offer["jti"]),
                    sale=_text(offer["sale"]),
                    sku=_text(sku),
                    quantity=_whole(units),
                    amount=_whole(offer["amount"]),
                    was=_whole(offer["was"]),
                    seconds_late=None if offer["late"] is None else _whole(offer["late"], least=0),
                    name=offer.get("names", {}).get(sku, ""),
                )
                for offer in document["offers"]
                for sku, units in offer["units"].items()
            ),
        )
    except (ValueError, LookupError, TypeError, AttributeError, InvalidOperation, zlib.error):
        return None


def _offers(facts: OrderFacts) -> list[Json]:
    """The lines, those of one offer together."""
    offers: list[Json] = []
    for jti, of_offer in groupby(facts.lines, key=lambda line: line.jti):
        same = list(of_offer)
        first = same[0]
        offers.append(
            {
                "jti": jti,
                "sale": first.sale,
                "amount": first.amount,
                "was": first.was,
                "late": first.seconds_late,
                "units": {line.sku: line.quantity for line in same},
                "names": {line.sku: line.name for line in same},
            }
        )
    return offers


def _charge(line: ChargeLine) -> Json:
    return {
        "kind": str(line.kind),
        "label": line.label,
        "amount": line.amount,
        "included": line.is_included,
        "percent": None if line.percent is None else str(line.percent),
    }


def _read_charge(charge: Json) -> ChargeLine:
    """:raises ValueError: it is no charge line"""
    return ChargeLine(
        ChargeKind(charge["kind"]),
        _text(charge["label"]),
        charge["amount"],
        bool(charge["included"]),
        None if charge["percent"] is None else Decimal(charge["percent"]),
    )


def _to_json(document: Json) -> str:
    # In ASCII, where everybody counts characters alike.
    return json.dumps(document, separators=(",", ":"))


def _pack(text: str) -> str:
    return urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode()


def _unpack(packed: str) -> str:
    """:raises ValueError: it was not packed by ``_pack``"""
    try:
        octets = urlsafe_b64decode(packed)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
    inflate = zlib.decompressobj()
    text = inflate.decompress(octets, _MOST_UNPACKED_BYTES)
    if not inflate.eof:
        raise ValueError("cut off, or more than an order")
    return text.decode()


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{value!r} is no text")
    return value


def _whole(value: Any, *, least: int = 1) -> int:
    if type(value) is not int or value < least:
        raise ValueError(f"{value!r} is no whole number from {least}")
    return value


def _lines_of(order: Order) -> tuple[LineFacts, ...]:
    return tuple(
        LineFacts(
            jti=jti,
            sale=sale or LIST,
            sku=sku,
            quantity=quantity,
            amount=amount,
            was=was,
            seconds_late=seconds_late,
            name=name,
        )
        for jti, sale, sku, quantity, amount, was, seconds_late, name in _lines_statement(
            connection.vendor
        ).rows({"order": order.pk})
    )


@cache
def _lines_statement(vendor: str) -> CompiledQuery:
    names = ("jti", "deal__sale__slug", "sku", "quantity", "amount", "was", "seconds_late", "name")
    lines = OrderLine.objects.filter(order=Parameter("order")).order_by("pk")
    return CompiledQuery.select(lines.values_list(*names))
