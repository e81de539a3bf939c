"""Stripe's news on their way to the shop: at once, or never, twice, late, in the wrong order.

The stand-in knows real time alone, so that an hour's delay of the shop's time
is kept here: its events are fetched from its API and brought to the webhook.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shop.qa.pytest_plugin.stripe import Stripe


@dataclass
class News:
    """Events that are out, and how they travel from here on."""

    stripe: Stripe
    copies: int = 1
    delay: timedelta = timedelta()
    is_crossed: bool = False
    _seen: set[str] = field(default_factory=set)
    _under_way: list[tuple[datetime, dict[str, Any]]] = field(default_factory=list)

    def collect(self, now: datetime) -> None:
        """Take what Stripe has told since the last time; it travels as things are now."""
        for event in self.stripe.events():
            if event["id"] not in self._seen:
                self._seen.add(event["id"])
                self._under_way += [(now + self.delay, event)] * self.copies

    def due_until(self, instant: datetime) -> list[datetime]:
        """The instants until then at which something arrives."""
        return sorted({due for due, _ in self._under_way if due <= instant})

    def bring(self, now: datetime) -> None:
        """Bring to the webhook what has arrived by now."""
        due = [pair for pair in self._under_way if pair[0] <= now]
        if self.is_crossed:
            # The first waits until another has overtaken it.
            due = due[::-1] if len(due) > 1 else []
        for pair in due:
            self._under_way.remove(pair)
            status = self.stripe.deliver(pair[1])
            if status == 503:
                # Stripe tries again, later.
                self._under_way.append((now + timedelta(minutes=1), pair[1]))
            else:
                assert status == 200, f"The webhook answers {status} to {pair[1]['type']}."
