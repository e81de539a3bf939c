"""What an operator wrote in a setting is honored, or refused at start with its name."""

import runpy
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from shop import checks
from shop.core.database_url import database_settings
from shop.core.environment import Environment
from shop.core.mail_url import mail_settings

SETTINGS = Path(__file__).parents[2] / "shop" / "settings.py"
POSTGRES = "postgres://shop:se%23cret@db.example:5433/shop"


def database(url: str) -> dict[str, Any]:
    return database_settings(url, timeout=5)


def test_options_of_the_database_address_reach_the_driver(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "root.crt").touch()
    query = f"sslmode=verify-full&sslrootcert={tmp_path}/root.crt&application_name=the%20shop"
    monkeypatch.setenv("DATABASE_URL", f"{POSTGRES}?{query}")
    monkeypatch.setenv("VAR", str(tmp_path))
    default = runpy.run_path(str(SETTINGS))["DATABASES"]["default"]
    assert default["OPTIONS"] == {
        "connect_timeout": 3,
        "sslmode": "verify-full",
        "sslrootcert": f"{tmp_path}/root.crt",
        "application_name": "the shop",
    }
    assert (default["HOST"], default["PORT"]) == ("db.example", "5433")
    assert (default["USER"], default["PASSWORD"]) == ("shop", "se#cret")


def test_what_the_operator_wrote_goes_before_what_the_shop_prefers() -> None:
    given = database(f"{POSTGRES}?connect_timeout=9&CONN_MAX_AGE=0&disable_server_side_cursors=0")
    assert given["OPTIONS"]["connect_timeout"] == "9"
    assert (given["CONN_MAX_AGE"], given["DISABLE_SERVER_SIDE_CURSORS"]) == (0, False)


def test_nothing_that_a_pooler_in_transaction_mode_refuses_is_sent() -> None:
    given = database(POSTGRES)
    assert "options" not in given["OPTIONS"]
    assert given["DISABLE_SERVER_SIDE_CURSORS"] is True


@pytest.mark.parametrize(
    ("url", "host", "port", "name"),
    [
        ("postgres://one:5432,two:5433/shop", "one,two", "5432,5433", "shop"),
        ("postgresql:///shop?host=/run/postgresql", "/run/postgresql", "", "shop"),
        ("postgres://shop@%2Frun%2Fpostgresql/shop", "/run/postgresql", "", "shop"),
        ("postgres://shop@//run/postgresql/shop", "/run/postgresql", "", "shop"),
        ("postgres://shop:a?b#c@[::1]:5432/shop", "::1", "5432", "shop"),
    ],
)
def test_an_address_is_read_as_libpq_reads_it(url: str, host: str, port: str, name: str) -> None:
    given = database(url)
    assert (given["HOST"], given["PORT"], given["NAME"]) == (host, port, name)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "begins neither with"),
        ("postgress://u:secret@h/shop", "begins neither with"),
        ("postgres:/u:secret@h/shop", "begins neither with"),
        ("mysql://u:secret@h/shop", "begins neither with"),
        ("cockroachdb://u:secret@h/shop", "django-cockroachdb is not installed"),
        ("postgres://u:secret@h", "names no database"),
        ("postgres://u:secret@h:54321x/shop", "port is not a number"),
        ("postgres://u:secret@h:70000/shop", "port is not a number"),
        ("postgres://u:sec/ret@h/shop", "port is not a number"),
        ("postgres://u:secret%zz@h/shop", "cannot be parsed"),
        ("postgres://u:secret@h/shop?sslmod=require", "there is no option sslmod"),
        ("postgres://u:secret@h/shop?atomic_requests=1", "there is no option atomic_requests"),
        ("postgres://u:secret@h/shop?sslmode=", "sslmode has no value"),
        ("postgres://u:secret@h/shop?sslmode=verify-ful", "invalid sslmode value"),
        ("postgres://u:secret@h/shop?sslrootcert=system&sslmode=require", "weak sslmode"),
        ("postgres://u:secret@h/shop?sslmode=disable&sslmode=require", "sslmode stands twice"),
        ("postgres://u:secret@h/shop?sslrootcert=/no/such.crt", "there is no such file"),
        ("postgres://u:secret@h/shop?connect_timeout=soon", "is not a whole number"),
        ("postgres://u:secret@h/shop?conn_health_checks=maybe", "not a value that it can have"),
        ("postgres://u:secret@h/shop?client_encoding=latin1", "can only be UTF8"),
        ("sqlite://shop.sqlite3", "sqlite:///relative/path"),
        ("sqlite:///shop.sqlite3?mode=ro", "only option is timeout"),
        ("sqlite:///shop#1.sqlite3", "is written %23"),
        ("sqlite:///shop#", "is written %23"),
        ("sqlite:///shop?timeout=9999999999", "only option is timeout"),
        ("sqlite://[::1/shop", "is no host"),
        ("sqlite:///sh\top", "white space"),
        ("sqlite:///shop%ff", "not UTF-8"),
        ("postgres://u:secret\udcff@h/shop", "not UTF-8"),
        ("postgres://u:secret@h/shop\n", "white space"),
        pytest.param(
            f"postgres://u:secret@h/shop?sslcert=/{'x' * 300}", "no such file", id="a long name"
        ),
        ("postgres://u:secret@h/shop?connect_timeout=9999999999", "is not a whole number"),
    ],
)
def test_a_database_address_that_cannot_be_honored_is_refused(url: str, problem: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"^DATABASE_URL: .*{problem}") as refusal:
        database(url)
    assert "secret" not in str(refusal.value)


def test_sqlite_waits_as_long_as_it_is_told() -> None:
    given = database("sqlite:////srv/the%20shop.sqlite3?timeout=20")
    assert (given["NAME"], given["OPTIONS"]["timeout"]) == ("/srv/the shop.sqlite3", 20)
    assert given["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


@pytest.mark.parametrize(
    ("url", "options"),
    [
        (
            "smtp+tls://u%40e:p%23w@mail.example:587?timeout=30",
            {
                "host": "mail.example",
                "port": 587,
                "username": "u@e",
                "password": "p#w",
                "timeout": 30,
                "use_tls": True,
            },
        ),
        ("filemail:///var/mails", {"file_path": "/var/mails"}),
        ("consolemail://", {}),
    ],
)
def test_all_of_a_mail_address_reaches_the_mailer(url: str, options: dict[str, Any]) -> None:
    assert mail_settings(url)["OPTIONS"] == options


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "begins with none of smtp"),
        ("smpt://u:secret@h", "begins with none of smtp"),
        ("smtp:h:25", "names no host"),
        ("smtp://u:sec#ret@h:587", "# is written %23"),
        ("smtp://u:sec/ret@h:587", "port is not a number"),
        ("smtp+tls://u:secret@h:465", "port 465"),
        ("smtp+tls://user@h:587", "only of use together"),
        ("smtp+tls://u:sec\tret@h:587", "white space"),
        ("smtp+tls://u:secret%ff@h:587", "not UTF-8"),
        ("smtp+tls://u:secret%00@h:587", "not UTF-8"),
        ("smtp+tls://u:secret@h:587#", "# is written %23"),
        ("smtp+tls://u:secret@[::1", "is no host"),
        ("smtp+tls://u:secret@h\u2100x", "is no host"),
        pytest.param(
            f"smtp+tls://u:secret@h?ssl_certfile=/{'x' * 300}", "no such file", id="a long name"
        ),
        ("smtp+tls://u:secret@h:0", "port is not a number"),
        ("smtp+tls://u:secret@h:587?timeout=9999999999", "is no option"),
        ("smtp://u:secret@h:587/inbox", "nothing follows the host"),
        ("smtp://u:secret@h:587?ssl_certfile=/no/such.crt", "there is no such file"),
        ("smtp://u:secret@h:587?verify=1", "verify=1 is no option"),
        ("filemail://", "filemail:///absolute/path"),
        ("dummymail://mail.example", "takes nothing else"),
    ],
)
def test_a_mail_address_that_cannot_be_honored_is_refused(url: str, problem: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"^EMAIL_URL: .*{problem}") as refusal:
        mail_settings(url)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("QA_CLOCK", "ture", "neither 1 nor 0"),
        ("TRUSTED_PROXIES", "127.0.0.1,nginx", "does not appear to be an IPv4 or IPv6 network"),
        ("DEBUG", "", "neither 1 nor 0"),
        ("CLAIM_SECONDS", "10m", "not a whole number"),
        ("CLAIM_SECONDS", "-1", "not a whole number"),
        ("STRIPE_TIMEOUT_SECONDS", "10s", "not a number"),
        ("STRIPE_TIMEOUT_SECONDS", "0", "more than 0 seconds"),
        ("STAFF_IDLE_SECONDS", "0", "one second at least"),
        ("STAFF_SESSION_SECONDS", "12h", "not a whole number"),
        ("TIME_ZONE", "Europe/Berln", "there is no such time zone"),
        ("TIME_ZONE", "../etc/passwd", "there is no such time zone"),
        ("CACHE_URL", "rediscash://", "begins with none of"),
        ("ENV_FILE", "/no/such/.env", "no such file"),
    ],
)
def test_a_value_of_another_type_is_refused_with_the_name_of_its_setting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str, problem: str
) -> None:
    monkeypatch.setenv("VAR", str(tmp_path))
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=f"^{name}.*{problem}"):
        runpy.run_path(str(SETTINGS))


def test_a_value_is_never_taken_for_the_name_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "$2b$12$abc")
    assert Environment().str("SECRET_KEY", default="") == "$2b$12$abc"


def test_a_list_may_have_spaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", "shop.example, www.shop.example")
    assert Environment().list("ALLOWED_HOSTS") == ["shop.example", "www.shop.example"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("SECRET_KEY = secret", "line 3: it is not written NAME=value"),
        ("DEBUG=1", "line 3: DEBUG stands on line 2 already"),
    ],
)
def test_a_line_of_the_settings_file_that_would_be_lost_is_refused(
    tmp_path: Path, line: str, problem: str
) -> None:
    file = tmp_path / "settings.env"
    file.write_text(f"# The shop's.\nDEBUG=0\n{line}\n")
    with pytest.raises(ImproperlyConfigured, match=problem):
        Environment().read_file(str(file), else_from=tmp_path)


def test_a_misspelled_name_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.check_names() == []
    monkeypatch.setenv("STRIPE_SECRETKEY", "sk_live_1")
    [warning] = checks.check_names()
    assert warning.msg == "STRIPE_SECRETKEY is no setting. Do you mean STRIPE_SECRET_KEY?"
