"""What is found on the way, as sentences that a merchant can act on."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from offers.verdicts import Verdict
from shop.core.money import format_money
from shop.qa.rehearsal.merchant_actions import MerchantAction
from shop.qa.rehearsal.oracle import Promise, honored_until


@dataclass(frozen=True)
class Findings:
    """What all scenes add to: broken promises, remarks, and how much was looked at."""

    breaches: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, kw_only=True)
class FindingsRecorder:
    """Writes the findings of one scene down, in the words and the zone of its sale.

    ``scene`` stands before each sentence; empty for the sale as configured.
    """

    findings: Findings
    scene: str
    zone: ZoneInfo
    opens: datetime
    acts: Sequence[MerchantAction]

    def broken(self, sentence: str) -> None:
        """A promise was broken; said once."""
        sentence = f"{self.scene}: {sentence}" if self.scene else sentence
        if sentence not in self.findings.breaches:
            self.findings.breaches.append(sentence)

    def note(self, sentence: str) -> None:
        """Something to know that breaks no promise; said once."""
        if sentence not in self.findings.notes:
            self.findings.notes.append(sentence)

    def count(self, what: str) -> None:
        """One more of the kind."""
        self.findings.counts[what] += 1

    def disagree(
        self, who: str, promise: Promise, at: datetime, *, owed: Verdict, got: str
    ) -> None:
        """The bag or checkout answered something else than the page had promised."""
        until = honored_until(promise.shown_at, promise.held_until, self.acts, at)
        said = f"The page said held until {self.when(promise.held_until)}"
        if until != promise.held_until:
            said += f", extended to {self.when(until)}"
        if owed is Verdict.HONORED:
            did = f"{who} refused at {self.when(at)}: {got}"
        elif got == Verdict.HONORED:
            did = f"{who} still took it at {self.when(at)}, when it was {owed}"
        else:
            did = f"{who} called it {got} at {self.when(at)}, when it was {owed}"
        self.broken(f"{self.whose(promise)}. {said}; {did}.")

    def dearer(self, who: str, promise: Promise, at: datetime, amount: int) -> None:
        """The bag or checkout asked for more than the page had promised."""
        self.broken(
            f"{self.whose(promise)}. The page said {promise.price_text}, held until "
            f"{self.when(promise.held_until)}; {who} asked for "
            f"{format_money(amount, promise.currency)} at {self.when(at)}."
        )

    def whose(self, promise: Promise) -> str:
        """What was promised, and when."""
        return f"{promise.name} as shown at {self.when(promise.shown_at)}"

    def when(self, instant: datetime) -> str:
        """The time in the sale's zone, with the day where it is not that of the opening."""
        there = instant.astimezone(self.zone)
        is_that_day = there.date() == self.opens.astimezone(self.zone).date()
        return f"{there:%H:%M:%S}" if is_that_day else f"{there:%-d %b %H:%M:%S}"
