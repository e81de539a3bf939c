"""The staff at work beside a rush: an upload and an import keep no checkout waiting.

The shop is one process as it is run in production, and six shoppers buy all the time.
"""

import io
import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from statistics import median
from threading import Event
from typing import Any

import pytest
import requests
from bs4 import BeautifulSoup
from PIL import Image
from stripe import StripeClient

from shop.core.machine_clock import monotonic_seconds
from shop.qa.pytest_plugin.client import ADDRESS
from tests.support.server_processes import RunningShop, Visitor, shop_environment

SHOPPERS, SECONDS = 6, 1.0
#: How long a shopper looks at an order before the next: six that never look would be a crowd, which
#: waits for itself, and keep this machine's processors busy with being shoppers.
LOOKS = 1.0
#: A card of the stand-in that no limit counts.
CARD = "pm_card_standIn_noFingerprint"
STAFF = {"username": "staff", "password": "a long walk in the snow"}
ROWS = 20_000
HEADER = "sku,name,currency,list_price,variant_sku,variant,supplied\n"


def key_set(kid: str) -> str:
    return json.dumps({"keys": [{"kty": "oct", "k": "c" * 43, "kid": kid, "status": "active"}]})


@dataclass
class Rush:
    """Six shoppers who buy a mug every second or so; how long each checkout took, in seconds."""

    server: str
    stripe: StripeClient
    numbers: Iterator[int] = field(default_factory=count)
    took: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @contextmanager
    def going_on(self) -> Iterator["Rush"]:
        """The rush, until the block is over; what was bought before it does not count."""
        self.took.clear()
        over = Event()
        with ThreadPoolExecutor(SHOPPERS) as shoppers:
            bought = [shoppers.submit(self._buy_until, over) for _ in range(SHOPPERS)]
            try:
                time.sleep(1)
                yield self
                time.sleep(0.5)
            finally:
                over.set()
        for each in bought:
            each.result()

    def _buy_until(self, over: Event) -> None:
        while not over.is_set():
            visitor = Visitor()
            number = next(self.numbers)
            offer = visitor.offer(self.server)
            visitor.send(f"{self.server}/bag/add/", {"offer": offer, "quantity": "1"})
            tokens = self.stripe.v1.test_helpers.confirmation_tokens
            form = {
                **ADDRESS,
                "email": f"shopper-{number}@example.org",
                "shown_total": "499",
                "confirmation_token": tokens.create({"payment_method": CARD}).id,
            }
            began = monotonic_seconds()
            answer = visitor.send(f"{self.server}/checkout/", form)
            self.took.append(monotonic_seconds() - began)
            if answer.status_code != 303:
                said = BeautifulSoup(answer.text, "html.parser").select_one("main")
                text = " ".join(said.get_text(" ").split())[:300] if said else answer.text[:300]
                self.wrong.append(f"{answer.status_code} {text}")
            over.wait(LOOKS)

    def say(self, what: str, database: str) -> float:
        """Print how long checkouts took; the longest of them, in seconds."""
        longest = max(self.took)
        print(
            f"\n{what}, {database}: {len(self.took)} checkouts of {SHOPPERS} shoppers, "
            f"median {median(self.took) * 1e3:.0f} ms, longest {longest * 1e3:.0f} ms, "
            f"{len(self.wrong)} not answered by an order {set(self.wrong[:3]) or ''}"
        )
        return longest


class Desk(Visitor):
    """A member of the staff, logged in."""

    def __init__(self, server: str) -> None:
        super().__init__()
        self.server = server
        self.open(f"{server}/merchant/login/")
        form = {**STAFF, "next": "/merchant/"}
        assert self.send(f"{server}/merchant/login/", form).status_code == 302

    def upload(self, path: str, fields: dict[str, Any], **files: bytes) -> str:
        """Send a form with files; the page that comes of it, after redirects."""
        answer = self.session.post(
            f"{self.server}{path}",
            fields,
            files={name: (f"{name}.jpg", content) for name, content in files.items()},
            headers={"Sec-Fetch-Site": "same-origin"},
            timeout=300,
        )
        assert answer.status_code == 200, answer.text[:2000]
        return answer.text


@pytest.fixture
def shop(tmp_path: Path, stripe_base: str, either_database: str) -> Iterator[RunningShop]:
    """A shop without DEBUG, one process of eight threads, with a sale that runs now."""
    environment = shop_environment(
        tmp_path,
        stripe_base,
        DEBUG="0",
        HTTPS="0",
        QA_CLOCK="0",
        SECRET_KEY="of the tests alone",
        ALLOWED_HOSTS="127.0.0.1",
        OFFER_KEYS=key_set("offers"),
        SITE_KEYS=key_set("site"),
        OFFER_ISSUER="http://127.0.0.1",
        EMAIL_URL="dummymail://",
        STRIPE_SECRET_KEY="sk_test_development",
        STRIPE_PUBLISHABLE_KEY="pk_test_development",
        STRIPE_WEBHOOK_SECRET="whsec_development",
    )
    shop = RunningShop(environment)
    shop.manage("migrate", "--verbosity", "0")
    shop.manage("collectstatic", "--noinput", "--verbosity", "0")
    now = datetime.now(UTC).replace(microsecond=0)
    begins, ends = now - timedelta(hours=1), now + timedelta(hours=1)
    mug = {"sku": "MUG-01", "name": "Mug", "list_price": 4990, "price": 499, "currency": "EUR"}
    deals = [{**mug, "stock": 1_000_000}]
    shop.load_sale(starts_at=begins.isoformat(), ends_at=ends.isoformat(), deals=deals)
    shop.run(
        "from django.contrib.auth import get_user_model;"
        f"get_user_model().objects.create_superuser({STAFF['username']!r}, "
        f"password={STAFF['password']!r})"
    )
    with shop.server(threads=8) as server:
        shop.servers = [server]
        yield shop


def fields_of(page: BeautifulSoup) -> dict[str, str]:
    """What a browser would send of a product's form, untouched."""
    fields = {}
    for each in page.select("#product_form input[name], #product_form textarea[name]"):
        if each.get("type") not in {"file", "submit", "checkbox"} or each.has_attr("checked"):
            fields[str(each["name"])] = str(each.get("value", each.get_text()))
    return {name: value for name, value in fields.items() if not name.startswith("_")}


def photo_of_24_megapixels() -> bytes:
    """As a camera makes it: with noise, which is the hardest to encode."""
    target = io.BytesIO()
    Image.effect_noise((6000, 4000), 60).convert("RGB").save(target, "JPEG", quality=80)
    return target.getvalue()


def table(price: str) -> bytes:
    rows = (f"P-{n:05},Product {n},EUR,{price},,,{n % 90}\n" for n in range(ROWS))
    return (HEADER + "".join(rows)).encode()


@pytest.mark.verify
def test_an_upload_and_an_import_keep_no_checkout_waiting(
    shop: RunningShop, stripe_base: str, either_database: str
) -> None:
    # What others paid at the stand-in would look like orders that this shop has forgotten.
    requests.post(f"{stripe_base}/reset", timeout=5).raise_for_status()
    [server] = shop.servers
    stripe = StripeClient("sk_test_development", base_addresses={"api": stripe_base})
    rush, desk = Rush(server, stripe), Desk(server)
    longest: dict[str, float] = {}
    confirm: list[str] = []
    photo = photo_of_24_megapixels()

    def beside(what: str, work: Callable[[], None]) -> None:
        with rush.going_on():
            began = monotonic_seconds()
            work()
            took = monotonic_seconds() - began
        longest[what] = rush.say(f"{what} ({took:.1f} s)", either_database)

    beside("Nothing", lambda: time.sleep(3))
    beside("A photo of 24 MP", lambda: send_photo(desk, photo))
    beside(f"The preview of {ROWS} rows", lambda: confirm.append(preview(desk, table("19.90"))))
    beside(f"Writing {ROWS} new rows", lambda: write(desk, confirm.pop()))
    confirm.append(preview(desk, table("9.90")))
    beside(f"Writing {ROWS} changed rows", lambda: write(desk, confirm.pop()))
    assert rush.wrong == []
    # Where a checkout takes as long beside nothing, the machine has other things to do.
    most = max(SECONDS, 2 * longest.pop("Nothing"))
    assert {what: took for what, took in longest.items() if took > most} == {}


def send_photo(desk: Desk, content: bytes) -> None:
    page = desk.open(f"{desk.server}/merchant/catalog/product/1/change/")
    path = "/merchant/catalog/product/1/change/"
    answer = desk.upload(path, {**fields_of(page), "_save": "Save"}, picture=content)
    assert "was changed successfully" in answer, re.findall(r"errorlist.*", answer)


def preview(desk: Desk, content: bytes) -> str:
    """Look at a file; the token that confirms it."""
    page = desk.upload("/merchant/catalog/product/import/", {}, import_file=content)
    found = re.search(r'name="file" value="([^"]+)"', page)
    assert found, page[:3000]
    return found[1]


def write(desk: Desk, token: str) -> None:
    """Confirm a file, and wait until all of it is written."""
    page = desk.upload("/merchant/catalog/product/process_import/", {"file": token})
    found = re.search(r'hx-get="([^"]+)"', page)
    assert found, page[:3000]
    while "It is being written" in page:
        time.sleep(1)
        page = str(desk.open(f"{desk.server}{found[1]}"))
    assert f"{ROWS:,} of {ROWS:,} rows" in page, page[:3000]
