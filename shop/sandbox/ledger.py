"""The truth about the money, for tests and people: what was really charged and given back.

Not part of Stripe's API. A test that counts charges here cannot be fooled by the shop's own books.
"""

from collections import Counter

from .context import Context
from .store import Json


def read(context: Context) -> Json:
    intents = []
    totals: dict[str, Counter[str]] = {}
    charges: dict[str, list[Json]] = {}
    for charge in context.store.find("charge"):
        charges.setdefault(charge.body["payment_intent"], []).append(charge.body)
    for record in context.store.find("payment_intent"):
        intent = record.body
        succeeded = [c for c in charges.get(record.id, []) if c["status"] == "succeeded"]
        charged = sum(charge["amount_captured"] for charge in succeeded)
        refunded = sum(charge["amount_refunded"] for charge in succeeded)
        intents.append(
            {
                "id": record.id,
                "status": intent["status"],
                "currency": intent["currency"],
                "amount": intent["amount"],
                "charged": charged,
                "refunded": refunded,
                "charges": len(succeeded),
                "declines": sum(c["status"] == "failed" for c in charges.get(record.id, [])),
                "created": intent["created"],
                "metadata": intent["metadata"],
            }
        )
        total = totals.setdefault(intent["currency"], Counter(charged=0, refunded=0))
        total.update(charged=charged, refunded=refunded)
    return {"intents": intents, "totals": {name: dict(total) for name, total in totals.items()}}
