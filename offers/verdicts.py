"""What a judge can say of an offer: one word for machines, one sentence for people."""

from enum import StrEnum


class Verdict(StrEnum):
    """The outcome of presenting an offer, the same in pages, API, logs and metrics.

    When several would fit, the first in this order wins: ``forged`` (cannot be
    parsed), ``unknown_key``, ``forged`` (signature, type, claims),
    ``not_yours``, ``used``, ``recalled``, ``not_yet_valid``, ``expired``,
    ``over_limit``, ``sold_out``.
    """

    HONORED = "honored"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    RECALLED = "recalled"
    NOT_YOURS = "not_yours"
    USED = "used"
    OVER_LIMIT = "over_limit"
    SOLD_OUT = "sold_out"
    UNKNOWN_KEY = "unknown_key"
    FORGED = "forged"

    @property
    def sentence(self) -> str:
        """What happened, in words a shopper understands."""
        return _SENTENCES[self]


_SENTENCES = {
    Verdict.HONORED: "The price is held.",
    Verdict.EXPIRED: "The time this price was held for is over.",
    Verdict.NOT_YET_VALID: "This price does not apply yet.",
    Verdict.RECALLED: "The shop has taken this price back.",
    Verdict.NOT_YOURS: "This price was given to another browser, and holds only there.",
    Verdict.USED: "This price has already been used for an order.",
    Verdict.OVER_LIMIT: "That is more than one shopper can have at this price.",
    Verdict.SOLD_OUT: "There are not enough left.",
    Verdict.UNKNOWN_KEY: "This price was not given by this shop.",
    Verdict.FORGED: "This price cannot be read, so it cannot be honored.",
}
