"""``manage.py doctor``: what stands in the way of serving and what is stuck, a line each."""

import io
import json
import os
import socket
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Never

import pytest
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.management import call_command
from django.db import OperationalError, connection
from pytest_django import Settings
from stripe import StripeClient

from shop.core.postgresql.time_limits import seconds_left
from shop.operations import doctor, readiness, stuck
from shop.operations.diagnoses import Severity
from shop.operations.doctor import examine, obstacles
from shop.orders.models import Order, PaymentDiscrepancy, ReconcileRound, Refund, StripeEvent
from shop.qa.pytest_plugin.back_office import Merchant
from shop.qa.pytest_plugin.factories import OPENS, new_key
from shop.sales.kept_prices import longest_wait
from shop.sales.models import Outage, RefusalCount, Sale
from shop.sales.outages import answer
from shop.sales.restorations import close_checkout, open_checkout
from tests.support.factories import make_order, make_refund

ROOT = Path(__file__).parents[2]
NOW = OPENS + timedelta(hours=3)
FORGOTTEN = "Stripe has a payment that belongs to no order: €4.99, pi_1, order FF-FORGOTTEN."
SET_ASIDE = "Set aside, because acting on them failed each time: 1 event."


def manage(*command: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """A management command in an environment of its own."""
    environment = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, **settings}
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def closed_port() -> int:
    """A port at which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@pytest.fixture(autouse=True)
def _in_development(settings: Settings) -> None:
    """Tests have it off, and the keys of development with it."""
    settings.DEBUG = True


def texts(now: datetime = NOW) -> list[str]:
    """What doctor says of this shop, without what every test shop has."""
    usual = ("DEBUG is on", "STRIPE_")
    return [each.text for each in examine(now) if not each.text.startswith(usual)]


# --- What stands in the way ---------------------------------------------------


@pytest.mark.parametrize("command", ["doctor", "migrate", "offer_keys"])
def test_settings_that_are_wrong_are_a_sentence_and_no_traceback(
    command: str, tmp_path: Path
) -> None:
    done = manage(
        command, "list" if command == "offer_keys" else "-v0", DEBUG="0", VAR=str(tmp_path)
    )
    assert done.returncode == 1
    assert "SECRET_KEY is not set" in done.stdout + done.stderr
    assert len((done.stdout + done.stderr).splitlines()) == 1


def test_a_folder_that_cannot_be_made_is_a_sentence_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = manage("doctor", "--json", VAR=str(tmp_path / "file" / "var"))
    told = json.loads(done.stdout)
    assert (done.returncode, told["can_serve"], done.stderr) == (1, False, "")
    assert told["diagnoses"][0]["text"].endswith("/file/var cannot be made: Not a directory.")


def test_all_that_is_in_the_way_is_said_at_once(tmp_path: Path) -> None:
    done = manage(
        "doctor",
        VAR=str(tmp_path),
        DEBUG="0",
        SECRET_KEY="x" * 50 + "yz1234",
        EMAIL_URL=f"smtp://127.0.0.1:{closed_port()}",
    )
    in_the_way = [line for line in done.stdout.splitlines() if line.startswith("in the way")]
    assert done.returncode == 1
    assert done.stderr == ""
    for text, way_out in (
        ("OFFER_KEYS is not set", "offer_keys add"),
        ("The static files were not collected", "manage.py collectstatic"),
        ("migrations of this release", "manage.py migrate"),
    ):
        assert [line for line in in_the_way if text in line and way_out in line], text
    assert "The mail server does not take mails (Connection refused)" in done.stdout


@pytest.mark.parametrize("command", ["doctor", "migrate"])
def test_a_database_that_is_away_is_a_sentence_and_no_traceback(
    command: str, tmp_path: Path
) -> None:
    away = f"postgres://shop:secret-word@127.0.0.1:{closed_port()}/shop"
    done = manage(command, VAR=str(tmp_path), DATABASE_URL=away)
    told = done.stdout + done.stderr
    assert done.returncode == 1
    assert "The database cannot be asked: " in told
    assert "Traceback" not in told
    assert "secret-word" not in told


def test_without_its_database_settings_are_looked_at_all_the_same(tmp_path: Path) -> None:
    """The address of a database may be the very secret that was forgotten."""
    forgotten = f"postgres://shop:CHANGE-ME@127.0.0.1:{closed_port()}/shop"
    done = manage("doctor", VAR=str(tmp_path), DATABASE_URL=forgotten, DEBUG="0", SECRET_KEY="x")
    assert "DATABASE_URL still has the words CHANGE-ME" in done.stdout
    assert done.stdout.count("The database cannot be asked") == 1


def test_a_shop_that_can_serve_says_so(sale: Sale, stripe_api: StripeClient) -> None:
    told = io.StringIO()
    call_command("doctor", stdout=told)
    assert told.getvalue().splitlines()[-1] == "Nothing stands in the way of serving."
    assert obstacles(NOW) == []


def test_a_schema_without_a_migration_is_in_the_way(sale: Sale, stripe_api: StripeClient) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'catalog' AND name LIKE '0004%'")
    [found] = obstacles(NOW)
    assert found.text.startswith("The database lacks 1 migration of this release, catalog.0004_")
    assert found.way_out == "Run: manage.py migrate"
    with pytest.raises(SystemExit):
        call_command("doctor", stdout=io.StringIO())


def test_a_folder_that_cannot_be_written_is_in_the_way(sale: Sale, settings: Settings) -> None:
    settings.VAR = Path("/proc")
    [found] = obstacles(NOW)
    assert found.text.startswith("/proc cannot be written: ")


def test_a_static_file_of_this_release_that_was_not_collected_is_in_the_way(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source, collected = tmp_path / "source", tmp_path / "collected"
    for folder in (source, collected):
        folder.mkdir()
        (folder / "a.css").write_text("a{}")
    storage = ManifestStaticFilesStorage(location=str(collected), base_url="/static/")
    storage.hashed_files = {"a.css": "a.1.css"}
    monkeypatch.setattr(readiness, "staticfiles_storage", storage)
    monkeypatch.setattr(readiness, "_static_sources", lambda: {"a.css": source / "a.css"})
    assert list(readiness.static_files_that_are_missing(NOW)) == []
    (source / "a.css").write_text("a{color:red}")
    [found] = readiness.static_files_that_are_missing(NOW)
    assert (found.severity, "another release" in found.text) == (Severity.ATTENTION, True)
    storage.hashed_files = {"b.css": "b.1.css"}
    [found] = readiness.static_files_that_are_missing(NOW)
    assert (found.severity, "a.css for one" in found.text) == (Severity.IN_THE_WAY, True)


def test_a_key_that_stripe_refuses_is_in_the_way(
    sale: Sale, stripe_api: StripeClient, settings: Settings
) -> None:
    settings.STRIPE_SECRET_KEY = "pk_live_mistaken"
    told = [each for each in examine(NOW) if each.severity is Severity.IN_THE_WAY]
    assert [each.text for each in told] == ["Stripe refuses STRIPE_SECRET_KEY: nobody can pay."]


def test_a_restored_backup_is_in_the_way_until_the_shop_has_learned(
    sale: Sale, stripe_api: StripeClient
) -> None:
    reconciled(NOW)
    restoration = close_checkout(proof="FF-FORGOTTEN", now=NOW)
    [found] = [each for each in examine(NOW) if each.severity is Severity.IN_THE_WAY]
    assert found.text.startswith("Checkout is closed: the database was restored")
    assert found.way_out == "Run manage.py restored DIR."
    # Pages are served all the same.
    assert obstacles(NOW) == []
    restoration.backup_at = NOW - timedelta(hours=1)
    open_checkout(restoration, seen_until=0, now=NOW)
    assert texts() == ["The shop was restored, and lines of list wait in every bag."]


# --- What needs attention, and stops nothing ----------------------------------


def test_services_that_are_away_are_told_and_stop_nothing(sale: Sale, settings: Settings) -> None:
    settings.STRIPE_API_BASE = f"http://127.0.0.1:{closed_port()}"
    settings.STRIPE_SECRET_KEY = "sk_test_shop"
    options = {"host": "127.0.0.1", "port": closed_port()}
    smtp = "django.core.mail.backends.smtp.EmailBackend"
    reconciled(NOW)
    settings.MAILERS = {"default": {"BACKEND": smtp, "OPTIONS": options}}
    assert [text.partition(" (")[0] for text in texts()] == [
        "Stripe does not answer",
        "The mail server does not take mails",
    ]
    assert obstacles(NOW) == []


@pytest.fixture
def stuck_rows(sale: Sale) -> None:
    """One of everything, stuck since the second that makes it so."""
    grace = timedelta(minutes=5, seconds=1)
    unpaid = {"status": Order.Status.PENDING, "paid_at": None, "receipt_sent_at": None}
    make_order(sale, "FF-UNPAID00", lapses_at=NOW - grace, **unpaid)
    make_order(sale, "FF-UNMAILED", paid_at=NOW - grace, receipt_sent_at=None)
    paid = make_order(sale)
    make_refund(paid, status=Refund.Status.FAILED)
    kind = {"type": "refund.updated", "received_at": NOW - grace}
    StripeEvent.objects.create(id="evt_1", **kind)
    StripeEvent.objects.create(id="evt_2", **kind, set_aside_at=NOW - timedelta(days=1))
    PaymentDiscrepancy.objects.create(
        kind=PaymentDiscrepancy.Kind.NO_ORDER,
        payment_intent="pi_1",
        order_number="FF-FORGOTTEN",
        amount=499,
        currency="EUR",
        found_at=NOW - timedelta(days=1),
    )
    reconciled(NOW - grace)


def reconciled(ended_at: datetime, **fields: Any) -> None:
    """The last round of reconcile."""
    given = {"started_at": ended_at, "ended_at": ended_at, "seconds": 0.1, "problems": ""}
    ReconcileRound.objects.update_or_create(id=1, defaults=given | fields)


def test_what_is_stuck_is_told_and_stops_nothing(
    stuck_rows: None, stripe_api: StripeClient
) -> None:
    assert texts() == [
        "reconcile has not run since 2026-11-27T13:54:59Z. What a crash leaves open stays open.",
        FORGOTTEN,
        "1 unpaid order should have lapsed, with stock still claimed.",
        "Not acted on for more than 5 minutes: 1 event of Stripe's.",
        SET_ASIDE,
        "A refund failed: €4.99 of FF-12345678 did not go back.",
        "1 receipt could not be mailed.",
    ]
    call_command("doctor", stdout=io.StringIO())


def test_a_key_is_told_once_all_that_it_signed_has_run_out(
    sale: Sale, stripe_api: StripeClient, settings: Settings
) -> None:
    stopped_at = NOW - timedelta(seconds=settings.LIST_HOLD_SECONDS + 301) - longest_wait()
    old = {**new_key("old", "retiring"), "stopped_at": int(stopped_at.timestamp())}
    settings.OFFER_KEYS = json.dumps({"keys": [new_key("new"), old]})
    reconciled(NOW)
    assert texts(NOW - timedelta(seconds=1)) == []
    assert texts() == ["All offers that key old signed have run out."]


def test_a_key_that_has_signed_what_no_page_made_is_told_for_a_week(
    sale: Sale, stripe_api: StripeClient
) -> None:
    reconciled(NOW)
    minute = NOW - timedelta(days=7)
    for slug, verdict in (("-", "forged"), ("autumn", "expired"), ("autumn", "forged")):
        assert texts() == []
        RefusalCount.objects.create(sale=slug, verdict=verdict, minute=minute, count=1)
    assert texts() == []
    RefusalCount.objects.update(minute=minute + timedelta(minutes=1))
    [text] = texts()
    assert text.endswith("Unless prices were changed by hand, the key has leaked.")


def test_an_outage_is_told_until_the_merchant_has_answered(
    sale: Sale, merchant: Merchant, stripe_api: StripeClient
) -> None:
    began_at = sale.starts_at + timedelta(minutes=1)
    ended_at = began_at + timedelta(seconds=61)
    Outage.objects.create(began_at=began_at, ended_at=ended_at, cause=Outage.Cause.SHOP)
    reconciled(ended_at)
    away = "Checkout was away for 1 minute 1 second while prices of Autumn were held."
    assert texts(ended_at) == [away]
    answer(sale, seconds=120, is_extended=True, by=merchant.user, now=ended_at)
    assert texts(ended_at) == []


def test_what_is_not_late_yet_is_not_stuck(stuck_rows: None, stripe_api: StripeClient) -> None:
    two_seconds_before = NOW - timedelta(seconds=2)
    refund = "A refund failed: €4.99 of FF-12345678 did not go back."
    assert texts(two_seconds_before) == [FORGOTTEN, SET_ASIDE, refund]


def test_a_round_of_reconcile_that_failed_is_told_with_its_steps(
    sale: Sale, stripe_api: StripeClient
) -> None:
    assert texts() == ["reconcile has never run: what a crash leaves open stays open."]
    reconciled(NOW, problems="disputes: APIConnectionError\nmails: OSError")
    [told] = texts()
    assert told.endswith("did not get through: disputes: APIConnectionError; mails: OSError.")
    reconciled(NOW)
    assert texts() == []


def test_programs_read_the_same_as_json(stuck_rows: None, stripe_api: StripeClient) -> None:
    told = io.StringIO()
    call_command("doctor", "--json", stdout=told)
    document: dict[str, Any] = json.loads(told.getvalue())
    assert document["can_serve"] is True
    assert [set(each) for each in document["diagnoses"]] == [
        {"severity", "text", "way_out"} for _ in document["diagnoses"]
    ]
    assert "A refund failed: €4.99 of FF-12345678 did not go back." in [
        each["text"] for each in document["diagnoses"]
    ]


# --- When a probe cannot look -------------------------------------------------


def test_a_probe_that_fails_is_told_and_the_others_look_on(
    stuck_rows: None, stripe_api: StripeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_probe(now: datetime) -> Never:
        raise RuntimeError("no idea\nwhat happened")

    probes = (broken_probe, stuck.mails_that_wait)
    monkeypatch.setattr(doctor, "ROW_PROBES", probes)
    assert texts() == [
        "Not examined: broken probe (RuntimeError: no idea).",
        "1 receipt could not be mailed.",
    ]


def test_without_its_database_no_row_is_asked_for(
    stuck_rows: None, stripe_api: StripeClient
) -> None:
    def be_away(*_: Any) -> Never:
        raise OperationalError("it hangs")

    with connection.execute_wrapper(be_away):
        assert texts() == ["The database cannot be asked: it hangs."]


def test_a_database_that_hangs_is_told_and_not_waited_for(
    sale: Sale, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other commands wait without limit."""
    limits: list[float | None] = []

    def how_long(now: datetime) -> list[Never]:
        limits.append(seconds_left())
        return []

    for name in ("DATABASE_PROBES", "ROW_PROBES"):
        monkeypatch.setattr(doctor, name, (how_long,))
    examine(NOW)
    obstacles(NOW)
    assert (limits, seconds_left()) == ([3, 3, 3], None)


@pytest.mark.verify
def test_a_server_that_takes_a_connection_and_says_nothing_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgres://shop@127.0.0.1:{silent.getsockname()[1]}/shop"
        done = manage("doctor", VAR=str(tmp_path), DATABASE_URL=url)
    assert done.returncode == 1
    assert "The database cannot be asked: " in done.stdout
    assert "Traceback" not in done.stderr
