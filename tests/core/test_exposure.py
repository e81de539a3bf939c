"""A shop with settings of development serves this machine alone, whatever it is started by."""

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment
from wsgiref.util import setup_testing_defaults

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse

from shop.core.exposure import development_settings, is_this_machine, refusal_to_listen
from shop.core.local_visitors import local_visitors_only
from shop.qa.pytest_plugin.factories import new_key
from shop.qa.walk.silent_places import SILENT_COMMANDS

ROOT = Path(__file__).parents[2]
SETTINGS = ROOT / "shop" / "settings.py"
LIVE = {"STRIPE_SECRET_KEY": "sk_live_1"}
#: What each exposed door says, whatever the exposure.
FORGOTTEN = "settings of development: DEBUG is on"
WAY_OUT = "set DEBUG=0, a SECRET_KEY of its own, OFFER_KEYS and SITE_KEYS"


def run(*command: str, folder: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    """A program of the shop's, in an environment of its own."""
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "shop.settings",
        "ENV_FILE": os.devnull,
        "VAR": str(folder),
        **settings,
    }
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def production(**changed: str) -> dict[str, str]:
    """All that a shop that sells has to have."""
    ring = json.dumps({"keys": [new_key("a")]})
    secret = "".join(map(str, range(60)))
    own = {"DEBUG": "0", "SECRET_KEY": secret, "OFFER_KEYS": ring, "SITE_KEYS": ring}
    return own | {"ALLOWED_HOSTS": "shop.example", **LIVE} | changed


# --- What the settings themselves refuse --------------------------------------


@pytest.fixture
def _no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DEBUG", "SECRET_KEY", "OFFER_KEYS", "SITE_KEYS", "ALLOWED_HOSTS", "SHOP_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ENV_FILE", os.devnull)
    monkeypatch.setenv("VAR", str(tmp_path))


def settings_with(monkeypatch: pytest.MonkeyPatch, **given: str) -> dict[str, Any]:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return runpy.run_path(str(SETTINGS))


@pytest.mark.usefixtures("_no_settings")
@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("STRIPE_SECRET_KEY", "sk_live_1", "STRIPE_SECRET_KEY is a live one"),
        ("STRIPE_SECRET_KEY", "rk_live_1", "STRIPE_SECRET_KEY is a live one"),
        ("STRIPE_SECRET_KEY", "sk_org_live_1", "STRIPE_SECRET_KEY is a live one"),
        ("STRIPE_PUBLISHABLE_KEY", "pk_live_1", "STRIPE_PUBLISHABLE_KEY is a live one"),
        ("ALLOWED_HOSTS", "*", "ALLOWED_HOSTS names *"),
        ("ALLOWED_HOSTS", "localhost,shop.example", "ALLOWED_HOSTS names shop.example"),
        ("ALLOWED_HOSTS", ".localhost.example", "ALLOWED_HOSTS names .localhost.example"),
        ("ALLOWED_HOSTS", "10.0.0.1", "ALLOWED_HOSTS names 10.0.0.1"),
        ("OFFER_ISSUER", "shop.example", "OFFER_ISSUER names shop.example"),
        ("OFFER_ISSUER", "https://shop.example", "OFFER_ISSUER names https://shop.example"),
        ("SHOP_URL", "http://127.0.0.1.example:8000", "SHOP_URL names http://127.0.0.1.example"),
        ("CSRF_TRUSTED_ORIGINS", "https://*.shop.example", "CSRF_TRUSTED_ORIGINS names"),
    ],
)
def test_money_or_a_name_for_others_is_refused_beside_settings_of_development(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=FORGOTTEN) as caught:
        settings_with(monkeypatch, **{name: value})
    assert said in str(caught.value)
    assert WAY_OUT in str(caught.value)
    assert "_live_" not in str(caught.value)


@pytest.mark.usefixtures("_no_settings")
@pytest.mark.parametrize(
    ("given", "said"),
    [
        # Keys of one's own, and DEBUG forgotten.
        (production(DEBUG="1"), "DEBUG is on, so that errors show the shop's code and settings."),
        # The secret of the source, and DEBUG off.
        (
            production(SECRET_KEY="development-only"),
            "SECRET_KEY has no secret value, so that whoever has read the source can sign offers",
        ),
        (production(DEBUG="1", SITE_KEYS=""), "SITE_KEYS has no value, so that keys are derived"),
    ],
)
def test_one_setting_of_development_is_enough(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], said: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match="Not started") as caught:
        settings_with(monkeypatch, **given)
    assert said in str(caught.value)
    assert not any(secret in str(caught.value) for secret in (given["OFFER_KEYS"], "012345"))


@pytest.mark.usefixtures("_no_settings")
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"ALLOWED_HOSTS": "localhost, .localhost, 127.0.0.2, [::1], shop.localhost."},
        {"OFFER_ISSUER": "http://localhost:8000", "SHOP_URL": "http://[::1]:8000"},
        # A name that nobody can have: rehearsals sign by it.
        {"OFFER_ISSUER": "http://rehearsal.invalid"},
        {"STRIPE_SECRET_KEY": "sk_test_1", "CSRF_TRUSTED_ORIGINS": "http://localhost:3000"},
        production(),
        # A shop without a name for others may take real money, by keys of its own.
        production(ALLOWED_HOSTS="localhost"),
    ],
)
def test_development_on_this_machine_and_production_anywhere_are_as_easy_as_ever(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str]
) -> None:
    read = settings_with(monkeypatch, **given)
    assert bool(read["DEVELOPMENT_SETTINGS"]) is ("DEBUG" not in given)


def test_without_debug_no_key_is_derived() -> None:
    """A ring that is not set is refused when it is asked for: tests/offers has that."""
    given = {"SECRET_KEY": "x", "OFFER_KEYS": "", "SITE_KEYS": ""}
    assert development_settings({"DEBUG": False, **given}) == ()
    unfit = ("DEBUG", "OFFER_KEYS", "SITE_KEYS")
    assert development_settings({"DEBUG": True, **given}) == unfit


@pytest.mark.parametrize("host", ["127.0.0.1", "127.255.255.254", "::1", "[::1]", "LOCALHOST"])
def test_this_machine_has_many_names(host: str) -> None:
    assert is_this_machine(host)
    assert is_this_machine(f"{host}.".replace("].", "]"))


@pytest.mark.parametrize(
    "host",
    ["", "*", "0.0.0.0", "::", "128.0.0.1", "::ffff:10.0.0.1", "localhosts", "my.localhost.org"],
)
def test_others_are_not_this_machine(host: str) -> None:
    assert not is_this_machine(host)


# --- Every door ---------------------------------------------------------------

_EVERY_COMMAND = """
import contextlib, io, json, runpy, sys
said = {}
for command in json.loads(sys.argv[1]):
    sys.argv = ["manage.py", *command]
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(errors):
        try:
            runpy.run_path("manage.py", run_name="__main__")
        except SystemExit as end:
            if isinstance(end.code, str):
                errors.write(end.code)
            said[command[0]] = [bool(end.code), errors.getvalue()]
print(json.dumps(said))
"""


def test_no_command_runs_with_a_live_key_beside_settings_of_development(tmp_path: Path) -> None:
    """Those that sell, sign or settle, and all others: whoever adds one is in this test."""
    ours = [[name] for name in SILENT_COMMANDS]
    djangos = [["runserver", "--noreload"], ["migrate"], ["check"], ["testserver"]]
    done = run("-c", _EVERY_COMMAND, json.dumps([*ours, *djangos]), folder=tmp_path, **LIVE)
    said = json.loads(done.stdout)
    assert {"serve", "load_sale", "reconcile", "rehearse", "restored", "seed_demo"} <= said.keys()
    assert said.keys() == {command[0] for command in [*ours, *djangos]}
    for name, (failed, text) in said.items():
        assert failed, name
        assert "STRIPE_SECRET_KEY is a live one, with settings of development" in text, name
        assert "Traceback" not in text, name
    assert not (tmp_path / "shop.sqlite3").exists()


@pytest.mark.parametrize(
    "server",
    [
        "import shop.wsgi",
        "from django.core.wsgi import get_wsgi_application as get; get()",
        "from django.core.asgi import get_asgi_application as get; get()",
    ],
)
def test_no_other_server_gets_an_application(tmp_path: Path, server: str) -> None:
    done = run("-c", server, folder=tmp_path, **LIVE)
    assert done.returncode != 0
    assert FORGOTTEN in done.stderr


def test_the_demo_does_not_start_with_a_live_key(tmp_path: Path) -> None:
    done = run("bin/demo", folder=tmp_path, PORT="8951", **LIVE)
    assert done.returncode == 1
    assert FORGOTTEN in done.stderr
    assert "The shop did not start" in done.stderr
    assert not (tmp_path / "shop.sqlite3").exists()


@pytest.mark.parametrize(
    "command",
    [
        ["manage.py", "serve", "--host", "0.0.0.0"],
        ["manage.py", "runserver", "0.0.0.0:8952"],
        ["manage.py", "runserver", "--noreload", "0:8952"],
        ["-m", "shop.operations.web_server", "--host=0.0.0.0", "--port=8952"],
    ],
    ids=" ".join,
)
def test_no_server_of_ours_listens_where_others_reach_it(
    tmp_path: Path, command: list[str]
) -> None:
    done = run(*command, folder=tmp_path)
    assert done.returncode == 1
    assert "others could reach it at " in done.stderr
    assert "To develop, listen at 127.0.0.1." in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1"])
def test_a_server_may_listen_where_this_machine_alone_reaches_it(host: str) -> None:
    assert refusal_to_listen(["DEBUG"], host) == ""


@pytest.mark.parametrize("host", ["0", "0.0.0.0", "::", "::ffff:0.0.0.0"])
def test_every_address_of_this_machine_is_one_of_others_too(host: str) -> None:
    assert f"others could reach it at {host}, with settings" in refusal_to_listen(["DEBUG"], host)


def test_a_server_in_production_listens_where_it_is_told_to() -> None:
    assert refusal_to_listen([], "0.0.0.0") == ""


# --- Servers that are not ours ------------------------------------------------


@pytest.mark.parametrize(
    ("address", "is_answered"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.1", False),
        ("2001:db8::1", False),
        # By a socket of the system's: who comes that way is not known.
        ("", False),
    ],
)
def test_a_visitor_from_another_machine_is_told_why_there_is_no_answer(
    address: str, is_answered: bool
) -> None:
    status, body = visit(local_visitors_only(_shop), address)
    assert status == ("200 OK" if is_answered else "403 Forbidden")
    assert body.startswith("The shop." if is_answered else "This shop has settings of development")


@pytest.mark.parametrize("in_production", [False, True])
def test_every_server_gets_an_application_that_looks_at_its_visitors(
    tmp_path: Path, in_production: bool
) -> None:
    program = (
        "from shop import wsgi; from tests.core.test_exposure import visit;"
        "print(visit(wsgi.application, '203.0.113.9')[0])"
    )
    given = production(HTTPS="0", SHOP_URL="https://shop.example") if in_production else {}
    done = run("-c", program, folder=tmp_path, **given)
    assert done.stdout.strip() == ("200 OK" if in_production else "403 Forbidden"), done.stderr


def _shop(environ: WSGIEnvironment, start_response: StartResponse) -> HttpResponse:
    start_response("200 OK", [])
    return HttpResponse("The shop.")


def visit(application: Any, address: str) -> tuple[str, str]:
    """The status and the text of an answer to a visitor from an address."""
    environ = {"REMOTE_ADDR": address, "PATH_INFO": "/healthz", "HTTP_HOST": "shop.example"}
    setup_testing_defaults(environ)
    said: list[str] = []
    body = application(environ, lambda status, headers: said.append(status))
    return said[0], b"".join(body).decode()
