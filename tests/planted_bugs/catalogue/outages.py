"""While the database is away, and after it."""

from tests.planted_bugs.bug import PlantedBug, Unreached

_OUTAGES, _WATCH = "shop/sales/outages.py", "shop/sales/outage_watch.py"

BUGS = (
    PlantedBug(
        name="A wrong statement passes for an outage",
        file="shop/core/outages.py",
        right="return code is None or code & 0xFF not in _WRONG",
        wrong="return True",
        tests=["core/test_outages.py::test_an_outage_is_told_from_a_mistake"],
        unreached=Unreached.ONE_SERVER,
    ),
    PlantedBug(
        name="A database that is away is answered with 500",
        file="shop/sales/middleware.py",
        right="if not is_outage(exception):",
        wrong="if True:",
        tests=["checkout/test_outage.py::test_an_event_of_stripe_comes_again_after_the_outage"],
        unreached=Unreached.ONE_SERVER,
    ),
    PlantedBug(
        name="A page repeats the password of a log-in that failed",
        file="shop/core/unavailable.py",
        right='if request.method != "POST" or any("password" in name for name in request.POST):',
        wrong='if request.method != "POST":',
        tests=["checkout/test_outage.py::test_a_login_in_an_outage_repeats_no_password"],
        unreached=Unreached.BACK_OFFICE,
    ),
    PlantedBug(
        name="An outage ends with the first success, whatever fails after it",
        file=_WATCH,
        right="if self._back is not None and at >= self._back:",
        wrong="if False:",
        tests=["sales/test_outages.py::test_a_shop_that_answers_now_and_then_is_away_all_the_time"],
        unreached=Unreached.ONE_SERVER,
    ),
    PlantedBug(
        name="A downtime is given back without its last part of a minute",
        file=_OUTAGES,
        right="minutes = -(-self.span // timedelta(seconds=_MINUTE))",
        wrong="minutes = self.span // timedelta(seconds=_MINUTE)",
        tests=["sales/test_outages.py::test_rows_of_two_processes_that_overlap_are_one_downtime"],
        unreached=Unreached.BACK_OFFICE,
    ),
    PlantedBug(
        name="A downtime is given back to offers from after it",
        file=_OUTAGES,
        right="issued_before=each.ended_at,",
        wrong="issued_before=now,",
        tests=[
            "sales/test_outages.py::test_the_answer_holds_offers_from_before_the_end_for_as_long_as_it_lasted"
        ],
        unreached=Unreached.BACK_OFFICE,
    ),
    PlantedBug(
        name="Two clicks give a downtime back twice",
        file=_OUTAGES,
        right="left_of(downtimes, answered)",
        wrong="left_of(downtimes, [])",
        tests=["sales/test_outages.py::test_who_answers_second_changes_nothing"],
        unreached=Unreached.BACK_OFFICE,
    ),
)
