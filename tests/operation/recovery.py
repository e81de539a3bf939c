"""A backup, what happened since, and the way back to it."""

import json
import time
from pathlib import Path
from threading import Thread

import requests

from shop.core.machine_clock import unix_seconds
from shop.sandbox.webhooks import sign
from tests.operation.closing import Finding, Json
from tests.operation.operated_shop import SALE, WEB, WEBHOOK_SECRET, OperatedShop
from tests.operation.processes import wait_until
from tests.operation.shoppers import Record, Shopper

#: The bags that are bought after the backup, by their lines, and brought once more afterwards.
BAGS_SINCE = (1, 2, 20)
DISPUTED_CARD = "pm_card_createDispute"


class Recovery:
    """One backup of a shop, and its restore."""

    def __init__(self, shop: OperatedShop, record: Record) -> None:
        self._shop, self._record = shop, record
        self._since: list[Shopper] = []
        self._book: dict[str, Json] = {}
        self._folder = Path()
        self._began_at = 0

    def back_up(self) -> None:
        """A backup by its unit, of a shop where a bank has just complained."""
        self._disputed = self._buy(2, DISPUTED_CARD)
        self._refunded = self._buy(2)
        wait_until("a bank complains", lambda: self._of(self._disputed)["disputes"] == ["open"])
        self._began_at = int(unix_seconds())
        self._shop.run_unit("flashfreeze-backup.service")
        [self._folder] = (self._shop.installation.root / "backups").iterdir()

    def sell_since(self) -> None:
        """Bags of each size; a refund and a dispute on each side of the backup."""
        self._since = [self._buy(lines) for lines in BAGS_SINCE]
        complains = self._buy(1, DISPUTED_CARD)
        staff = self._shop.staff()
        for shopper in (self._refunded, self._since[-1]):
            staff.refund_one_unit(self._of(shopper))
        self._accept_dispute()
        wait_until("a bank complains", lambda: self._of(complains)["disputes"] == ["open"])
        wait_until("a dispute is lost", lambda: self._of(self._disputed)["disputes"] == ["lost"])

    def stop(self) -> None:
        """Stop every process of the shop, once nothing is under way."""
        shop = self._shop
        shop.wait_until_settled()
        self._book = {each["number"]: each for each in shop.orders()}
        for name in (*WEB, "reconcile"):
            shop.processes[name].stop()

    def bring_back(self) -> None:
        """Restore the database by the commands that the backup printed, and start the shop."""
        shop = self._shop
        said = shop.processes.logs()["flashfreeze-backup.service"]
        for command in said.partition("then:\n")[2].splitlines():
            if not command.strip().startswith("manage.py"):
                shop.installation.shell(command, PGPASSWORD=shop.postgres.PASSWORD)
        shop.installation.manage("migrate", "--verbosity", "0")
        forgotten = self._book.keys() - {each["number"] for each in shop.orders()}
        assert len(forgotten) >= len(BAGS_SINCE), "the backup knows what came after it"
        assert self._of(self._disputed)["disputes"] == ["open"], "the backup knows how it ended"
        for name in (*WEB, "reconcile"):
            shop.processes[name].start()
        for name in WEB:
            shop.wait_until_ready(name)

    def learn(self) -> None:
        """Events come, and bags that are paid for, before, during and after ``restored``."""
        restored = ["restored", str(self._folder)]
        self._deliver_again()
        self._bring_bags_again(expected={503})
        late = Thread(target=self._deliver_again)
        late.start()
        self._record.is_undecided = True
        told = self._shop.installation.manage(*restored, status=1)
        assert f"Undecided: {SALE}" in told, told
        late.join()
        answers = ["--honor", SALE, "list", "--recalled-until", f"{SALE}=none", "list=none"]
        self._shop.installation.manage(*restored, *answers, "--extended", f"{SALE}=none")
        # Whoever was sent back to the bag comes again within a second.
        time.sleep(3)
        self._record.is_undecided = False
        self._deliver_again()
        self._bring_bags_again(expected={303})

    def compare(self) -> Finding:
        """Whether each order is what it was before the restore."""
        now = {each["number"]: each for each in self._shop.orders()}
        differing = [
            f"{number}: {name} was {before[name]}, is {now.get(number, {}).get(name)}"
            for number, before in self._book.items()
            for name in ("status", "total", "payment_intent", "offers", "refunded", "disputes")
            if now.get(number, {}).get(name) != before[name]
        ]
        return Finding("orders changed by restore", len(self._book), differing)

    def _buy(self, lines: int, card: str = "pm_card_visa") -> Shopper:
        shopper = Shopper(self._shop.seen, self._record, lines)
        shopper.fill_bag()
        shopper.buy(card)
        return shopper

    def _of(self, shopper: Shopper) -> Json:
        [order] = [each for each in self._shop.orders() if each["email"] == shopper.email]
        return order

    def _accept_dispute(self) -> None:
        """In Stripe's dashboard the operator gives in."""
        disputes, key = f"{self._shop.seen.stripe}/v1/disputes", (self._shop.seen.stripe_key, "")
        [dispute] = [
            each
            for each in requests.get(disputes, auth=key, timeout=20).json()["data"]
            if each["payment_intent"] == self._of(self._disputed)["payment_intent"]
        ]
        requests.post(f"{disputes}/{dispute['id']}/close", auth=key, timeout=20).raise_for_status()

    def _bring_bags_again(self, expected: set[int]) -> None:
        """A second tab still has the bag that was paid for, and sends it."""
        for shopper in self._since:
            status = shopper.second_tab().send_again()
            if status not in expected:
                self._record.note_problem(f"a paid bag that is sent again: {status}")

    def _deliver_again(self) -> None:
        """Deliver the events since the backup once more, as Stripe may."""
        listed = requests.get(
            f"{self._shop.seen.stripe}/v1/events",
            {"limit": 100, "created[gte]": self._began_at},
            auth=(self._shop.seen.stripe_key, ""),
            timeout=20,
        ).json()
        for event in listed["data"]:
            payload = json.dumps(event).encode()
            answer = requests.post(
                f"{self._shop.seen.url}/stripe/webhook/",
                payload,
                headers={"Stripe-Signature": sign(payload, WEBHOOK_SECRET, int(unix_seconds()))},
                verify=str(self._shop.certificate),
                timeout=20,
            )
            if answer.status_code != 200:
                self._record.note_problem(f"an event that comes again: {answer.status_code}")
