"""The travelling clock of a running shop: two web processes, commands, one database."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from stripe import StripeClient

from shop.qa.pytest_plugin.client import ADDRESS
from tests.support.sampling import sampled
from tests.support.server_processes import AUTUMN, RunningShop, Visitor, running_shop

LAST_SECOND = "2026-11-27T11:14:59Z"
#: Sold at its list price at any time.
MUG = "/products/stoneware-mug/"
STAFF = {"username": "staff", "password": "travelling"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, stripe_base: str) -> Iterator[RunningShop]:
    """Two web processes, with keys of the merchant's own."""
    keys = {"keys": [{"kty": "oct", "k": "c" * 43, "kid": "k1", "status": "active"}]}
    folder = tmp_path_factory.mktemp("clock")
    with running_shop(folder, stripe_base, OFFER_KEYS=json.dumps(keys)) as shop:
        yield shop


@pytest.fixture(scope="module")
def staff(shop: RunningShop) -> dict[str, str]:
    """Someone who may enter the back office: what is typed into its form."""
    shop.run(
        "from django.contrib.auth import get_user_model;"
        f"get_user_model().objects.create_superuser({STAFF['username']!r}, "
        f"password={STAFF['password']!r})"
    )
    return {**STAFF, "next": "/merchant/"}


@pytest.fixture(scope="module")
def real_shop(shop: RunningShop) -> Iterator[str]:
    """Another server of the same shop, with the same secrets and without the clock."""
    with shop.server(QA_CLOCK="0") as address:
        yield address


@pytest.fixture(autouse=True)
def _in_real_time(shop: RunningShop) -> Iterator[None]:
    yield
    shop.travel(at=None)


@pytest.fixture
def visitor() -> Visitor:
    return Visitor()


def now_at(server: str) -> datetime:
    """What time a web process believes it is."""
    return datetime.fromisoformat(requests.get(f"{server}/healthz", timeout=10).json()["now"])


def claims(message: str) -> dict[str, Any]:
    """What an offer says, without asking whether it is true."""
    payload = message.split(".")[1]
    found: dict[str, Any] = json.loads(
        base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    )
    return found


# --- What other tools read and set --------------------------------------------


def test_a_clock_that_was_not_moved_is_real(shop: RunningShop) -> None:
    shown = requests.get(f"{shop.servers[0]}/qa/clock", timeout=10).json()
    assert shown == {
        "at": shown["real"],
        "real": shown["real"],
        "running": True,
        "travelling": False,
    }
    assert abs(datetime.fromisoformat(shown["real"]) - datetime.now(UTC)) < timedelta(seconds=2)


def test_the_next_request_to_any_process_obeys(shop: RunningShop) -> None:
    start = datetime(2026, 11, 27, 11, 0, tzinfo=UTC)
    for minute in range(20):
        at = start + timedelta(minutes=minute)
        shop.travel(minute % 2, at=at.isoformat(), running=False)
        assert [now_at(server) for server in shop.servers] == [at, at]


def test_a_clock_that_runs_goes_on_from_there_in_every_process(shop: RunningShop) -> None:
    shown = shop.travel(at=LAST_SECOND, running=True)
    assert shown["travelling"] is True
    time.sleep(1.1)
    for server in shop.servers:
        passed = now_at(server) - datetime.fromisoformat(LAST_SECOND)
        assert timedelta(seconds=1) < passed < timedelta(seconds=10)


def test_a_missing_key_keeps_its_value(shop: RunningShop) -> None:
    shop.travel(at=LAST_SECOND, running=False)
    assert shop.travel()["at"] == LAST_SECOND
    moved = shop.travel(at="2026-11-27T12:15:00+01:00")
    assert (moved["at"], moved["running"]) == ("2026-11-27T11:15:00Z", False)
    assert shop.travel(running=True)["travelling"] is True


def test_null_returns_to_real_time(shop: RunningShop) -> None:
    shop.travel(at=LAST_SECOND, running=False)
    shown = shop.travel(at=None)
    assert (shown["running"], shown["travelling"], shown["at"]) == (True, False, shown["real"])
    assert abs(now_at(shop.servers[1]) - datetime.now(UTC)) < timedelta(seconds=2)


def test_real_time_can_be_stopped(shop: RunningShop) -> None:
    shown = shop.travel(running=False)
    assert (shown["running"], shown["travelling"]) == (False, True)
    assert now_at(shop.servers[1]) == now_at(shop.servers[0])


@pytest.mark.parametrize(
    "body",
    [
        '{"at": "2026-11-27T12:14:59"}',
        '{"at": "2026-11-27"}',
        '{"at": "12:14"}',
        '{"at": "tomorrow"}',
        '{"at": ""}',
        '{"at": 1795781699}',
        '{"at": "1999-12-31T23:59:59Z"}',
        '{"at": "3000-01-01T00:00:00Z"}',
        '{"at": "9999-12-31T23:59:59-12:00"}',
        '{"running": "yes"}',
        '{"running": null}',
        '{"runing": false}',
        "[]",
        "",
        "{",
    ],
)
def test_what_is_no_instant_is_refused_and_moves_nothing(shop: RunningShop, body: str) -> None:
    shop.travel(at=LAST_SECOND, running=False)
    headers = {"Content-Type": "application/json"}
    answer = requests.post(f"{shop.servers[0]}/qa/clock", body, headers=headers, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert now_at(shop.servers[0]) == datetime.fromisoformat(LAST_SECOND)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded"])
def test_only_json_may_come_without_a_token(shop: RunningShop, content_type: str) -> None:
    for path in ("/qa/clock", "/qa/"):
        answer = requests.post(
            f"{shop.servers[0]}{path}",
            f'{{"at": "{LAST_SECOND}"}}',
            headers={"Content-Type": content_type},
            timeout=10,
        )
        assert answer.status_code == 403
    assert abs(now_at(shop.servers[0]) - datetime.now(UTC)) < timedelta(seconds=2)


# --- The panel and the bar ----------------------------------------------------


def press(shop: RunningShop, visitor: Visitor, **button: str) -> datetime:
    """Press a button of the panel; what the clock shows then."""
    answer = visitor.send(f"{shop.servers[0]}/qa/", button)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/qa/")
    return now_at(shop.servers[1])


def test_the_panel_steps_and_stops(shop: RunningShop, visitor: Visitor) -> None:
    stopped = press(shop, visitor, running="0")
    assert press(shop, visitor, running="0") == stopped
    for seconds in (1, 60, 3600, 86400, -86400, -3600, -60, -1):
        before = now_at(shop.servers[0])
        assert press(shop, visitor, step=str(seconds)) - before == timedelta(seconds=seconds)
    assert press(shop, visitor, at="2026-11-27T12:14:59") == datetime.fromisoformat(LAST_SECOND)
    press(shop, visitor, real="1")
    assert shop.travel()["travelling"] is False


def test_the_panel_goes_from_boundary_to_boundary(shop: RunningShop, visitor: Visitor) -> None:
    shop.travel(at="2026-11-27T10:00:00Z", running=False)
    stops = [
        *["2026-11-27T10:59:59Z", "2026-11-27T11:00:00Z"],
        *["2026-11-27T11:14:59Z", "2026-11-27T11:15:00Z"],
        # The last offer is issued at 11:14:59 and held for half an hour.
        *["2026-11-27T11:44:58Z", "2026-11-27T11:44:59Z"],
    ]
    instants = [datetime.fromisoformat(stop) for stop in stops]
    assert [press(shop, visitor, boundary="next") for _ in instants] == instants
    assert press(shop, visitor, boundary="next") == instants[-1]
    back = [press(shop, visitor, boundary="previous") for _ in instants[1:]]
    assert back == instants[-2::-1]


def test_a_jump_to_an_hour_that_is_skipped_is_refused(shop: RunningShop, visitor: Visitor) -> None:
    answer = visitor.send(f"{shop.servers[0]}/qa/", {"at": "2027-03-28T02:30:00"})
    assert answer.status_code == 422
    assert "The nearest times are 2027-03-28 01:59:59 and 2027-03-28 03:00:00" in answer.text


@pytest.mark.parametrize(
    "path", ["/", "/sales/autumn/", "/bag/", "/qa/", "/merchant/login/", "/no/such/page/"]
)
def test_every_page_says_its_time_is_set(shop: RunningShop, visitor: Visitor, path: str) -> None:
    shop.travel(at=LAST_SECOND, running=False)
    page = visitor.session.get(f"{shop.servers[0]}{path}", timeout=10).text
    assert "This shop’s time is not real" in page
    assert "12:14:59" in page


def test_the_bar_leads_back_to_its_page_alone(shop: RunningShop, visitor: Visitor) -> None:
    for way_back, leads_to in {
        "/sales/autumn/?from=mail": "/sales/autumn/?from=mail",
        "https://elsewhere.example/": "/qa/",
        "//elsewhere.example/": "/qa/",
        "": "/qa/",
    }.items():
        answer = visitor.send(f"{shop.servers[0]}/qa/", {"step": "1", "next": way_back})
        assert answer.headers["Location"] == leads_to


# --- What obeys ---------------------------------------------------------------


ODD_INSTANTS = [
    "2026-03-29T00:59:59Z",  # Berlin puts its clocks forward a second later
    "2026-03-29T01:00:00Z",
    "2026-10-25T00:30:00Z",  # half past two, for the first time
    "2026-10-25T01:30:00Z",  # and again
    "2028-02-29T23:59:59Z",
    "2038-01-19T03:14:08Z",  # more seconds than 31 bits hold
    "2999-12-30T00:00:00Z",
    "2000-01-02T00:00:00Z",
]


@pytest.fixture(scope="module")
def sales_at_odd_instants(shop: RunningShop) -> None:
    """Sales whose last second begins there."""
    for number, instant in enumerate(map(datetime.fromisoformat, ODD_INSTANTS)):
        sale = {
            **AUTUMN,
            "slug": f"odd-{number}",
            "title": "Odd hours",
            "starts_at": (instant - timedelta(seconds=10)).isoformat(),
            "ends_at": (instant + timedelta(seconds=1)).isoformat(),
        }
        (Path(shop.environment["VAR"]) / f"odd-{number}.json").write_text(json.dumps(sale))
    shop.run(
        "from django.conf import settings\n"
        "from django.core.management import call_command\n"
        "for file in settings.VAR.glob('odd-*.json'): call_command('load_sale', file)"
    )


@pytest.mark.parametrize("instant", sampled(ODD_INSTANTS, ODD_INSTANTS[1], ODD_INSTANTS[3]))
def test_a_promise_of_any_instant_is_kept_to_the_second(
    shop: RunningShop, visitor: Visitor, sales_at_odd_instants: None, instant: str
) -> None:
    number, at = ODD_INSTANTS.index(instant), datetime.fromisoformat(instant)
    first, second = shop.servers
    shop.travel(at=at.isoformat(), running=False)
    offer = visitor.offer(first, f"/sales/odd-{number}/")
    assert claims(offer)["iat"] == int(at.timestamp())
    assert claims(offer)["exp"] == claims(offer)["iat"] + 1800
    bought = {"offer": offer, "quantity": "1"}
    shop.travel(at=(at + timedelta(seconds=1799)).isoformat())
    assert visitor.send(f"{second}/bag/add/", bought).status_code == 303
    shop.travel(at=(at + timedelta(seconds=1800)).isoformat())
    assert 'data-verdict="expired"' in visitor.send(f"{second}/bag/add/", bought).text


def test_a_sale_in_the_hour_that_comes_twice_opens_and_closes_to_the_second(
    shop: RunningShop, visitor: Visitor
) -> None:
    shop.load_sale(
        slug="twice", starts_at="2026-10-25T02:30:00+02:00", ends_at="2026-10-25T02:30:00+01:00"
    )
    for instant, is_open in {
        "2026-10-25T00:29:59Z": False,
        "2026-10-25T00:30:00Z": True,
        "2026-10-25T01:29:59Z": True,
        "2026-10-25T01:30:00Z": False,
    }.items():
        shop.travel(at=instant, running=False)
        page = visitor.open(f"{shop.servers[1]}/sales/twice/")
        assert bool(page.select("[data-deal] input[name=offer]")) is is_open, instant


def test_a_jump_back_finds_the_sales_of_then_at_once(shop: RunningShop, visitor: Visitor) -> None:
    """What a process keeps in memory was chosen by the time that it was."""
    for server in shop.servers:
        shop.travel(at="2028-06-01T12:00:00Z", running=False)
        assert "Autumn" not in visitor.open(f"{server}/").get_text()
        shop.travel(at=LAST_SECOND)
        assert "Autumn" in visitor.open(f"{server}/").get_text()


def test_management_commands_obey(shop: RunningShop) -> None:
    shop.travel(at=LAST_SECOND, running=False)
    printed = shop.run("from django.utils.timezone import now; print(now())")
    assert printed == "2026-11-27 11:14:59+00:00"


def test_a_watching_reconcile_obeys(shop: RunningShop, visitor: Visitor, stripe_base: str) -> None:
    at_stripe = StripeClient("sk_test_development", base_addresses={"api": stripe_base})
    declined = at_stripe.v1.test_helpers.confirmation_tokens.create(
        {"payment_method": "pm_card_visa_chargeDeclined"}
    )
    server = shop.servers[0]
    shop.travel(at=LAST_SECOND, running=False)
    bought = {"offer": visitor.offer(server), "quantity": "1"}
    assert visitor.send(f"{server}/bag/add/", bought).status_code == 303
    form = {**ADDRESS, "shown_total": "499", "confirmation_token": declined.id}
    assert visitor.send(f"{server}/checkout/", form).status_code == 422
    look = "from shop.orders.models import Order; print(Order.objects.get().status)"
    assert shop.run(look) == "pending"
    shop.travel(at="2026-11-27T11:24:58Z")
    with shop.command("reconcile", "--watch", "--every", "0.2") as printed:
        time.sleep(3)
        assert printed() == ""
        shop.travel(at="2026-11-27T11:25:00Z")
        for _ in range(100):
            if printed():
                break
            time.sleep(0.1)
        assert printed().endswith("pending → expired\n")


# --- What does not ------------------------------------------------------------


def test_no_cookie_has_an_age_and_no_jump_ends_a_log_in_or_empties_a_bag(
    shop: RunningShop, visitor: Visitor, staff: dict[str, str]
) -> None:
    first, second = shop.servers
    shop.travel(at=LAST_SECOND, running=False)
    added = visitor.send(f"{first}/bag/add/", {"offer": visitor.offer(first), "quantity": "1"})
    assert added.status_code == 303
    assert visitor.send(f"{first}/merchant/login/", staff).status_code == 302
    assert len(visitor.session.cookies) >= 3
    assert [cookie.name for cookie in visitor.session.cookies if cookie.expires] == []
    for at in ("2027-06-01T00:00:00Z", "2400-01-01T00:00:00Z", "2001-01-01T00:00:00Z", None):
        shop.travel(at=at)
        for server in (first, second):
            # A log-in that has ended is sent to its form.
            back_office = visitor.session.get(f"{server}/merchant/", timeout=10)
            assert back_office.url == f"{server}/merchant/"
            assert visitor.open(f"{server}/bag/").select("[data-sku='MUG-01']")
    shop.travel(at=LAST_SECOND, running=False)
    assert visitor.open(f"{second}/bag/").select("[data-amount='499']")


def test_a_log_in_from_another_time_is_worth_nothing_in_a_real_shop(
    shop: RunningShop, visitor: Visitor, staff: dict[str, str], real_shop: str
) -> None:
    shop.travel(at="2400-01-01T00:00:00Z")
    assert visitor.send(f"{shop.servers[0]}/merchant/login/", staff).status_code == 302
    answer = visitor.session.get(f"{real_shop}/merchant/", timeout=10)
    assert "/merchant/login/" in answer.url


def test_an_offer_minted_under_a_false_clock_is_worth_nothing_in_a_real_shop(
    shop: RunningShop, visitor: Visitor, real_shop: str
) -> None:
    """With the same secrets and the same database; whatever the clock shows, real time too."""
    travelling = shop.servers[0]
    for here, there in ((travelling, real_shop), (real_shop, travelling)):
        bought = {"offer": visitor.offer(here, MUG), "quantity": "1"}
        answer = visitor.send(f"{there}/bag/add/", bought)
        assert answer.status_code == 422
        assert 'data-verdict="unknown_key"' in answer.text
        honored = {"offer": visitor.offer(there, MUG), "quantity": "1"}
        assert visitor.send(f"{there}/bag/add/", honored).status_code == 303
    false, real = [claims(visitor.offer(each, MUG))["iss"] for each in (travelling, real_shop)]
    assert false == f"{real}#qa"


def test_a_real_shop_has_no_such_clock(shop: RunningShop, visitor: Visitor, real_shop: str) -> None:
    shop.travel(at=LAST_SECOND, running=False)
    assert abs(now_at(real_shop) - datetime.now(UTC)) < timedelta(seconds=2)
    assert not visitor.open(f"{real_shop}/").select(".qa-bar")
    for path in ("/qa/", "/qa/clock"):
        assert visitor.session.get(f"{real_shop}{path}", timeout=10).status_code == 404


@pytest.mark.parametrize(("qa_clock", "imports"), [("0", "False"), ("1", "True")])
def test_freezegun_is_imported_only_where_the_clock_may_travel(
    shop: RunningShop, qa_clock: str, imports: str
) -> None:
    serve_and_print = """
import sys
import shop.wsgi
from django.test import Client
for path in ("/", "/sales/autumn/", "/bag/", "/checkout/", "/merchant/login/", "/readyz"):
    Client(headers={"host": "localhost"}).get(path)
print("freezegun" in sys.modules)
"""
    assert shop.python(serve_and_print, QA_CLOCK=qa_clock) == imports


def test_stripes_events_are_as_old_as_the_world_says(shop: RunningShop) -> None:
    shop.travel(at=LAST_SECOND, running=False)
    body = b'{"id": "evt_travelling", "type": "customer.created", "data": {"object": {}}}'
    answers = {}
    for clock, at in {"real": time.time(), "shop's": now_at(shop.servers[0]).timestamp()}.items():
        signed = hmac.new(b"whsec_development", f"{int(at)}.".encode() + body, hashlib.sha256)
        headers = {"Stripe-Signature": f"t={int(at)},v1={signed.hexdigest()}"}
        webhook = f"{shop.servers[1]}/stripe/webhook/"
        answers[clock] = requests.post(webhook, body, headers=headers, timeout=10).status_code
    assert answers == {"real": 200, "shop's": 400}


def test_the_machines_own_clocks_stay_real_while_the_shops_is_false(shop: RunningShop) -> None:
    shop.travel(at=LAST_SECOND, running=False)
    printed = shop.python(ASK_EVERY_CLOCK)
    assert printed.splitlines() == ["as it should be"] * 13


ASK_EVERY_CLOCK = """
import asyncio, email.utils, hashlib, hmac, logging, queue, threading, time
from datetime import date, datetime, timezone
import django, stripe
before = time.monotonic
django.setup()
real, false = time.clock_gettime(time.CLOCK_REALTIME), 1795778099.0
def check(holds):
    print("as it should be" if holds else "WRONG")
def in_thread(ask):
    answers = queue.Queue()
    thread = threading.Thread(target=lambda: answers.put(ask()))
    thread.start()
    thread.join()
    return answers.get()
# The shop's, at the top of a thread too.
check(time.time() == in_thread(time.time) == false)
in_utc = lambda: datetime.now(timezone.utc).timestamp()
check(in_utc() == in_thread(in_utc) == false)
check(date.today() == date(2026, 11, 27))
check(time.gmtime().tm_mday == 27)
check(email.utils.formatdate() == "Fri, 27 Nov 2026 11:14:59 -0000")
# The machine's.
uptime = time.clock_gettime(time.CLOCK_MONOTONIC)
check(time.monotonic is before and abs(time.monotonic() - uptime) < 1)
check(abs(time.monotonic_ns() / 1e9 - uptime) < 1)
check(abs(in_thread(time.perf_counter) - uptime) < 1)
check(abs(time.perf_counter_ns() / 1e9 - uptime) < 1)
loop = asyncio.new_event_loop()
check(abs(loop.time() - uptime) < 1)
loop.close()
check(abs(logging.makeLogRecord({}).created - real) < 5)
# Stripe's library: a signature of now is recent, and one of the shop's now is not.
from stripe import Webhook, SignatureVerificationError
def construct(at):
    signature = hmac.new(b"whsec", f"{int(at)}.{{}}".encode(), hashlib.sha256).hexdigest()
    try:
        return Webhook.construct_event("{}", f"t={int(at)},v1={signature}", "whsec")
    except SignatureVerificationError as error:
        return "tolerance" not in str(error)
check(construct(real) is not False)
check(construct(real - 400) is False)
"""
