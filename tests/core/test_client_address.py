"""Who a request is from: what a proxy says counts if the shop trusts that proxy, and no further."""

import io
import json
import logging
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from shop import checks
from shop.core import client_address as module
from shop.core.client_address import ClientAddressMiddleware, client_address, client_network
from shop.core.machine_clock import monotonic_seconds
from shop.core.proxies import network_of, parse_proxies
from shop.operations import services
from shop.qa.pytest_plugin.factories import OPENS
from shop.sales.models import Sale

PROXY = "10.0.0.1"


@pytest.fixture(autouse=True)
def _tells_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module._LastTold, "at", float("-inf"))


def seen(peer: str, **headers: str) -> HttpRequest:
    """A request as views get it."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    request = RequestFactory().get("/", REMOTE_ADDR=peer, headers=given)
    ClientAddressMiddleware(lambda _: HttpResponse()).process_request(request)
    return request


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        # Nobody forwards.
        ("192.0.2.9", "", "192.0.2.9"),
        (PROXY, "", PROXY),
        # Somebody does who is not trusted.
        ("192.0.2.9", "198.51.100.7", "192.0.2.9"),
        ("10.0.1.1", "198.51.100.7", "10.0.1.1"),
        # A trusted proxy does; whatever its client wrote stands further left.
        (PROXY, "198.51.100.7", "198.51.100.7"),
        (PROXY, "1.1.1.1, 198.51.100.7", "198.51.100.7"),
        (PROXY, "10.0.0.2, 198.51.100.7", "198.51.100.7"),
        (PROXY, "1.1.1.1,198.51.100.7 ,10.0.0.2", "198.51.100.7"),
        (PROXY, "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        # With ports, brackets and zones, as some write them.
        (PROXY, "198.51.100.7:4711", "198.51.100.7"),
        (PROXY, "[2001:db8::7]:4711", "2001:db8::7"),
        (PROXY, "2001:DB8:0:0::7", "2001:db8::7"),
        (PROXY, "fe80::7%eth0", "fe80::7"),
        # IPv4 within IPv6, in either place.
        (f"::ffff:{PROXY}", "::ffff:198.51.100.7", "198.51.100.7"),
        ("2001:db8:1::1", "198.51.100.7", "198.51.100.7"),
        # What is no address ends it.
        (PROXY, "unknown", PROXY),
        (PROXY, "198.51.100.7, _hidden", PROXY),
        (PROXY, "198.51.100.7, ", PROXY),
        (PROXY, "198.51.100.7, 10.0.0.2, 999.1.1.1", PROXY),
        (PROXY, "198.51.100.7, nonsense, 10.0.0.2", "10.0.0.2"),
        (PROXY, "\t,,,", PROXY),
    ],
)
def test_the_client_is_the_last_address_that_no_trusted_proxy_has(
    settings: Settings, peer: str, forwarded: str, client: str
) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/24", "2001:db8:1::1"]
    headers = {"X_Forwarded_For": forwarded} if forwarded else {}
    assert client_address(seen(peer, **headers)) == client


@pytest.mark.parametrize(
    ("trusted", "client"), [([], ""), (["10.0.0.0/8"], ""), (["unix"], "198.51.100.7")]
)
def test_a_unix_socket_has_no_address_and_is_trusted_by_its_name(
    settings: Settings, trusted: list[str], client: str
) -> None:
    settings.TRUSTED_PROXIES = trusted
    assert client_address(seen("", X_Forwarded_For="198.51.100.7")) == client


@pytest.mark.parametrize(
    ("peer", "scheme", "is_https"),
    [
        (PROXY, "https", True),
        (PROXY, "HTTPS ", True),
        (PROXY, "http", False),
        (PROXY, "https, http", False),
        (PROXY, "http, https", True),
        (PROXY, "ftp", False),
        ("192.0.2.9", "https", False),
    ],
)
def test_only_a_trusted_proxy_says_that_a_client_came_by_https(
    settings: Settings, peer: str, scheme: str, is_https: bool
) -> None:
    settings.TRUSTED_PROXIES = [PROXY]
    assert seen(peer, X_Forwarded_Proto=scheme).is_secure() is is_https


def test_a_redirect_to_https_is_no_way_around_for_who_claims_it(
    settings: Settings, client: Client
) -> None:
    """Through the whole stack, in production settings."""
    settings.SECURE_SSL_REDIRECT = settings.HTTPS = True
    claimed = {"X-Forwarded-Proto": "https"}
    assert client.get("/healthz/x", headers=claimed).status_code == 301
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    assert client.get("/healthz/x", headers=claimed).status_code == 404


def test_no_view_sees_a_forwarded_header_of_somebody_who_is_not_trusted(
    settings: Settings,
) -> None:
    settings.TRUSTED_PROXIES = [PROXY]
    names = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip")
    request = seen("192.0.2.9", **{name.replace("-", "_"): "x" for name in names})
    assert not set(names) & {name.title() for name in request.headers}


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.9", "192.0.2.9"),
        ("::ffff:192.0.2.9", "192.0.2.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"),
        ("", ""),
        ("nonsense", ""),
    ],
)
def test_a_64_of_ipv6_counts_as_one_client(address: str, network: str) -> None:
    assert network_of(address) == network
    assert client_network(seen(address)) == network


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("nginx", "does not appear to be an IPv4 or IPv6 network"),
        ("10.0.0.1/8", "has host bits set"),
        ("0.0.0.0/0", "names everybody"),
        ("::/0", "names everybody"),
        ("*", "does not appear to be"),
    ],
)
def test_a_proxy_that_cannot_be_meant_is_refused(name: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_proxies(["127.0.0.1", name])


# --- What operators are told --------------------------------------------------


def test_the_log_names_a_proxy_that_is_not_trusted_once_an_hour(
    settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TRUSTED_PROXIES = [PROXY]
    with caplog.at_level(logging.WARNING):
        seen(PROXY, X_Forwarded_For="198.51.100.7")
        for _ in range(3):
            seen("10.0.0.2", X_Forwarded_For="198.51.100.7", X_Forwarded_Proto="https")
        [told] = [record.getMessage() for record in caplog.records]
        later = monotonic_seconds() + 3600
        monkeypatch.setattr(module, "monotonic_seconds", lambda: later)
        seen("10.0.0.2", X_Forwarded_For="198.51.100.7")
    assert told.startswith("10.0.0.2 sends X-Forwarded-For, X-Forwarded-Proto, and is not believed")
    assert "198.51.100.7" not in told
    assert len(caplog.records) == 2


def test_readyz_says_whether_the_proxy_that_asked_is_trusted(
    sale: Sale, settings: Settings, client: Client
) -> None:
    forwarded = {"X-Forwarded-For": "198.51.100.7"}
    assert client.get("/readyz").json()["proxy"] == "ok"
    answer = client.get("/readyz", headers=forwarded)
    assert (answer.status_code, answer.json()["proxy"]) == (200, "not trusted")
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    assert client.get("/readyz", headers=forwarded).json()["proxy"] == "ok"


@pytest.mark.parametrize(
    ("trusted", "answer", "told"),
    [
        (["127.0.0.1"], {"proxy": "ok"}, ""),
        (["127.0.0.1"], {"proxy": "not trusted"}, "The proxy in front is not trusted"),
        (["127.0.0.1"], {}, ""),
        ([], {"proxy": "ok"}, "TRUSTED_PROXIES is empty and HTTPS is on"),
    ],
)
def test_doctor_asks_through_the_proxy_whether_it_is_trusted(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    trusted: list[str],
    answer: dict[str, str],
    told: str,
) -> None:
    settings.DEBUG, settings.HTTPS, settings.TRUSTED_PROXIES = False, True, trusted
    settings.SHOP_URL = "https://shop.example"
    asked: list[str] = []

    def respond(address: str, timeout: float) -> Any:
        asked.append(address)
        return io.BytesIO(json.dumps(answer).encode())

    monkeypatch.setattr("urllib.request.urlopen", respond)
    found = list(services.untrusted_proxy(OPENS))
    assert [each.text.startswith(told) for each in found] == ([True] if told else [])
    assert all("TRUSTED_PROXIES" in each.way_out for each in found)
    assert asked == (["https://shop.example/readyz"] if trusted else [])


def test_the_setting_of_an_earlier_release_is_not_ignored_in_silence(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert checks.check_replaced_names() == []
    monkeypatch.setenv("BEHIND_PROXY", "1")
    [error] = checks.check_replaced_names()
    assert "TRUSTED_PROXIES=127.0.0.1" in error.msg
    # While releases change, the earlier one still reads its own.
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    assert checks.check_replaced_names() == []
