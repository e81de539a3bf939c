"""The catalogue of test cards and test bank accounts, and what becomes of each.

Numbers and ids are Stripe's own (https://docs.stripe.com/testing), so that a test written against
the stand-in runs against Stripe. Those that are ours alone have `standIn` in their id: Stripe
leaves `fingerprint` away for some cards, and has no test card that shows it.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Decline:
    code: str
    decline_code: str | None
    message: str
    param: str | None = None


GENERIC = Decline("card_declined", "generic_decline", "Your card was declined.")
NO_FUNDS = Decline("card_declined", "insufficient_funds", "Your card has insufficient funds.")
LOST = Decline("card_declined", "lost_card", "Your card was declined.")
STOLEN = Decline("card_declined", "stolen_card", "Your card was declined.")
FRAUD = Decline("card_declined", "fraudulent", "Your card was declined.")
EXPIRED = Decline("expired_card", "expired_card", "Your card has expired.", "exp_month")
BAD_CVC = Decline(
    "incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect.", "cvc"
)
BROKEN = Decline(
    "processing_error",
    "processing_error",
    "An error occurred while processing your card. Try again in a little bit.",
)
DEBIT_FAILED = Decline(
    "payment_intent_payment_attempt_failed",
    None,
    "The payment failed: the customer's bank account could not be debited.",
)


@dataclass(frozen=True, slots=True)
class Complaint:
    """Why a bank disputes a payment; an inquiry only asks, and takes no money."""

    reason: str
    is_inquiry: bool = False


@dataclass(frozen=True, slots=True)
class Fate:
    """What happens to a payment with this method."""

    decline: Decline | None = None
    #: The bank wants to see the shopper first (3-D Secure); a decline then comes after it.
    challenge: bool = False
    #: `processing` for a while, then `succeeded`, or failed if there is a decline.
    delayed: bool = False
    #: What its bank complains of once it was paid.
    dispute: Complaint | None = None
    refund: Literal["at once", "later", "fails later"] = "at once"


@dataclass(frozen=True, slots=True)
class Method:
    """A payment method of the catalogue: a card by its number, an account by its last digits."""

    number: str
    #: Test ids, most usual first; they stand for the method wherever Stripe takes `pm_…`.
    ids: tuple[str, ...]
    note: str
    fate: Fate = field(default_factory=Fate)
    type: Literal["card", "us_bank_account", "sepa_debit"] = "card"
    brand: str = "visa"
    country: str = "US"
    has_fingerprint: bool = True

    @property
    def last4(self) -> str:
        return self.number[-4:]

    @property
    def fingerprint(self) -> str | None:
        """What a token tells of it: the same as the charge, or nothing."""
        return self.charged_fingerprint if self.has_fingerprint else None

    @property
    def charged_fingerprint(self) -> str:
        """The same for the same number, as at Stripe, and nothing of the number in it."""
        return hashlib.sha256(b"stand-in:" + self.number.encode()).hexdigest()[:16]


def _declined(number: str, decline: Decline, note: str, *names: str) -> Method:
    return Method(number, tuple(f"pm_card_{name}" for name in names), note, Fate(decline))


BANK = Fate(challenge=True)
LATER = Fate(delayed=True)

# fmt: off
CATALOGUE = (
    Method("4242424242424242", ("pm_card_visa",), "Succeeds"),
    Method("5555555555554444", ("pm_card_mastercard",), "Succeeds", brand="mastercard"),
    Method("378282246310005", ("pm_card_amex",), "Succeeds", brand="amex"),
    _declined("4000000000000002", GENERIC, "Declined",
              "visa_chargeDeclined", "chargeDeclined"),
    _declined("4000000000009995", NO_FUNDS, "Declined: insufficient funds",
              "visa_chargeDeclinedInsufficientFunds", "chargeDeclinedInsufficientFunds"),
    _declined("4000000000009987", LOST, "Declined: lost card",
              "visa_chargeDeclinedLostCard", "chargeDeclinedLostCard"),
    _declined("4000000000009979", STOLEN, "Declined: stolen card",
              "visa_chargeDeclinedStolenCard", "chargeDeclinedStolenCard"),
    _declined("4100000000000019", FRAUD, "Declined: blocked as fraudulent",
              "radarBlock"),
    _declined("4000000000000069", EXPIRED, "Declined: expired card",
              "chargeDeclinedExpiredCard"),
    _declined("4000000000000127", BAD_CVC, "Declined: wrong security code",
              "chargeDeclinedIncorrectCvc"),
    _declined("4000000000000119", BROKEN, "Declined: processing error",
              "chargeDeclinedProcessingError"),
    Method("4000002760003184", ("pm_card_authenticationRequired",),
           "Asks the bank (3-D Secure), always", BANK),
    Method("4000000000003220", ("pm_card_threeDSecure2Required", "pm_card_threeDSecureRequired"),
           "Asks the bank (3-D Secure)", BANK),
    Method("4000008400001629", ("pm_card_threeDSecureRequiredChargeDeclined",),
           "Asks the bank, then declined", Fate(GENERIC, challenge=True)),
    Method("4000000000003055", ("pm_card_threeDSecureOptional",),
           "Knows 3-D Secure, needs none"),
    Method("4000000000000259", ("pm_card_createDispute",),
           "Succeeds, then disputed", Fate(dispute=Complaint("fraudulent"))),
    Method("4000000000002685", ("pm_card_createDisputeProductNotReceived",),
           "Succeeds, then disputed: not received",
           Fate(dispute=Complaint("product_not_received"))),
    Method("4000000000001976", ("pm_card_createDisputeInquiry",),
           "Succeeds, then its bank asks", Fate(dispute=Complaint("fraudulent", is_inquiry=True))),
    Method("4000000000007726", ("pm_card_pendingRefund",),
           "Its refund takes a while", Fate(refund="later")),
    Method("4000000000005126", ("pm_card_refundFail",),
           "Its refund fails later", Fate(refund="fails later")),
    Method("000123456789", ("pm_usBankAccount_success",),
           "Succeeds after a while", LATER, "us_bank_account"),
    Method("000222222227", ("pm_usBankAccount_insufficientFunds",),
           "Fails after a while", Fate(DEBIT_FAILED, delayed=True), "us_bank_account"),
    Method("DE89370400440532013000", (),
           "Succeeds after a while", LATER, "sepa_debit", country="DE"),
    Method("DE62370400440532013001", (),
           "Fails after a while", Fate(DEBIT_FAILED, delayed=True), "sepa_debit", country="DE"),
    # Ours alone; Stripe answers with 'No such PaymentMethod'.
    Method("4000000000001018", ("pm_card_standIn_noFingerprint",),
           "Succeeds; its token has no fingerprint (not Stripe's)", has_fingerprint=False),
    Method("DE08370400440532013003", ("pm_sepaDebit_standIn_success",),
           "Succeeds after a while", LATER, "sepa_debit", country="DE"),
    Method("DE78370400440532013004", ("pm_sepaDebit_standIn_failure",),
           "Fails after a while", Fate(DEBIT_FAILED, delayed=True), "sepa_debit", country="DE"),
)
# fmt: on

BY_ID = {id: method for method in CATALOGUE for id in method.ids}
BY_NUMBER = {method.number: method for method in CATALOGUE}


def luhn(number: str) -> bool:
    """The check digit that every card number carries."""
    digits = [int(digit) for digit in reversed(number)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
