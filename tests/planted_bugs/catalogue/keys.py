"""In key rings: which of them signs, and what a rotation waits for."""

from tests.planted_bugs.bug import PlantedBug, Unreached

_CONF, _ROTATION = "offers/conf.py", "offers/rotation.py"

BUGS = (
    PlantedBug(
        name="The keys of offers sign receipts and shoppers too",
        file=_CONF,
        right="return SITE.ring()",
        wrong="return OFFERS.ring()",
        tests=["orders/test_links.py::test_voiding_every_offer_key_closes_no_receipt"],
        scenarios=["verdicts.feature::A receipt opens, though every key of offers is voided"],
        unreached=Unreached.KEYS,
    ),
    PlantedBug(
        name="A process keeps the keys that it started with",
        file=_CONF,
        right="if reading is None or reading.stamp != self._stamp():",
        wrong="if reading is None:",
        tests=[
            "offers/test_key_files_while_running.py::test_two_processes_refuse_no_offer_of_each_other_while_keys_are_rotated_twice"
        ],
        unreached=Unreached.KEYS,
    ),
    PlantedBug(
        name="A key signs a second before all copies of the ring have it",
        file=_ROTATION,
        right="return _instant(key.times.added_at + 1 + CACHED_SECONDS)",
        wrong="return _instant(key.times.added_at + CACHED_SECONDS)",
        tests=[
            "offers/test_offer_keys_command.py::test_a_key_signs_no_sooner_than_every_copy_of_the_ring_has_it"
        ],
        unreached=Unreached.KEYS,
    ),
    PlantedBug(
        name="A key may go while offers that it signed are held",
        file=_ROTATION,
        right="return latest_end(_signed_before(key, ring, now))",
        wrong="return _signed_before(key, ring, now)",
        tests=[
            "offers/test_offer_keys_command.py::test_a_key_stays_until_the_last_offer_that_it_signed_has_run_out"
        ],
        unreached=Unreached.KEYS,
    ),
)
