"""Why an order is not placed, in words for its shopper."""

from dataclasses import replace

from offers.verdicts import Verdict
from shop.bag.judging import JudgedBag
from shop.checkout.network_bound import Wait
from shop.orders.charge import Charge


class NotPlaced(Exception):
    """The order was not placed, and nothing was claimed; ``judged`` is the bag as it stands.

    ``verdict``: why the claim was refused, where no line of the bag shows it.
    """

    #: Of the answer; 503 where the same form will do in a few minutes.
    status = 422
    #: Where the same form will do from an instant on.
    wait: Wait | None = None

    def __init__(self, judged: JudgedBag, verdict: Verdict | None = None) -> None:
        super().__init__(verdict)
        self.judged = judged
        self.verdict = verdict

    @property
    def text(self) -> str:
        """The reason, for the shopper; empty where the bag's lines show it."""
        if self.verdict is None:
            return ""
        text = self.verdict.sentence
        text += " Nothing was charged. Change your bag, or try again in a moment."
        if self.verdict is Verdict.OVER_LIMIT:
            text += " Units are counted by mail address and card, as well as by browser."
        return text


class TotalChanged(NotPlaced):
    """The whole charge is not what the shopper was shown."""

    def __init__(self, judged: JudgedBag, charge: Charge) -> None:
        super().__init__(judged)
        self.charge = charge

    @property
    def text(self) -> str:
        total = self.charge.total_text
        return f"The total has changed to {total}. Nothing was charged. Order again if you agree."


class TotalAtAddressDiffers(NotPlaced):
    """The order waits to be paid, and to the new address it would cost something else."""

    text = (
        "Shipping or tax is not the same for this address. Nothing was charged, and your order "
        "stays as it was: pay it at the address it has, or cancel it on its page and order again."
    )


class TooManyOpen(NotPlaced):
    """The shopper has as many unpaid orders as one may have."""

    text = "Several of your orders wait to be paid. Pay or cancel one of them first."


class TooManyUnpaid(NotPlaced):
    """The shopper's network keeps units unpaid, and may not have more of them at once."""

    def __init__(self, judged: JudgedBag, wait: Wait) -> None:
        super().__init__(judged)
        first = judged.next_to_run_out
        held_until = first.honored_until if first else None
        self.wait = replace(wait, held_until=held_until or wait.held_until)

    @property
    def text(self) -> str:
        assert self.wait is not None
        return self.wait.text


class CheckoutClosed(NotPlaced):
    """The database was restored, and does not know yet which orders were paid."""

    status = 503
    text = (
        "The shop was restored a moment ago, and we are still checking which orders were paid. "
        "Nothing was charged. Your bag and your prices are kept: try again in a few minutes."
    )


class PricesWait(NotPlaced):
    """The database was restored, and it is not decided yet what becomes of a line's price."""

    status = 503
    text = (
        "The shop was restored, and we are checking what was promised. Nothing was charged. Your "
        "price is kept: try again in a few minutes."
    )
