"""Mistakes about a restored database: what it notices, and what it honors."""

from tests.planted_bugs.bug import PlantedBug, Unreached

_JUDGED, _SAID = "sales/test_restored_offers.py::", "operations/test_restored.py::"

BUGS = (
    PlantedBug(
        name="Offers that a restored database has forgotten are held to its record",
        file="shop/sales/term_record.py",
        right="or any(map(moments.overlaps, forgotten)):",
        wrong="or any(forgotten) is None:",
        tests=[
            "bag/test_leaked_key.py::test_a_price_that_a_restored_database_has_forgotten_stays_held"
        ],
        unreached=Unreached.BACKUPS,
    ),
    PlantedBug(
        name="A restored shop sells on, and a forgotten bag pays twice",
        file="shop/payments/restore_check.py",
        right="forgotten = sorted(numbers - known)",
        wrong="forgotten = sorted(known - numbers)",
        tests=[f"{_SAID}test_a_bag_that_was_paid_after_the_backup_is_not_paid_again"],
        unreached=Unreached.BACKUPS,
    ),
    PlantedBug(
        name="A restore that was dealt with is noticed again",
        file="shop/payments/restore_check.py",
        right="if each.created > seen_until",
        wrong="if each.created > 0",
        tests=[f"{_SAID}test_payments_that_restored_has_dealt_with_prove_nothing_new"],
        unreached=Unreached.BACKUPS,
    ),
    PlantedBug(
        name="A forgotten anchor is honored whenever its offer was issued",
        file="offers/anchors.py",
        right="return stretch.reaches(offer) and not any(each.reaches(offer) for each in self.recalls)",
        wrong="return not any(each.reaches(offer) for each in self.recalls)",
        tests=[
            f"{_JUDGED}test_a_forgotten_anchor_is_honored_from_the_backup_until_the_shop_was_restored"
        ],
        unreached=Unreached.BACKUPS,
    ),
    PlantedBug(
        name="A recall after a restore spares the offers with a forgotten anchor",
        file="shop/sales/restored_offers.py",
        right="LostAnchors(each.issued_from, each.issued_before, by_nonce)",
        wrong="LostAnchors(each.issued_from, each.issued_before, by_nonce[:0])",
        tests=[f"{_JUDGED}test_a_recall_of_the_restored_shop_reaches_forgotten_anchors_too"],
        unreached=Unreached.BACKUPS,
    ),
    PlantedBug(
        name="A line of a sale that is not decided yet can be paid",
        file="shop/bag/line_judging.py",
        right="return self.is_honored and self.deal is not None and self.deal.is_undecided",
        wrong="return False",
        tests=[
            f"{_JUDGED}test_an_offer_with_a_forgotten_anchor_waits_in_the_bag_until_it_is_decided"
        ],
        unreached=Unreached.BACKUPS,
    ),
)
