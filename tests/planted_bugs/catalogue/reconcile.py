"""In reconcile: lists, comparisons with Stripe's record, events that fail."""

from tests.planted_bugs.bug import PlantedBug, Unreached

_OPEN, _COMPARED = "shop/payments/open_orders.py", "shop/payments/discrepancies.py"
_RETRIES = "shop/payments/event_retries.py"
_TESTS = "payments/test_reconcile.py::test_"
_EVENTS = "payments/test_event_retries.py::test_"

BUGS = (
    PlantedBug(
        name="An order that lapsed stays open because Stripe still waits for a card",
        file=_OPEN,
        right="return agrees(order, intent) and not ends",
        wrong="return agrees(order, intent)",
        tests=[f"{_TESTS}many_open_orders_cost_a_call_a_page_and_one_for_each_that_lapses"],
        unreached=Unreached.STRIPE,
    ),
    PlantedBug(
        name="A payment that was replaced ends the order that the next one is made for",
        file="shop/payments/settlement.py",
        right='    return (metadata_text(intent, "round") or "1") == str(row.payment_round)\n',
        wrong="    return True\n",
        tests=[
            "payments/test_stripe_faults.py::test_what_was_asked_of_a_payment_says_nothing_while_the_next_one_is_made"
        ],
        unreached=Unreached.STRIPE,
    ),
    PlantedBug(
        name="Another shop's payments count as orders that were forgotten",
        file=_COMPARED,
        right="[intent for intent in intents if issuer_of(intent) == self._issuer], self._now",
        wrong="[intent for intent in intents if issuer_of(intent)], self._now",
        tests=[f"{_TESTS}a_payment_without_an_order_is_told_until_it_went_back"],
        unreached=Unreached.STRIPE,
    ),
    PlantedBug(
        name="A paid order whose payment was never made goes unnoticed",
        file=_COMPARED,
        right="            and row.payment_intent not in self._seen\n",
        wrong="            and row.payment_intent in self._seen\n",
        tests=[f"{_TESTS}an_order_that_was_paid_on_another_account_is_told"],
        unreached=Unreached.STRIPE,
    ),
    PlantedBug(
        name="After a restore the record is read from where the lost database had read it",
        file="shop/payments/heartbeat.py",
        right="if record_read_until is None or not is_same:",
        wrong="if record_read_until is None:",
        tests=[
            f"{_TESTS}a_round_that_began_before_a_restore_does_not_say_how_far_the_record_was_read"
        ],
        unreached=Unreached.BACKUPS,
    ),
    PlantedBug(
        name="An event that fails is tried in every round",
        file=_RETRIES,
        right="        left.update(next_try_at=now + PAUSES[row.tries - 1])\n",
        wrong="        left.update(next_try_at=now)\n",
        tests=[f"{_EVENTS}an_event_that_fails_waits_longer_each_time_and_is_then_set_aside"],
        unreached=Unreached.STRIPE,
    ),
    PlantedBug(
        name="A pause between two tries ends a second late",
        file=_RETRIES,
        right="(Q(next_try_at=None) | Q(next_try_at__lte=now))",
        wrong="(Q(next_try_at=None) | Q(next_try_at__lt=now))",
        tests=[f"{_EVENTS}an_event_that_fails_waits_longer_each_time_and_is_then_set_aside"],
        unreached=Unreached.STRIPE,
    ),
)
