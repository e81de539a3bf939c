"""A sale is rehearsed from the back office: a process is started, and its report shown."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import IO

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from freezegun.api import FrozenDateTimeFactory
from pytest_django import Settings

from shop.catalog.models import Variant
from shop.merchant.rehearsals import runs
from shop.merchant.rehearsals.runs import rehearsals_of, start, terms_of
from shop.qa.pytest_plugin.back_office import Merchant
from shop.qa.pytest_plugin.client import HtmlPage
from shop.qa.pytest_plugin.factories import CLOSES, HOLD, OPENS, ROOT, make_sale
from shop.qa.rehearsal import isolated_process
from shop.qa.rehearsal.isolated_process import REPORT_JSON, WORK
from shop.qa.rehearsal.progress import Progress
from shop.sales.holds import extend
from shop.sales.lifecycle import publish, unpublish
from shop.sales.models import Sale
from shop.staff.models import Staff
from shop.staff.roles import Role, give_role
from tests.support.rehearsal_files import BROKEN, FOUND, PICTURE, leave, running

PATH = "/merchant/sales/autumn/rehearsal/"

type Processes = list[subprocess.Popen[bytes]]


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Path:
    """Where the rehearsals of the sale are, which has none yet."""
    settings.VAR = tmp_path
    return tmp_path / "rehearsals" / "autumn"


@pytest.fixture
def alive(monkeypatch: pytest.MonkeyPatch) -> Iterator[Processes]:
    """Processes that do nothing, in the place of those that rehearse."""
    started: Processes = []

    def wait(slug: str, run: Path, lock: IO[str], now: datetime) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(["sleep", "60"], stdin=subprocess.PIPE, pass_fds=[lock.fileno()])
        started.append(process)
        return process

    monkeypatch.setattr(runs, "_start_process", wait)
    yield started
    for process in started:
        process.kill()
        process.wait()


def begin(after: int = 0) -> bool:
    return start("autumn", after=after, by="olga", terms="", now=OPENS)


def page_of(merchant: Merchant, query: str = "") -> HtmlPage:
    return merchant.open(PATH + query)


# --- What the page says -------------------------------------------------------


def test_a_sale_that_was_not_rehearsed_yet_says_so_and_has_a_button(
    sale: Sale, merchant: Merchant, folder: Path
) -> None:
    page = page_of(merchant)
    assert "It has not been rehearsed yet." in page.text
    assert page.one("#rehearsal button").text == "Rehearse it"
    assert not folder.exists()


def test_who_may_not_change_sales_reads_findings_without_a_button(sale: Sale, folder: Path) -> None:
    leave(folder, found=FOUND)
    viewer, client = Staff.objects.create_user("vera", is_staff=True), Client()
    give_role(viewer, Role.VIEWER)
    client.force_login(viewer)
    page = HtmlPage(200, PATH, client.get(PATH).content.decode())
    assert "Every promise was kept." in page.text
    assert page.soup.select("#rehearsal button") == []
    assert client.post(PATH, {"after": 1}).status_code == 403
    picture = reverse("admin:sale_rehearsal_picture", args=["autumn", 1])
    assert client.get(picture).status_code == 200


def test_while_one_runs_the_page_says_since_when_and_asks_again_every_two_seconds(
    sale: Sale, merchant: Merchant, folder: Path
) -> None:
    leave(folder, at=OPENS + timedelta(seconds=7))
    with running(folder):
        page = page_of(merchant)
    assert "Since 12:00:07, Berlin time, for olga" in page.text
    assert page.one("#rehearsal section")["hx-trigger"] == "every 2s"
    assert page.soup.select("#rehearsal form") == []
    assert page.one("noscript a")["href"] == PATH


def test_while_one_runs_the_page_says_which_scenario_of_how_many(
    sale: Sale, merchant: Merchant, folder: Path
) -> None:
    leave(folder, progress=Progress(3, 18, "recalled", "If offers are recalled", 2))
    with running(folder):
        page = page_of(merchant)
    assert "Scenario 3 of 18: If offers are recalled 2 broken so far" in page.text
    assert (page.one("progress")["value"], page.one("progress")["max"]) == ("2", "18")


def test_a_still_page_asks_for_nothing(sale: Sale, merchant: Merchant, folder: Path) -> None:
    leave(folder)
    with running(folder):
        page = page_of(merchant, "?still")
    assert page.soup.select("[hx-get], script[src*=htmx]") == []
    assert "Look again" in page.text


def test_when_every_promise_was_kept_it_says_so_and_when_and_shows_the_picture(
    sale: Sale, merchant: Merchant, folder: Path
) -> None:
    leave(folder, found=FOUND, terms=terms_of(sale))
    page = page_of(merchant)
    assert page.one("#rehearsal .promise").text == "Every promise was kept."
    assert "Rehearsed on Friday, 27 November, 12:00, Berlin time, for olga" in page.text
    assert "101 offers presented, 23 orders paid, 84 pages read, in 11 s." in page.text
    assert "2 of 6 deals were rehearsed, one of each kind." in page.text
    assert "was changed" not in page.text
    assert page.one("iframe")["src"] == f"{PATH}1/picture/"


def test_broken_promises_are_listed_each_in_its_sentence_and_with_its_scenario(
    sale: Sale, merchant: Merchant, folder: Path
) -> None:
    leave(folder, found=BROKEN)
    page = page_of(merchant)
    assert "Promises were broken, in 2 places." in page.text
    assert [each.text for each in page.soup.select("#rehearsal .alarm li")] == [
        "Checkout refused a second early.",
        "If offers are recalled: the bag took it.",
    ]
    assert [each.text for each in page.soup.select(".scenarios .tag")] == ["1 broken", "1 broken"]


def test_a_killed_one_is_named_and_is_over(sale: Sale, merchant: Merchant, folder: Path) -> None:
    leave(folder)
    page = page_of(merchant)
    assert "found nothing. It was ended before it was over." in page.text
    assert page.one("#rehearsal button").text == "Rehearse it again"


def test_the_problem_of_the_last_one_is_said(sale: Sale, merchant: Merchant, folder: Path) -> None:
    leave(folder, problem="It took longer than 120 s.")
    assert "found nothing. It took longer than 120 s." in page_of(merchant).text


def test_the_one_before_is_still_shown_when_the_last_one_found_nothing(
    sale: Sale, merchant: Merchant, folder: Path
) -> None:
    leave(folder, found=FOUND)
    leave(folder, 2)
    page = page_of(merchant)
    assert "The one before it: every promise was kept." in page.text
    assert page.one("[name=after]")["value"] == "2"
    assert page.one("iframe")["src"] == f"{PATH}1/picture/"


def test_half_written_findings_are_not_shown(sale: Sale, merchant: Merchant, folder: Path) -> None:
    leave(folder)
    (folder / "1" / REPORT_JSON).write_text('{"kept": true, "scen')
    assert "ended before it was over" in page_of(merchant).text


def test_htmx_gets_what_changes_and_says_the_outcome_to_who_does_not_see_it(
    sale: Sale, merchant: Merchant, folder: Path
) -> None:
    leave(folder, found=FOUND)
    answer = merchant.client.get(PATH, headers={"HX-Request": "true"}).content.decode()
    page = HtmlPage(200, PATH, answer)
    assert page.soup.select("h1") == []
    assert page.one("#outcome[hx-swap-oob]").text == "Rehearsed: every promise was kept."
    with running(folder):
        answer = merchant.client.get(PATH, headers={"HX-Request": "true"}).content.decode()
    assert "outcome" not in answer


# --- Whether the sale was changed since -----------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda sale: sale.deals.filter(product__sku="MUG-01").update(price=450),
        lambda sale: Sale.objects.update(ends_at=sale.ends_at + timedelta(seconds=1)),
        lambda sale: extend(sale=sale, seconds=60, by=None, now=OPENS),
    ],
    ids=["cheaper", "later", "held longer"],
)
def test_a_sale_that_promises_something_else_was_changed_since(
    sale: Sale, merchant: Merchant, folder: Path, change: Callable[[Sale], object]
) -> None:
    leave(folder, found=FOUND, terms=terms_of(sale))
    change(sale)
    assert "The sale was changed since." in page_of(merchant).text


@pytest.mark.parametrize(
    "change",
    [
        lambda _: Sale.objects.update(title="Fall"),
        lambda sale: (Variant.objects.update(claimed=3), sale.deals.update(claimed=3)),
        lambda _: Variant.objects.update(stock=500),
        lambda sale: (unpublish(sale, now=OPENS), publish(sale, now=OPENS)),
    ],
    ids=["renamed", "sold", "supplied", "published anew"],
)
def test_words_stock_and_publishing_change_no_promise(
    sale: Sale, merchant: Merchant, folder: Path, change: Callable[[Sale], object]
) -> None:
    leave(folder, found=FOUND, terms=terms_of(sale))
    change(sale)
    assert "was changed" not in page_of(merchant).text


# --- The picture ----------------------------------------------------------------


def test_the_picture_is_served_as_it_was_drawn_with_a_policy_of_its_own(
    sale: Sale, merchant: Merchant, folder: Path
) -> None:
    leave(folder, found=FOUND)
    answer = merchant.client.get(f"{PATH}1/picture/")
    assert answer.getvalue().decode() == PICTURE
    assert answer["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; "
        "frame-ancestors 'self'"
    )
    assert answer["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.parametrize("number", [2, 3])
def test_there_is_no_picture_of_one_that_found_nothing_or_is_not_there(
    sale: Sale, merchant: Merchant, folder: Path, number: int
) -> None:
    leave(folder, found=FOUND)
    leave(folder, 2)
    assert merchant.client.get(f"{PATH}{number}/picture/").status_code == 404


# --- The start page ---------------------------------------------------------------


@pytest.mark.parametrize(("found", "is_named"), [(FOUND, False), (BROKEN, True), (None, False)])
def test_the_start_page_names_a_sale_whose_rehearsal_found_broken_promises(
    sale: Sale, merchant: Merchant, folder: Path, found: object, is_named: bool
) -> None:
    leave(folder, found=found)
    words = "Autumn was rehearsed on Friday, 27 November, 12:00, Berlin time, and promises were"
    assert (words in merchant.open("/merchant/").text) == is_named


# --- The process ------------------------------------------------------------------


def test_one_is_started_at_a_time_and_another_when_it_is_over(alive: Processes) -> None:
    assert begin()
    assert not begin(after=1)
    assert rehearsals_of("autumn").running is not None
    alive[0].kill()
    alive[0].wait()
    assert rehearsals_of("autumn").running is None
    assert begin(after=1)
    assert rehearsals_of("autumn").number == 2


def test_of_many_who_start_at_once_one_does(alive: Processes) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(lambda _: begin(), range(8))) == [False] * 7 + [True]
    assert len(alive) == 1


def test_a_form_that_is_sent_again_when_it_is_over_starts_nothing(
    sale: Sale, merchant: Merchant, alive: Processes
) -> None:
    assert merchant.client.post(PATH, {"after": 0}).status_code == 302
    alive[0].kill()
    alive[0].wait()
    for after in (0, "many"):
        answer = merchant.client.post(PATH, {"after": after}, follow=True).content.decode()
        assert "could not be started" not in answer
    assert len(alive) == 1


def test_what_cannot_be_started_is_said_and_leaves_nothing(
    sale: Sale, merchant: Merchant, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(slug: str, run: Path, lock: IO[str], now: datetime) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(runs, "_start_process", fail)
    answer = merchant.client.post(PATH, {"after": 0}, follow=True).content.decode()
    assert "It could not be started: Resource temporarily unavailable." in answer
    assert "It has not been rehearsed yet." in answer


def test_what_older_ones_left_is_thrown_away_but_for_the_last_that_found_something(
    folder: Path, alive: Processes
) -> None:
    leave(folder, 1, found=FOUND)
    leave(folder, 2, found=FOUND)
    leave(folder, 3)
    begin(after=3)
    assert sorted(each.name for each in folder.iterdir() if each.is_dir()) == ["2", "4"]


def test_readers_do_not_keep_one_from_starting(alive: Processes) -> None:
    begin()
    alive[0].kill()
    alive[0].wait()
    with ThreadPoolExecutor(8) as pool:
        looks = [pool.submit(rehearsals_of, "autumn") for _ in range(100)]
        assert begin(after=1)
        assert all(each.result().number in {1, 2} for each in looks)


# --- The real one -------------------------------------------------------------------


@pytest.fixture
def shop_of_its_own(
    transactional_db: None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    clock: FrozenDateTimeFactory,
) -> Sale:
    """A sale that opens, in a database that other processes find, too."""
    given = connection.settings_dict
    url = f"postgres://{given['USER']}@/{given['HOST']}/{given['NAME']}"
    if connection.vendor == "sqlite":
        url = f"sqlite:///{given['NAME']}"
    monkeypatch.setenv("DATABASE_URL", url)
    return make_sale(starts_at=OPENS, ends_at=CLOSES, hold=HOLD)


def zombies() -> list[str]:
    """Children of this process that ended and were not waited for."""
    tasks = Path("/proc/self/task").iterdir()
    children = [pid for task in tasks for pid in (task / "children").read_text().split()]
    states = {pid: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2] for pid in children}
    return [pid for pid, state in states.items() if state.split()[0] == "Z"]


def test_a_sale_is_rehearsed_by_a_button(
    shop_of_its_own: Sale, merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = partial(isolated_process.start, only=["as-configured", "refund"])
    monkeypatch.setattr(isolated_process, "start", few)
    button = page_of(merchant).one("#rehearsal form")
    assert button["action"] == PATH
    merchant.client.post(PATH, {"after": 0})
    assert "It is being rehearsed" in page_of(merchant).text
    until = time.monotonic() + runs.TIMEOUT
    while rehearsals_of("autumn").running and time.monotonic() < until:
        time.sleep(0.2)
    page = page_of(merchant)
    assert "Every promise was kept." in page.text, page.text
    assert "was changed" not in page.text
    assert page.soup.select(".scenarios .holds")
    picture = merchant.client.get(str(page.one("iframe")["src"])).getvalue().decode()
    assert "Every promise was kept." in picture
    time.sleep(0.2)
    assert zombies() == []


def test_of_a_sale_that_is_over_the_page_says_that_nothing_is_left_to_rehearse(
    shop_of_its_own: Sale, merchant: Merchant, clock: FrozenDateTimeFactory
) -> None:
    clock.move_to(CLOSES + HOLD)
    answer = merchant.client.post(PATH, {"after": 0}, follow=True).content.decode()
    assert "Nothing is left of it to rehearse" in answer
    assert "It has not been rehearsed yet." in answer


def test_why_a_sale_cannot_be_rehearsed_is_said(shop_of_its_own: Sale, merchant: Merchant) -> None:
    shop_of_its_own.deals.update(withdrawn=True)
    answer = merchant.client.post(PATH, {"after": 0}, follow=True).content.decode()
    assert "Autumn has no deals that its page would show. Add one, then rehearse it." in answer
    assert "It has not been rehearsed yet." in answer


@pytest.mark.verify
def test_a_rehearsal_ends_with_its_parent_process(shop_of_its_own: Sale, folder: Path) -> None:
    code = (
        "import time\nfrom django.utils import timezone\n"
        "from shop.merchant.rehearsals.runs import start\n"
        "start('autumn', after=0, by='olga', terms='', now=timezone.now())\ntime.sleep(60)"
    )
    starter = subprocess.Popen(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", code],
        cwd=ROOT,
        env={**os.environ, "VAR": str(folder.parents[1])},
    )
    work, until = folder / "1" / WORK, time.monotonic() + 30
    while not (work / "rehearsal.sqlite3").exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert rehearsals_of("autumn").running
    starter.kill()
    starter.wait()
    until = time.monotonic() + 10
    while rehearsals_of("autumn").running and time.monotonic() < until:
        time.sleep(0.05)
    assert rehearsals_of("autumn").problem == "It was ended before it was over."
    assert not work.exists()
