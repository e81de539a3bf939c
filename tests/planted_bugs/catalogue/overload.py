"""More requests than can be answered, and clients that take more than their share."""

from tests.planted_bugs.bug import PlantedBug, Unreached

_QUEUE = "shop/operations/serving/request_queue.py"
_BODIES = "shop/operations/serving/request_bodies.py"
_TESTS = "operations/serving"

BUGS = (
    PlantedBug(
        name="Pages may take every thread from checkout",
        file=_QUEUE,
        right="Priority.PROMISING: max(0, threads // 2 - 1),",
        wrong="Priority.PROMISING: threads - 1,",
        tests=[
            f"{_TESTS}/test_request_queue.py::test_pages_take_half_of_the_threads_and_a_checkout_begins_at_once"
        ],
        unreached=Unreached.CROWDS,
    ),
    PlantedBug(
        name="While checkouts wait for Stripe no page is answered",
        file=_QUEUE,
        right="return self._running[priority] == 0 or all(",
        wrong="return all(",
        tests=[
            f"{_TESTS}/test_request_queue.py::test_checkout_may_have_every_thread_and_one_bag_and_one_page_are_answered_beside_it"
        ],
        unreached=Unreached.CROWDS,
    ),
    PlantedBug(
        name="A page waits for ever in place of being refused at once",
        file=_QUEUE,
        right="if wait > PATIENCE[turn.priority]:",
        wrong="if False:",
        tests=[
            f"{_TESTS}/test_request_queue.py::test_a_page_is_refused_on_arrival_if_its_turn_would_come_too_late"
        ],
        unreached=Unreached.CROWDS,
    ),
    PlantedBug(
        name="A form that broke off is taken for a whole one",
        file=_BODIES,
        right='if message["type"] != "http.request":\n            raise Disconnected',
        wrong='if message["type"] != "http.request":\n            break',
        tests=[
            f"{_TESTS}/test_web_application.py::test_a_body_that_ends_early_is_never_taken_for_the_whole"
        ],
        unreached=Unreached.CROWDS,
    ),
    PlantedBug(
        name="A form without a length may be of any size",
        file=_BODIES,
        right="if body.size + len(chunk) > most_bytes:",
        wrong="if False:",
        tests=[
            f"{_TESTS}/test_web_application.py::test_a_body_without_a_length_is_read_up_to_the_most_and_no_further"
        ],
        unreached=Unreached.CROWDS,
    ),
    PlantedBug(
        name="Time in which checkout was refused for want of threads is no outage",
        file="shop/operations/serving/web_application.py",
        right="    if kind.is_purchase:",
        wrong="    if False:",
        tests=[
            f"{_TESTS}/test_web_application.py::test_time_in_which_nobody_could_buy_is_noted_as_an_outage"
        ],
        unreached=Unreached.CROWDS,
    ),
    PlantedBug(
        name="A header with an underscore passes for one with a hyphen",
        file="shop/operations/serving/wsgi_calls.py",
        right='if b"_" in name:',
        wrong="if False:",
        tests=[
            f"{_TESTS}/test_web_application.py::test_headers_that_come_twice_are_one_and_those_with_an_underscore_are_none"
        ],
        unreached=Unreached.CROWDS,
    ),
)
