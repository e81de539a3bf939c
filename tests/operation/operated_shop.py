"""A shop as an operator runs it: its machine, its processes, and what each is started by."""

import json
import os
import secrets
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import requests

from shop.core.machine_clock import unix_seconds
from tests.operation.back_office import NAME, PASSWORD, Staff
from tests.operation.closing import Json
from tests.operation.installation import ROOT, Command, Installation, Ports
from tests.operation.machine import Postgres, free_ports, make_certificate, program
from tests.operation.mail_server import MailServer
from tests.operation.processes import Processes, answers, wait_until
from tests.operation.shoppers import Record, Shop, Shopper

SALE = "operators-sale"
DEALS = 24
STRIPE_KEY, WEBHOOK_SECRET = "sk_test_operators_story", "whsec_operators_story"
WEB = ("web-a", "web-b")


class OperatedShop:
    """Two web processes behind nginx, pgbouncer, PostgreSQL, reconcile and Stripe's stand-in."""

    def __init__(self, root: Path) -> None:
        https, http, web_a, web_b, postgres, pgbouncer, stripe, mail = free_ports(8)
        self.ports = Ports(https, http, (web_a, web_b), postgres, pgbouncer, stripe)
        self.postgres = Postgres(_made(root / "postgres"), postgres)
        self.installation = Installation(root, self.postgres.programs)
        self.certificate = make_certificate(root / "etc" / "tls")
        self.mail_server, self._mail_port = MailServer(mail), mail
        self._secret_key = secrets.token_urlsafe(48)
        self.processes = Processes(root / "logs")
        self.web_urls = [f"http://127.0.0.1:{port}" for port in self.ports.web]
        self.seen = Shop(
            url=f"https://localhost:{https}",
            certificate=str(self.certificate),
            stripe=f"http://127.0.0.1:{stripe}",
            stripe_key=STRIPE_KEY,
            sale=SALE,
        )

    def close(self) -> None:
        """End everything that was started."""
        self.processes.stop_all()
        self.postgres.stop()
        self.mail_server.close()

    def install(self, commit: str) -> None:
        """From a clean clone to a database with a sale and an owner, as docs/operating.md says."""
        here = self.installation
        here.switch_to(here.install_release("first", commit))
        self._write_settings()
        here.check_units()
        here.manage("offer_keys", "add", "--alg", "ES256")
        here.manage("offer_keys", "add", "--ring", "site")
        here.manage("migrate", "--verbosity", "0")
        here.manage("collectstatic", "--noinput", "--verbosity", "0")
        here.manage(
            *["createsuperuser", "--noinput", "--username", NAME, "--email", "owner@example.org"],
            DJANGO_SUPERUSER_PASSWORD=PASSWORD,
        )
        here.manage("doctor")
        here.manage("load_sale", "-", text=json.dumps(open_sale()))

    def upgrade(self) -> None:
        """To this release, process by process, as docs/operating.md says."""
        here = self.installation
        release = here.install_release("second")
        for command in (
            ["migrate", "--verbosity", "0"],
            ["collectstatic", "--noinput", "--verbosity", "0"],
            ["doctor"],
        ):
            here.manage(*command, RELEASE=f"releases/{release.name}")
        here.switch_to(release)
        self._write_settings()
        here.check_units()
        # Writes the new release's.
        self._nginx()
        self.processes["nginx"].reload()
        for name in WEB:
            self.processes[name].restart()
            self.wait_until_ready(name)
        self.processes["reconcile"].restart()

    def staff(self) -> Staff:
        """The shop's owner, logged in."""
        return Staff(self.seen.url, self.seen.certificate)

    def run_unit(self, name: str) -> None:
        """Run a unit that ends by itself."""
        self.processes.run(name, self.installation.unit(name))

    def _write_settings(self) -> None:
        here = self.installation
        here.write_settings(
            "shop.env",
            {
                "SECRET_KEY": self._secret_key,
                "ALLOWED_HOSTS": "localhost",
                "SHOP_URL": self.seen.url,
                "OFFER_ISSUER": self.seen.url,
                "DATABASE_URL": self.postgres.url(),
                "STRIPE_SECRET_KEY": STRIPE_KEY,
                "STRIPE_PUBLISHABLE_KEY": "pk_test_operators_story",
                "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
                "EMAIL_URL": f"smtp://127.0.0.1:{self._mail_port}",
            },
            STRIPE_API_BASE=self.seen.stripe,
        )
        here.write_settings("web.env", {"DATABASE_URL": self.postgres.url(self.ports.pgbouncer)})

    def start(self) -> None:
        """Start every process, and wait until the shop answers by nginx."""
        start = self.processes.start
        start("stripe", self._stripe)
        start("pgbouncer", self._pgbouncer)
        for name in WEB:
            start(name, partial(self.web_unit, name))
        for name in WEB:
            self.wait_until_ready(name)
        start("reconcile", lambda: self.installation.unit("flashfreeze-reconcile.service"))
        start("nginx", self._nginx)
        wait_until(
            "the shop answers", lambda: Shopper(self.seen, Record(), 1, patience=5).look() != []
        )

    def web_unit(self, name: str) -> Command:
        """What starts a web process."""
        port = self.ports.web[WEB.index(name)]
        return self.installation.unit("flashfreeze-web@.service", str(port))

    def wait_until_ready(self, name: str) -> None:
        """Wait until a web process says that it can serve."""
        url = f"http://localhost:{self.ports.web[WEB.index(name)]}/readyz"
        wait_until(f"{name} is ready", lambda: answers(url), within=60)

    def wait_until_settled(self) -> None:
        """Wait until no order is open."""
        open_ones = {"pending", "requires_action", "processing"}
        wait_until(
            "every order is settled",
            lambda: not any(order["status"] in open_ones for order in self.orders()),
            within=90,
        )

    def orders(self) -> list[Json]:
        """The order book."""
        found: list[Json] = json.loads(self._ask("book"))
        return found

    def intents(self) -> list[Json]:
        """The stand-in's ledger."""
        ledger = requests.get(f"{self.seen.stripe}/ledger", timeout=30).json()
        found: list[Json] = ledger["intents"]
        return found

    def verdicts(self, offers: list[Json]) -> list[str]:
        """The verdict on each offer."""
        found: list[str] = json.loads(self._ask("judge", offers))
        return found

    def disagreement(self) -> list[str]:
        """How the rows disagree with each other or with the ledger."""
        try:
            self._ask("check", self.intents())
        except AssertionError as error:
            return [str(error)[-2000:]]
        return []

    def _ask(self, what: str, given: Any = None) -> str:
        return self.installation.python(["-m", "tests.operation.inside", what], json.dumps(given))

    def _stripe(self) -> Command:
        line = [
            *[sys.executable, "-m", "shop.sandbox", "--port", str(self.ports.stripe)],
            *["--db", str(self.installation.root / "stripe.sqlite3")],
            *["--webhook-url", f"{self.seen.url}/stripe/webhook/"],
            *["--webhook-secret", WEBHOOK_SECRET],
        ]
        trusting = {**os.environ, "SSL_CERT_FILE": str(self.certificate)}
        return Command(line, ROOT, trusting)

    def _pgbouncer(self) -> Command:
        here, ports = self.installation, self.ports
        users = here.write("userlist.txt", f'"{Postgres.USER}" "{Postgres.PASSWORD}"\n')
        edits = {
            "port=5432": f"port={ports.postgres}",
            "listen_port = 6432": f"listen_port = {ports.pgbouncer}",
            "/etc/pgbouncer/userlist.txt": users,
        }
        path = here.write("pgbouncer.ini", here.text("pgbouncer.ini", edits))
        # It refuses to run as root.
        for each in (users, path):
            os.chown(each, self.postgres.owner, -1)
        owner = ["setpriv", f"--reuid={self.postgres.owner}", "--clear-groups"]
        as_owner = owner if os.geteuid() == 0 else []
        return Command([*as_owner, program("pgbouncer"), str(path)], here.root, here.environment)

    def _nginx(self) -> Command:
        here, ports = self.installation, self.ports
        edits = {
            "server 127.0.0.1:8000": f"server 127.0.0.1:{ports.web[0]}",
            "server 127.0.0.1:8001": f"server 127.0.0.1:{ports.web[1]}",
            "listen 80": f"listen 127.0.0.1:{ports.http}",
            "listen 443": f"listen 127.0.0.1:{ports.https}",
            "server_name shop.example": "server_name localhost",
            "/etc/letsencrypt/live/shop.example": self.certificate.parent,
        }
        site = here.write("site.conf", here.text("nginx.conf", edits))
        path = here.write("nginx.conf", AROUND_A_SITE.format(root=here.root, site=site))
        line = [program("nginx"), "-e", "stderr", "-p", str(here.root), "-c", str(path)]
        return Command(line, here.root, here.environment)


#: What Debian's nginx.conf does around a site.
AROUND_A_SITE = """
user www-data;
daemon off;
pid {root}/nginx.pid;
error_log stderr warn;
worker_processes 2;
events {{ worker_connections 768; }}
http {{
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    access_log off;
    client_body_temp_path {root}/nginx-body;
    proxy_temp_path {root}/nginx-proxy;
    fastcgi_temp_path {root}/nginx-fastcgi;
    uwsgi_temp_path {root}/nginx-uwsgi;
    scgi_temp_path {root}/nginx-scgi;
    include {site};
}}
"""


def open_sale() -> Json:
    """A sale that opened a minute ago, with 24 deals of which each third has variants."""
    now = datetime.fromtimestamp(unix_seconds(), UTC).replace(microsecond=0)
    return {
        "slug": SALE,
        "title": "The operator's sale",
        "time_zone": "Europe/Berlin",
        "starts_at": (now - timedelta(minutes=1)).isoformat(),
        "ends_at": (now + timedelta(hours=2)).isoformat(),
        "hold_seconds": 3600,
        "published": True,
        "deals": [_deal(number) for number in range(1, DEALS + 1)],
    }


def _deal(number: int) -> Json:
    deal = {
        "sku": f"GOOD-{number:02}",
        "name": f"Good number {number}",
        "list_price": 4990 + number,
        "price": 499 + number,
        "currency": "EUR",
        "max_per_shopper": 10_000,
    }
    if number % 3:
        return {**deal, "stock": 100_000}
    sizes = ({"sku": f"GOOD-{number:02}-{each}", "name": each, "stock": 100_000} for each in "SML")
    return {**deal, "variants": list(sizes)}


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
