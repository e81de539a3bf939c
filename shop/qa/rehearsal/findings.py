"""Findings of a scenario, as sentences that a merchant can act on."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from offers.verdicts import Verdict
from shop.core.formatting import is_same_day, second, short_day
from shop.core.money import format_money
from shop.qa.rehearsal.merchant_actions import MerchantAction
from shop.qa.rehearsal.oracle import Promise, honored_until
from shop.qa.rehearsal.results import Finding


@dataclass(kw_only=True)
class FindingsRecorder:
    """Records the broken promises of one scenario; ``notes`` are shared by all.

    ``now`` is the instant at which the scenario stands.
    """

    zone: ZoneInfo
    opens: datetime
    actions: Sequence[MerchantAction]
    notes: list[str]
    now: datetime
    counts: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    def record_broken(self, sentence: str) -> None:
        """Record a broken promise, once."""
        if sentence not in {finding.text for finding in self.findings}:
            self.findings.append(Finding(self.now, sentence))

    def record_note(self, sentence: str) -> None:
        """Record something to know that breaks no promise, once."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def record_verdict(
        self, actor: str, promise: Promise, at: datetime, *, expected: Verdict, got: str
    ) -> None:
        """Record that the bag or checkout gave another verdict than the page had promised."""
        until = honored_until(promise.shown_at, promise.held_until, self.actions, at)
        promised = f"The page said held until {self.format_time(promise.held_until)}"
        if until != promise.held_until:
            promised += f", extended to {self.format_time(until)}"
        when = self.format_time(at)
        if expected is Verdict.HONORED:
            happened = f"{actor} refused at {when}: {got}"
        elif got == Verdict.HONORED:
            happened = f"{actor} still took it at {when}, when it was {expected}"
        else:
            happened = f"{actor} called it {got} at {when}, when it was {expected}"
        self.record_broken(f"{self.describe(promise)}. {promised}; {happened}.")

    def record_price(
        self, actor: str, promise: Promise, at: datetime, amount: int, *, most: int
    ) -> None:
        """Record that the bag or checkout asked for more than the page had promised.

        :param most: the promised amount, or the lower one that the shop asks for by now
        """
        cheaper = ""
        if most < promise.amount:
            cheaper = f", when it cost {format_money(most, promise.currency)}"
        self.record_broken(
            f"{self.describe(promise)}. The page said {promise.amount_text}, held until "
            f"{self.format_time(promise.held_until)}; {actor} asked for "
            f"{format_money(amount, promise.currency)} at {self.format_time(at)}{cheaper}."
        )

    def describe(self, promise: Promise) -> str:
        """What was promised, and when."""
        return f"{promise.name} as shown at {self.format_time(promise.shown_at)}"

    def format_time(self, instant: datetime) -> str:
        """The time in the sale's zone, with the day where it is not that of the opening."""
        day = "" if is_same_day(instant, self.opens, self.zone) else short_day(instant, self.zone)
        return f"{day} {second(instant, self.zone)}".strip()
