"""Keys are rotated under two web processes that sell: no price that was shown is refused."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from shop.qa.pytest_plugin.factories import new_key
from tests.support.server_processes import RunningShop, Visitor, running_shop


@pytest.mark.verify
def test_no_held_offer_is_refused_while_both_rings_are_rotated_twice(
    tmp_path: Path, stripe_base: str
) -> None:
    with selling(tmp_path, stripe_base) as (shop, answers):
        first = Visitor()
        held = first.offer(shop.servers[0])
        for ring in ("offers", "site", "offers", "site"):
            rotate(shop, ring)
        assert add(first, shop.servers[1], held) == 303, "two keys ago, and held for half an hour"
    assert answers.keys() == {303}, answers
    assert answers.total() > 20
    assert len(kids(shop, "offers")) == len(kids(shop, "site")) == 3


def rotate(shop: RunningShop, ring: str) -> None:
    before = kids(shop, ring)
    shop.manage("offer_keys", "add", "--ring", ring)
    [new] = kids(shop, ring) - before
    shop.manage("offer_keys", "activate", new, "--force", "--ring", ring)


def kids(shop: RunningShop, ring: str) -> set[str]:
    file = Path(shop.environment["OFFER_KEYS" if ring == "offers" else "SITE_KEYS"])
    return {key["kid"] for key in json.loads(file.read_text())["keys"]}


def add(visitor: Visitor, server: str, offer: str) -> int:
    return visitor.send(f"{server}/bag/add/", {"offer": offer, "quantity": "1"}).status_code


@contextmanager
def selling(folder: Path, stripe_base: str) -> Iterator[tuple[RunningShop, Counter[int]]]:
    """A shop of two processes; shoppers see a price of one and put it into the bag of the other."""
    files = {name: folder / f"{name}.json" for name in ("OFFER_KEYS", "SITE_KEYS")}
    for path in files.values():
        path.touch(mode=0o600)
        path.write_text(json.dumps({"keys": [new_key("first")]}))
    answers: Counter[int] = Counter()
    is_over = threading.Event()
    with running_shop(folder, stripe_base, **{n: str(path) for n, path in files.items()}) as shop:
        shop.travel(at="2026-11-27T11:01:00Z", running=True)

        def shop_around(here: str, there: str) -> None:
            while not is_over.is_set():
                visitor = Visitor()
                answers[add(visitor, there, visitor.offer(here))] += 1

        pairs = [shop.servers, shop.servers[::-1]]
        threads = [threading.Thread(target=shop_around, args=pair) for pair in pairs]
        for each in threads:
            each.start()
        try:
            yield shop, answers
        finally:
            is_over.set()
            for each in threads:
                each.join()
