"""One web process in production settings, on SQLite, behind nginx by its documented file."""

import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from ssl import CERT_NONE, SSLContext, create_default_context

from offers.key_set import KeySet
from shop.core.machine_clock import machine_time
from tests.operation.back_office import NAME, PASSWORD
from tests.operation.installation import ROOT, Command
from tests.operation.machine import free_ports, make_certificate, program
from tests.operation.mail_server import MailServer
from tests.operation.operated_shop import AROUND_A_SITE, open_sale
from tests.operation.processes import Processes, answers, wait_until


@dataclass(frozen=True, slots=True)
class Reply:
    """What nginx gave back."""

    status: int
    #: Of each cookie that it sets, its name and value.
    cookies: tuple[str, ...]
    text: str


class ShopBehindNginx:
    """A shop at ``https://localhost:<port>``; ``logs`` says what its processes wrote."""

    def __init__(self, root: Path, stripe_base: str) -> None:
        self.https, self._http, self._web, self._mail = free_ports(4)
        self._root = root
        self._certificate = make_certificate(root / "tls")
        self._processes = Processes(root / "logs")
        self._mail_server = MailServer(self._mail)
        self._environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
            **self._settings(stripe_base),
        }

    def _settings(self, stripe_base: str) -> dict[str, str]:
        url = f"https://localhost:{self.https}"
        return {
            "ENV_FILE": os.devnull,
            "DEBUG": "0",
            "SECRET_KEY": secrets.token_urlsafe(48),
            "ALLOWED_HOSTS": "localhost",
            "SHOP_URL": url,
            "OFFER_ISSUER": url,
            "TRUSTED_PROXIES": "127.0.0.1",
            "VAR": str(self._root / "var"),
            "OFFER_KEYS": _keys("ES256", url),
            "SITE_KEYS": _keys("HS256", url),
            "STRIPE_API_BASE": stripe_base,
            "STRIPE_SECRET_KEY": "sk_test_doors",
            "STRIPE_PUBLISHABLE_KEY": "pk_test_doors",
            "STRIPE_WEBHOOK_SECRET": "whsec_doors",
            "EMAIL_URL": f"smtp://127.0.0.1:{self._mail}",
            "PYTHONUNBUFFERED": "1",
        }

    def install(self) -> None:
        """A database with a sale and an owner, and the static files."""
        self._manage("migrate", "--verbosity", "0")
        self._manage("collectstatic", "--noinput", "--verbosity", "0")
        owner = ["--noinput", "--username", NAME, "--email", "owner@example.org"]
        self._manage("createsuperuser", *owner, DJANGO_SUPERUSER_PASSWORD=PASSWORD)
        document = self._root / "sale.json"
        document.write_text(json.dumps(open_sale()))
        self._manage("load_sale", str(document))

    def _manage(self, *arguments: str, **settings: str) -> None:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env={**self._environment, **settings},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr

    def start(self) -> None:
        """Start both processes, and wait until the shop can serve by nginx."""
        self._processes.start("web", self._serve)
        wait_until("the shop is ready", self._is_ready, within=120)
        self._processes.start("nginx", self._nginx)
        wait_until("nginx answers", self._is_answering)

    def stop(self) -> None:
        """End what was started."""
        self._processes.stop_all()
        self._mail_server.close()

    @property
    def log(self) -> str:
        """What the web process wrote."""
        return self._processes.logs()["web"]

    def _serve(self) -> Command:
        line = [sys.executable, "manage.py", "serve", f"--port={self._web}"]
        return Command(line, ROOT, self._environment)

    def _nginx(self) -> Command:
        text = (ROOT / "docs" / "operating" / "nginx.conf").read_text()
        edits = {
            "server 127.0.0.1:8000": f"server 127.0.0.1:{self._web}",
            "    server 127.0.0.1:8001 max_fails=1 fail_timeout=2s;\n": "",
            "listen 80": f"listen 127.0.0.1:{self._http}",
            "listen 443": f"listen 127.0.0.1:{self.https}",
            "server_name shop.example": "server_name localhost",
            "/etc/letsencrypt/live/shop.example": str(self._certificate.parent),
            "/var/lib/flashfreeze": str(self._root / "var"),
        }
        for old, new in edits.items():
            assert old in text, f"docs/operating/nginx.conf has no {old!r} any more"
            text = text.replace(old, new)
        site, path = self._root / "site.conf", self._root / "nginx.conf"
        site.write_text(text)
        path.write_text(AROUND_A_SITE.format(root=self._root, site=site))
        line = [program("nginx"), "-e", "stderr", "-p", str(self._root), "-c", str(path)]
        return Command(line, self._root, self._environment)

    def _is_ready(self) -> bool:
        assert self._processes["web"].is_up, self.log
        return answers(f"http://localhost:{self._web}/readyz")

    def _is_answering(self) -> bool:
        try:
            return self.ask("GET", "/healthz").status == 200
        except OSError:
            return False

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Reply:
        """Send one request as it stands: a hostile one is no matter for a library's care."""
        connection = HTTPSConnection("localhost", self.https, timeout=60, context=_anybody())
        sent = {"Host": f"localhost:{self.https}", **(headers or {})}
        if body or method == "POST":
            sent["Content-Length"] = str(len(body))
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                connection.putheader(name, value.encode("latin-1", "replace"))
            connection.endheaders(body)
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
            cookies = answer.headers.get_all("Set-Cookie") or ()
            pairs = tuple(each.partition(";")[0] for each in cookies)
            return Reply(answer.status, pairs, text)
        except (HTTPException, OSError) as error:
            raise AssertionError(f"{method} {path[:100]}: {error!r}") from error
        finally:
            connection.close()


@contextmanager
def shop_behind_nginx(stripe_base: str) -> Iterator[ShopBehindNginx]:
    """The shop while the block runs."""
    with tempfile.TemporaryDirectory(prefix="doors-") as folder:
        root = Path(folder)
        # nginx's workers are another user's where this process is root's.
        root.chmod(0o755)
        shop = ShopBehindNginx(root, stripe_base)
        shop.install()
        try:
            shop.start()
            yield shop
        finally:
            shop.stop()


def _keys(algorithm: str, issuer: str) -> str:
    keys = KeySet([], issuer)
    keys.add(algorithm, None, machine_time())
    return keys.to_json()


def _anybody() -> SSLContext:
    """The certificate signs itself, and is not what is tried here."""
    context = create_default_context()
    context.check_hostname, context.verify_mode = False, CERT_NONE
    return context
