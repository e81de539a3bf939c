"""The verdicts on an offer: a word for machines, a sentence for the shopper, a merchant's label."""

from enum import StrEnum
from typing import Self


class Verdict(StrEnum):
    """The verdict on an offer, the same in pages, API, logs and metrics.

    Where several apply, the first in this order wins: ``forged`` (cannot be
    parsed), ``unknown_key``, ``forged`` (signature, type, claims, or beyond the issuer's record),
    ``not_yours``, ``used``, ``recalled``, ``not_yet_valid``, ``expired``,
    ``over_limit``, ``sold_out``.
    """

    #: What happened, for the shopper.
    sentence: str
    #: The same as a label, for the merchant.
    label: str

    def __new__(cls, value: str, *texts: str) -> Self:
        """A verdict with its word, its sentence and its label."""
        verdict = str.__new__(cls, value)
        verdict._value_ = value
        verdict.sentence, verdict.label = texts
        return verdict

    HONORED = "honored", "The price is held.", "Honored"
    EXPIRED = (
        "expired",
        "The time this price was held for is over.",
        "The time the price was held for was over",
    )
    NOT_YET_VALID = (
        "not_yet_valid",
        "This price does not apply yet.",
        "The price did not apply yet: a server's clock runs ahead",
    )
    RECALLED = "recalled", "The shop has taken this price back.", "You had taken the price back"
    NOT_YOURS = (
        "not_yours",
        "This price was given to another browser, and holds only there.",
        "The price was given to another browser",
    )
    USED = (
        "used",
        "This price has already been used for an order.",
        "The price was used for an order already",
    )
    OVER_LIMIT = (
        "over_limit",
        "That is more than one shopper can have at this price.",
        "More units than one shopper may have",
    )
    SOLD_OUT = "sold_out", "There are not enough left.", "Not enough left"
    UNKNOWN_KEY = (
        "unknown_key",
        "This price was not given by this shop.",
        "Not signed by a key of this shop",
    )
    FORGED = "forged", "This price cannot be read, so it cannot be honored.", "Not readable"
