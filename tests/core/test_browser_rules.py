"""What browsers are told to hold us, and everybody else, to: cookies' names and headers."""

import runpy
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as shop_settings
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from shop.core.security_headers import NOTHING_PERMITTED
from shop.qa.pytest_plugin.client import ShopClient
from shop.qa.pytest_plugin.factories import OPENS
from shop.qa.pytest_plugin.fixtures import Clock
from shop.sales.models import Sale
from shop.staff.models import Staff
from tests.core.test_exposure import production

SETTINGS = Path(__file__).parents[2] / "shop" / "settings.py"
PASSWORD = "a long one, olga"
#: What depends on whether the shop is reached by https.
BY_SCHEME = (
    *("HTTPS", "SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME"),
    *("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE"),
)


@pytest.fixture
def _by_https(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The settings of a shop in production, as far as cookies go."""
    for name, value in production(SHOP_URL="https://shop.example", VAR=str(tmp_path)).items():
        monkeypatch.setenv(name, value)
    read = runpy.run_path(str(SETTINGS))
    for name in BY_SCHEME:
        setattr(settings, name, read[name])


def cookies_of_a_visit(secure: bool) -> dict[str, Any]:
    """Every cookie of a visit, a bag, a log-in and a preview, by name."""
    browser = ShopClient()
    browser.client.defaults["wsgi.url_scheme"] = "https" if secure else "http"
    browser.client.defaults["HTTP_SEC_FETCH_SITE"] = "same-origin"
    browser.client.post("/bag/add/", {"offer": browser.offer("LMP-01"), "quantity": 1})
    Staff.objects.create_superuser("olga", password=PASSWORD)
    browser.client.post("/merchant/login/", {"username": "olga", "password": PASSWORD})
    browser.client.get("/merchant/")
    browser.client.get(reverse("admin:preview_page", args=["autumn", OPENS, "sales/autumn/"]))
    return dict(browser.client.cookies)


@pytest.mark.usefixtures("_by_https")
def test_over_https_every_cookie_is_held_to_this_host(sale: Sale) -> None:
    cookies = cookies_of_a_visit(secure=True)
    kinds = {name.partition("-")[0] + "-" + name.split("-")[1] for name in cookies}
    assert kinds >= {"__Host-sessionid", "__Host-csrftoken", "__Host-bag", "__Host-shopper"}
    assert any(name.startswith("__Secure-preview-") for name in cookies)
    for name, cookie in cookies.items():
        assert name.startswith(("__Host-", "__Secure-")), name
        assert cookie["secure"], name
        assert cookie["httponly"], name
        assert cookie["samesite"] == "Lax", name
        assert not cookie["domain"], name
        assert (cookie["path"] == "/") is name.startswith("__Host-"), name


def test_over_http_no_cookie_has_a_name_that_a_browser_would_refuse(sale: Sale) -> None:
    cookies = cookies_of_a_visit(secure=False)
    assert {"sessionid", "csrftoken", "bag"} <= cookies.keys()
    assert not any(name.startswith("__") for name in cookies)


# --- Headers ------------------------------------------------------------------

PATHS = (
    *("/", "/sales/autumn/", "/bag/", "/checkout/"),
    *("/merchant/login/", "/no-such-page", "/healthz"),
)


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_says_what_it_may_do_and_who_may_embed_it(
    sale: Sale, client: Client, path: str
) -> None:
    answer = client.get(path, follow=True)
    assert "camera=()" in answer["Permissions-Policy"]
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"].startswith("same-origin")
    assert answer["Reporting-Endpoints"] == 'csp="/csp-reports/"'
    assert "report-to csp; report-uri /csp-reports/" in answer["Content-Security-Policy"]


def test_the_pages_that_load_stripe_lend_it_what_payment_takes(
    sale: Sale, settings: Settings
) -> None:
    settings.STRIPE_API_BASE = ""
    browser = ShopClient()
    browser.send("/bag/add/", {"offer": browser.offer("MUG-01"), "quantity": 1})
    page, bag = browser.client.get("/checkout/"), browser.client.get("/bag/")
    frames = '"https://js.stripe.com" "https://*.js.stripe.com" "https://hooks.stripe.com"'
    assert f"payment=(self {frames})" in page["Permissions-Policy"]
    assert f"publickey-credentials-get=(self {frames})" in page["Permissions-Policy"]
    assert "camera=()" in page["Permissions-Policy"]
    assert page["Cross-Origin-Opener-Policy"] == "same-origin-allow-popups"
    assert bag["Permissions-Policy"] == NOTHING_PERMITTED
    assert "payment=()" in NOTHING_PERMITTED


def test_no_feature_is_named_twice_and_each_is_off() -> None:
    features = [each.partition("=") for each in NOTHING_PERMITTED.split(", ")]
    assert len({name for name, *_ in features}) == len(features) > 10
    assert {value for *_, value in features} == {"()"}


def test_a_picture_of_a_product_may_be_embedded_by_everybody(
    client: Client, settings: Settings, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    (tmp_path / "mug.png").write_bytes(b"\x89PNG\r\n")
    assert client.get("/media/mug.png")["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert client.get("/media/no.png")["Cross-Origin-Resource-Policy"] == "same-origin"


# --- security.txt -------------------------------------------------------------


def contacts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: str) -> list[str]:
    monkeypatch.setenv("VAR", str(tmp_path))
    monkeypatch.setenv("SECURITY_CONTACT", given)
    read: list[str] = runpy.run_path(str(SETTINGS))["SECURITY_CONTACTS"]
    return read


def test_whoever_found_a_hole_reads_whom_to_tell(
    client: Client, clock: Clock, settings: Settings
) -> None:
    settings.SECURITY_CONTACTS = ["mailto:security@shop.example", "https://shop.example/report"]
    settings.SHOP_URL = "https://shop.example"
    answer = client.get("/.well-known/security.txt")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Cache-Control"] == "public, max-age=86400"
    assert answer.content.decode() == (
        "Contact: mailto:security@shop.example\n"
        "Contact: https://shop.example/report\n"
        "Expires: 2027-02-25T00:00:00Z\n"
        "Preferred-Languages: en\n"
        "Canonical: https://shop.example/.well-known/security.txt\n"
    )
    assert not answer.cookies


def test_the_file_expires_90_days_from_each_day_on(client: Client, clock: Clock) -> None:
    def expires() -> str:
        return client.get("/.well-known/security.txt").content.decode().split("Expires: ")[1][:20]

    clock.move_to("2026-11-27T23:59:59Z")
    assert expires() == "2027-02-25T00:00:00Z"
    clock.move_to("2026-11-28T00:00:00Z")
    assert expires() == "2027-02-26T00:00:00Z"


def test_without_a_contact_of_its_own_it_names_the_sender_of_receipts() -> None:
    assert shop_settings.SECURITY_CONTACTS == ["mailto:orders@localhost"]


def test_a_mail_address_needs_no_scheme(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = "a@shop.example, https://shop.example/x, tel:+49-30-1"
    wanted = ["mailto:a@shop.example", "https://shop.example/x", "tel:+49-30-1"]
    assert contacts(monkeypatch, tmp_path, given) == wanted


@pytest.mark.parametrize(
    "given",
    ["somebody", "http://shop.example", "mailto:somebody", "a@b\nExpires: x", "javascript:x"],
)
def test_a_contact_that_is_none_is_refused_at_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"(?s)^SECURITY_CONTACT=.* neither a mail "):
        contacts(monkeypatch, tmp_path, given)
