"""The operator's whole story, chapter by chapter, on this machine's loopback.

A shop is installed from a clean clone by the documented files and sells under load, while its
operator does to it what operators do, and while it meets what befalls them.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path

from shop.core.machine_clock import unix_seconds
from tests.operation import closing
from tests.operation.closing import Finding
from tests.operation.operated_shop import SALE, OperatedShop
from tests.operation.processes import RESTART_SECONDS, wait_until
from tests.operation.recovery import Recovery
from tests.operation.shoppers import Crowd, Record, Watch
from tests.support.previous_release import previous_release


class Story:
    """The shop, and what its shoppers met in each chapter."""

    def __init__(self, root: Path, *, outage_seconds: float) -> None:
        self.shop = OperatedShop(root)
        self.record = Record()
        self.recovery = Recovery(self.shop, self.record)
        self._outage_seconds = outage_seconds

    @contextmanager
    def chapter(self, name: str) -> Iterator[None]:
        """Name what is noted from here on; say how long it took."""
        self.record.chapter = name
        began = unix_seconds()
        print(f"- {name} …", end=" ", flush=True)
        yield
        print(f"{unix_seconds() - began:.0f} s", flush=True)

    @contextmanager
    def load(self) -> Iterator[None]:
        """Shoppers come, and each web process is asked for its health and a sale page."""
        crowd = Crowd(self.shop.seen, self.record)
        with crowd, Watch(self.shop.web_urls, SALE, self.record):
            yield

    def install(self) -> None:
        """From a clean clone of the previous release to a shop that sells."""
        self.shop.install(previous_release().commit)
        self.shop.start()

    def sell(self, seconds: float) -> None:
        """Sell under load."""
        with self.load():
            time.sleep(seconds)

    def upgrade(self) -> None:
        """This release takes over while the previous one sells."""
        with self.load():
            self.shop.upgrade()
            self._wait_until_sold("by the new release")

    def rotate_keys(self) -> None:
        """Twice a new key signs, and no process is started again."""
        offer_keys = partial(self.shop.installation.manage, "offer_keys")
        with self.load():
            [first, *_] = offer_keys("list").split()
            for _ in range(2):
                [kid] = re.findall(r"Added (\S+) ", offer_keys("add", "--alg", "ES256"))
                # Caches may lack it, so it is not activated by mistake.
                offer_keys("activate", kid, status=1)
                offer_keys("activate", kid, "--force")
                self._wait_until_sold("by the new key")
            # What it signed is held.
            offer_keys("retire", first, status=1)

    def lose_database(self) -> None:
        """The database is gone for a while; then it is back."""
        with self.load():
            time.sleep(2)
            self.shop.postgres.stop()
            time.sleep(self._outage_seconds)
            self.shop.postgres.start()
            self._wait_until_sold("after the database came back")
            self._give_time_back()

    def hang_database(self) -> None:
        """The database answers nothing for a while, and refuses nothing either."""
        with self.load():
            time.sleep(2)
            self.shop.postgres.hang()
            try:
                time.sleep(self._outage_seconds)
            finally:
                self.shop.postgres.resume()
            self._wait_until_sold("after the database went on")
            self._give_time_back()

    def kill_web_processes(self) -> None:
        """Each web process is killed amid checkouts, and started again as systemd does."""
        with self.load():
            for name in ("web-a", "web-b", "web-a"):
                time.sleep(2)
                self.shop.processes[name].kill()
                time.sleep(RESTART_SECONDS)
                self.shop.processes[name].start()
                self.shop.wait_until_ready(name)
            self._wait_until_sold("after the last kill")

    def back_up(self) -> None:
        """A backup while the shop sells; then it sells on, and refunds."""
        with self.load():
            self.recovery.back_up()
            self.recovery.sell_since()

    def restore(self) -> None:
        """The database is the backup's again; the shop learns what came after it."""
        self.recovery.stop()
        with self.load():
            self.recovery.bring_back()
            self.recovery.learn()
            self._wait_until_sold("after the restore")

    def close_books(self) -> list[Finding]:
        """Settle what is open, then hold all books against each other."""
        shop, record = self.shop, self.record
        shop.wait_until_settled()
        shop.installation.manage("reconcile")
        buyers = {each.email for each in record.buyers}
        # What a killed process did not mail is mailed by reconcile, a minute later.
        with suppress(AssertionError):
            wait_until("receipts", lambda: buyers <= shop.mail_server.recipients(), within=200)
        orders, intents = shop.orders(), shop.intents()
        held = [each for each in record.offers if each.expires_at > unix_seconds() + 60]
        verdicts = shop.verdicts([asdict(each) for each in held])
        bought = [each.message for buyer in record.buyers for each in buyer.bought]
        return [
            *closing.compare(record, orders, intents),
            self.recovery.compare(),
            closing.mailed(record, shop.mail_server.recipients()),
            closing.judged(held, verdicts, bought),
            closing.answered(record),
            closing.quiet(shop.processes.logs()),
            Finding("rows that disagree", len(orders), shop.disagreement()),
            Finding("what shoppers met besides", len(record.answers), record.problems),
        ]

    def _give_time_back(self) -> None:
        staff = self.shop.staff()
        asked = partial(staff.is_asked_to_give_time_back, SALE)
        wait_until("the start page asks about the outage", asked, within=15)
        staff.give_time_back(SALE)

    def _wait_until_sold(self, when: str, orders: int = 3) -> None:
        before = len(self.record.buyers)
        wait_until(
            f"{orders} orders are paid {when}",
            lambda: len(self.record.buyers) >= before + orders,
            within=90,
        )
