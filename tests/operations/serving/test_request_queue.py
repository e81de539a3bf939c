"""Who is answered next, and who is told to come again."""

import pytest

from shop.operations.serving.addresses import Priority
from shop.operations.serving.request_queue import Overloaded, RequestQueue, Turn

HEALTH, HONORING, KEEPING, PROMISING = Priority


class Requests:
    """Requests of a queue; knows who has begun, in their order."""

    def __init__(self, threads: int = 8) -> None:
        self.queue = RequestQueue(threads)
        self.begun: list[str] = []
        self.turns: dict[str, Turn] = {}

    def join(self, name: str, priority: Priority) -> None:
        turn = Turn(priority, lambda: self.begun.append(name))
        self.turns[name] = turn
        self.queue.join(turn)

    def come(self, priority: Priority, count: int) -> list[str]:
        """So many of them come; those that begin at once."""
        before = len(self.begun)
        for number in range(count):
            self.join(f"{priority.name} {number}", priority)
        return self.begun[before:]

    def finish(self, name: str, seconds: float = 0.1) -> list[str]:
        """One is done; those that begin then."""
        before = len(self.begun)
        self.queue.finish(self.turns[name], seconds)
        return self.begun[before:]


def test_pages_take_half_of_the_threads_and_a_checkout_begins_at_once() -> None:
    requests = Requests(threads=8)
    assert len(requests.come(PROMISING, 20)) == 4
    assert len(requests.come(HONORING, 1)) == 1


def test_pages_and_bags_together_leave_a_quarter_of_the_threads_to_checkout() -> None:
    requests = Requests(threads=8)
    requests.come(PROMISING, 20)
    # One of each has a thread of its own.
    assert len(requests.come(KEEPING, 20)) == 1 + 2
    assert len(requests.come(HONORING, 20)) == 1 + 2


def test_checkout_may_have_every_thread_and_one_bag_and_one_page_are_answered_beside_it() -> None:
    requests = Requests(threads=8)
    assert len(requests.come(HONORING, 20)) == 8
    assert len(requests.come(KEEPING, 2)) == 1
    assert len(requests.come(PROMISING, 2)) == 1
    # Its thread is free for another page, and for nothing else.
    assert requests.finish("PROMISING 0") == ["PROMISING 1"]


def test_whoever_asks_for_its_health_is_answered_while_every_thread_waits() -> None:
    requests = Requests(threads=8)
    for priority in (HONORING, KEEPING, PROMISING):
        requests.come(priority, 20)
    assert len(requests.come(HEALTH, 2)) == 1


def test_no_more_are_worked_on_than_there_are_threads() -> None:
    for threads in range(1, 17):
        requests = Requests(threads)
        begun = sum(len(requests.come(each, 50)) for each in (HONORING, KEEPING, PROMISING, HEALTH))
        assert begun == requests.queue.most_at_a_time == threads + 3


def test_of_those_that_wait_checkout_begins_before_the_bag_and_the_bag_before_pages() -> None:
    requests = Requests(threads=2)
    requests.come(HONORING, 2)
    requests.come(KEEPING, 1)
    requests.come(PROMISING, 1)
    # Each has what is its own by now; one thread is shared, and a checkout has it.
    for name, priority in [("page", PROMISING), ("bag", KEEPING), ("order", HONORING)]:
        requests.join(name, priority)
    assert requests.finish("HONORING 0") == ["order"]
    assert requests.finish("HONORING 1") == ["bag"]
    assert requests.finish("bag") == []
    assert requests.finish("PROMISING 0") == ["page"]


def test_equals_begin_in_the_order_in_which_they_came() -> None:
    requests = Requests(threads=2)
    requests.come(PROMISING, 3)
    assert requests.finish("PROMISING 0") == ["PROMISING 1"]
    assert requests.finish("PROMISING 1") == ["PROMISING 2"]


def test_one_that_gave_up_waiting_is_passed_over() -> None:
    requests = Requests(threads=2)
    requests.come(PROMISING, 3)
    requests.queue.leave(requests.turns["PROMISING 1"])
    assert requests.finish("PROMISING 0") == ["PROMISING 2"]


def test_a_page_is_refused_on_arrival_if_its_turn_would_come_too_late() -> None:
    requests = Requests(threads=8)
    requests.come(PROMISING, 4)
    # Four at a time, each a second: eight that wait take two seconds, which is just in time.
    requests.finish("PROMISING 0", seconds=1)
    requests.join("fills the gap", PROMISING)
    for number in range(9):
        requests.join(f"waits {number}", PROMISING)
    with pytest.raises(Overloaded, match=r"would wait 2\.2 s"):
        requests.join("one too many", PROMISING)


def test_a_checkout_waits_where_a_page_is_refused_and_pages_that_wait_do_not_count() -> None:
    requests = Requests(threads=8)
    requests.come(PROMISING, 4)
    requests.finish("PROMISING 0", seconds=3)
    for number in range(4):
        requests.join(f"waits {number}", PROMISING)
    with pytest.raises(Overloaded):
        requests.join("one too many", PROMISING)
    assert requests.queue.expected_wait(HONORING) == 0
    assert len(requests.come(HONORING, 4)) == 4


def test_checkouts_are_refused_last_when_their_own_wait_is_too_long() -> None:
    requests = Requests(threads=1)
    requests.join("slow", HONORING)
    requests.finish("slow", seconds=10)
    requests.join("now", HONORING)
    requests.join("in ten seconds", HONORING)
    requests.join("in twenty: told at fifteen", HONORING)
    with pytest.raises(Overloaded):
        requests.join("in thirty", HONORING)


def test_a_single_thread_still_answers_everything() -> None:
    requests = Requests(threads=1)
    assert len(requests.come(PROMISING, 2)) == 1
    assert len(requests.come(HONORING, 2)) == 1
    assert requests.finish("PROMISING 0") == ["PROMISING 1"]
    assert requests.finish("HONORING 0") == ["HONORING 1"]


def test_once_the_rush_is_over_pages_are_taken_again() -> None:
    requests = Requests(threads=2)
    requests.join("slow", PROMISING)
    requests.finish("slow", seconds=3)
    requests.join("now", PROMISING)
    requests.join("waits", PROMISING)
    with pytest.raises(Overloaded):
        requests.join("refused", PROMISING)
    requests.finish("now", seconds=0.01)
    requests.finish("waits", seconds=0.01)
    requests.join("comes again", PROMISING)
    assert requests.begun[-1] == "comes again"
