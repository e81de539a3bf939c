"""Which request is worked on next, and which is refused because it would wait too long.

* Each priority has a thread of its own: while checkouts wait for Stripe or the database there are
  still pages, bags, and an answer to whoever asks after the process's health; and the other way
  round. All others are shared.
* Checkouts take ``threads`` at most; pages that make offers half of that; pages, bags and the back
  office together three quarters, beside their own: a checkout finds a free thread, however many
  look around.
* Of those that wait, the one with the highest priority begins first; among equals, the one that
  came first.
* Whoever would wait longer than ``PATIENCE`` is refused on arrival, by how many are ahead and how
  long requests of that priority took lately; whoever has waited so long, then.

No input, no output, no clock: one thread calls it, an event loop's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shop.core.outages import Unavailable
from shop.operations.serving.addresses import Priority

#: Seconds that a request may wait for its turn. Stripe is asked for 20 s at most afterwards, and
#: nginx waits for 60.
PATIENCE: Mapping[Priority, float] = {
    Priority.HEALTH: 10.0,
    Priority.HONORING: 15.0,
    Priority.KEEPING: 5.0,
    Priority.PROMISING: 2.0,
}
#: How much of the mean duration the last request counts.
_WEIGHT = 0.1


class Overloaded(Unavailable):
    """More requests came than the process can answer in time."""


@dataclass(eq=False, slots=True)
class Turn:
    """A request's place; ``begin`` is called once, when it shall be worked on."""

    priority: Priority
    begin: Callable[[], None]


class RequestQueue:
    """The requests of a process that are worked on, and those that wait."""

    def __init__(self, threads: int) -> None:
        """:param threads: checkouts that may be worked on at a time"""
        #: How many requests of a priority and of all below it may be worked on together, beside
        #: the first of each, which has its priority's own thread.
        self._most_shared: Mapping[Priority, int] = {
            Priority.HEALTH: threads - 1,
            Priority.HONORING: threads - 1,
            Priority.KEEPING: threads - threads // 4 - 1,
            Priority.PROMISING: max(0, threads // 2 - 1),
        }
        self._running = dict.fromkeys(Priority, 0)
        # Dictionaries keep the order, and give up one in the middle at once.
        self._waiting: Mapping[Priority, dict[Turn, None]] = {each: {} for each in Priority}
        self._mean_seconds = dict.fromkeys(Priority, 0.0)

    @property
    def most_at_a_time(self) -> int:
        """How many requests may be worked on together: there have to be as many threads."""
        return max(self._most_shared.values()) + len(Priority)

    def join(self, turn: Turn) -> None:
        """Begin a request, or let it wait.

        :raises Overloaded: it would wait too long
        """
        wait = self.expected_wait(turn.priority)
        if wait > PATIENCE[turn.priority]:
            raise Overloaded(f"would wait {wait:.1f} s")
        self._waiting[turn.priority][turn] = None
        self._begin_next()

    def leave(self, turn: Turn) -> None:
        """Forget one that waits."""
        self._waiting[turn.priority].pop(turn, None)

    def finish(self, turn: Turn, seconds: float) -> None:
        """Take note that one which had begun is done, after so many seconds; others may begin."""
        self._running[turn.priority] -= 1
        mean = self._mean_seconds[turn.priority]
        self._mean_seconds[turn.priority] = mean + (seconds - mean) * _WEIGHT if mean else seconds
        self._begin_next()

    def expected_wait(self, priority: Priority) -> float:
        """Seconds until one that comes now begins, by those which wait and go before it."""
        ahead = (len(self._waiting[each]) * self._mean_seconds[each] for each in _before(priority))
        return sum(ahead) / (self._most_shared[priority] + 1)

    def _begin_next(self) -> None:
        for priority in Priority:
            waiting = self._waiting[priority]
            while waiting and self._has_room(priority):
                turn = next(iter(waiting))
                del waiting[turn]
                self._running[priority] += 1
                turn.begin()

    def _has_room(self, priority: Priority) -> bool:
        """Whether one more may be worked on: the only one, or within all bounds."""
        return self._running[priority] == 0 or all(
            self._shared_from(each) < self._most_shared[each] for each in _before(priority)
        )

    def _shared_from(self, priority: Priority) -> int:
        """How many of a priority and of those below it are on threads that are nobody's own."""
        return sum(max(0, self._running[each] - 1) for each in Priority if each >= priority)


def _before(priority: Priority) -> list[Priority]:
    return [each for each in Priority if each <= priority]
