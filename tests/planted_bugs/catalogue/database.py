"""How the shop reaches its database, and how long it waits for it."""

from tests.planted_bugs.bug import PlantedBug, Unreached

_HONORED, _LIMITS = "core/test_settings_are_honored.py", "core/test_database_limits.py"

BUGS = (
    PlantedBug(
        name="An option of the database's address is lost",
        file="shop/core/postgresql/address.py",
        right='"OPTIONS": {"connect_timeout": 3, **options}',
        wrong='"OPTIONS": {"connect_timeout": 3}',
        tests=[f"{_HONORED}::test_options_of_the_database_address_reach_the_driver"],
        unreached=Unreached.ONE_SERVER,
    ),
    PlantedBug(
        name="A misspelled switch is off",
        file="shop/core/environment.py",
        right="return _FLAGS[written.strip().lower()]",
        wrong="return _FLAGS.get(written.strip().lower(), False)",
        tests=[f"{_HONORED}::test_a_value_of_another_type_is_refused_with_the_name_of_its_setting"],
        unreached=Unreached.ONE_SERVER,
    ),
    PlantedBug(
        name="A connection whose answer did not come is used again",
        file="shop/core/postgresql/connection.py",
        right="self.pgconn.finish()",
        wrong="pass",
        tests=[
            f"{_LIMITS}::test_a_statement_without_an_answer_fails_in_time_and_its_connection_is_closed"
        ],
        unreached=Unreached.ONE_SERVER,
    ),
    PlantedBug(
        name="A slow statement passes for a database that hangs",
        file="shop/core/postgresql/hang_detector.py",
        right="if not probe.is_alive():",
        wrong="if False:",
        tests=[f"{_LIMITS}::test_a_slow_statement_is_not_taken_for_a_database_that_hangs"],
        unreached=Unreached.ONE_SERVER,
    ),
    PlantedBug(
        name="Threads that wait for a database that hangs are not freed",
        file="shop/core/postgresql/hang_detector.py",
        right="its_socket.shutdown(socket.SHUT_RDWR)",
        wrong="pass",
        tests=[
            f"{_LIMITS}::test_when_nothing_is_answered_all_that_wait_are_freed_and_others_fail_at_once"
        ],
        unreached=Unreached.ONE_SERVER,
    ),
    PlantedBug(
        name="A page waits for a database that hangs",
        file="shop/sales/showcase.py",
        right="return answers_within(READ_SECONDS)",
        wrong="return nullcontext()",
        tests=[
            "sales/test_showcase.py::test_a_page_waits_half_a_second_at_most_while_the_snapshot_is_recent"
        ],
        unreached=Unreached.ONE_SERVER,
    ),
    PlantedBug(
        name="A migration has the time limit of requests",
        file="shop/core/postgresql/time_limits.py",
        right="    if _limit is None:\n        return None\n",
        wrong="    if _limit is None:\n        return 10.0\n",
        tests=[f"{_LIMITS}::test_a_command_has_no_limit"],
        unreached=Unreached.ONE_SERVER,
    ),
)
