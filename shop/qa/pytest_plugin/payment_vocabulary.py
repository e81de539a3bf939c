"""What cards, verdicts and orders are called in scenarios."""

from offers.verdicts import Verdict
from shop.orders.models import Order

#: Test cards, by what becomes of them. Each shopper has a working card of their own.
CARDS = {
    "a card that works": "",
    "another card that works": "pm_card_threeDSecureOptional",
    "a card that is declined": "pm_card_visa_chargeDeclined",
    "a card without funds": "pm_card_visa_chargeDeclinedInsufficientFunds",
    "an expired card": "pm_card_chargeDeclinedExpiredCard",
    "a card that asks the bank": "pm_card_threeDSecure2Required",
    "a card that asks the bank and is declined then": "pm_card_threeDSecureRequiredChargeDeclined",
}

#: What an offer can be refused for.
VERDICTS = {
    verdict.value.replace("_", " "): verdict
    for verdict in Verdict
    if verdict is not Verdict.HONORED
}

STATUSES = {
    "paid": Order.Status.PAID,
    "not paid yet": Order.Status.PENDING,
    "waiting for the bank": Order.Status.REQUIRES_ACTION,
    "in the bank's hands": Order.Status.PROCESSING,
    "failed": Order.Status.FAILED,
    "canceled": Order.Status.CANCELED,
    "expired": Order.Status.EXPIRED,
    "refunded": Order.Status.REFUNDED,
    "partly refunded": Order.Status.PARTIALLY_REFUNDED,
}
