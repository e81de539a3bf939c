"""Who is logged in to the back office, until when, and what asks for the password once more."""

from tests.planted_bugs.bug import PlantedBug, Unreached

_SESSIONS, _PROMPT = "staff/test_sessions.py", "merchant/forms/test_password_prompt.py"
_TRIES, _REDIRECTS = "staff/test_throttles.py", "staff/test_redirects.py"
_TAMPERED = "merchant/forms/test_tampered_forms.py"

BUGS = (
    PlantedBug(
        name="A log-out leaves its session open to whoever copied the cookie",
        file="shop/staff/open_sessions.py",
        right="    if isinstance(user, Staff):\n",
        wrong="    if False:\n",
        tests=[f"{_SESSIONS}::test_logging_out_ends_the_session_in_a_copied_cookie_too"],
        unreached=Unreached.BACK_OFFICE,
    ),
    PlantedBug(
        name="Saving an account opens the session that it had ended",
        file="shop/staff/models.py",
        right='left_out = {"id", "session_epoch", "open_sessions", *self.get_deferred_fields()}',
        wrong='left_out = {"id", *self.get_deferred_fields()}',
        tests=[f"{_SESSIONS}::test_saving_an_account_that_was_read_before_opens_nothing_again"],
        unreached=Unreached.BACK_OFFICE,
    ),
    PlantedBug(
        name="A session goes on for as long as it is used",
        file="shop/staff/open_sessions.py",
        right='if each["account"] == account and each["began_at"] > earliest',
        wrong='if each["account"] == account',
        tests=[f"{_SESSIONS}::test_a_session_ends_twelve_hours_after_its_log_in"],
        unreached=Unreached.BACK_OFFICE,
    ),
    PlantedBug(
        name="Refunds in small parts need no password, whatever they come to",
        file="shop/merchant/orders/refund_form.py",
        right="refunded_of(self.order) + self.plan.amount >=",
        wrong="self.plan.amount >=",
        tests=[f"{_PROMPT}::test_a_refund_asks_from_a_sum_on_together_with_those_before"],
        unreached=Unreached.BACK_OFFICE,
    ),
    PlantedBug(
        name="A form goes on without the password that it was asked for",
        file="shop/merchant/forms/password_prompt.py",
        right="    if not prompt.is_valid():\n        return False\n",
        wrong="",
        tests=[f"{_PROMPT}::test_a_wrong_password_does_nothing_and_loses_nothing"],
        unreached=Unreached.BACK_OFFICE,
    ),
    PlantedBug(
        name="A log-in that waited for its row is refused for a later one",
        file="shop/staff/throttles.py",
        right="    if wait == _NONE or row.forgotten_at <= now:\n",
        wrong="    if row.forgotten_at <= now:\n",
        tests=[f"{_TRIES}::test_a_try_that_waited_for_its_row_does_not_wait_for_a_later_one"],
        unreached=Unreached.BACK_OFFICE,
    ),
    PlantedBug(
        name="Right passwords that arrive at once count against each other",
        file="shop/staff/log_in_backend.py",
        right="        with in_turn(counted[0].key):\n",
        wrong="        if True:\n",
        tests=[f"{_TRIES}::test_nine_right_passwords_of_one_person_at_once_all_let_in"],
        unreached=Unreached.BACK_OFFICE,
    ),
    PlantedBug(
        name="A log-in leads to an address that takes forms alone",
        file="shop/merchant/site.py",
        right='        if _takes_forms_alone(page.get("Location", "")):\n',
        wrong="        if False:\n",
        tests=[
            f"{_REDIRECTS}::test_a_log_in_that_an_address_for_forms_alone_asked_for_leads_to_the_start_page"
        ],
        unreached=Unreached.BACK_OFFICE,
    ),
    PlantedBug(
        name="A form of the back office makes as many rows as it is told to",
        file="shop/merchant/forms/locking_admin.py",
        right="                self.absolute_max = len(self.get_queryset()) + MOST_ADDED\n",
        wrong="                self.absolute_max = 2000\n",
        tests=[f"{_TAMPERED}::test_a_form_adds_a_hundred_rows_at_most"],
        unreached=Unreached.BACK_OFFICE,
    ),
)
