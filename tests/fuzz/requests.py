"""Targets: what a request brings besides a form: headers, and bodies of other programs."""

import json
from ipaddress import ip_address

from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings

from shop.core import csp_reports
from shop.core.client_address import ClientAddressMiddleware, client_address, client_network
from shop.core.proxies import parse_address, parse_proxies
from shop.payments.event_facts import MalformedEvent, facts_of
from shop.payments.webhooks import NotFromStripe, handler_for, read_event
from shop.qa.time_machine.json_api import InvalidChange, read_change
from tests.fuzz.genuine import EVENT, LONG_AGO, NOW, known_keys, stripe_signature
from tests.fuzz.target import Outcome, Target

_PROXY = "10.0.0.1"
_TRUSTED = ("10.0.0.0/24", "2001:db8:1::1")
_PROXIES = parse_proxies(_TRUSTED)
_FRESH, _OLD = stripe_signature(EVENT, NOW), stripe_signature(EVENT, LONG_AGO)


def forwarded_for(data: bytes) -> Outcome:
    """``X-Forwarded-For``, from a proxy that is trusted and from one that is not."""
    text = data.decode("latin-1")
    found = _client(_PROXY, text)
    assert _client("192.0.2.9", text) == "192.0.2.9"
    assert str(ip_address(found)) == found
    if not _PROXIES.include(found):
        # A client is who the nearest proxy names, whatever it writes in front of that itself.
        assert _client(_PROXY, f"198.51.100.99, {text}") == found
        assert found in {str(parse_address(item)) for item in text.split(",")}
        return Outcome.READ
    return Outcome.REFUSED


def _client(peer: str, forwarded: str) -> str:
    request = RequestFactory().get("/", REMOTE_ADDR=peer)
    request.META["HTTP_X_FORWARDED_FOR"] = forwarded
    with override_settings(TRUSTED_PROXIES=_TRUSTED):
        ClientAddressMiddleware(lambda _: HttpResponse()).process_request(request)
    assert client_network(request)
    return client_address(request)


def stripe_signature_header(data: bytes) -> Outcome:
    """The header by which Stripe signs an event; what it signed long ago may be sent with it."""
    text = data.decode("latin-1")
    try:
        event = read_event(EVENT, text)
    except NotFromStripe:
        return Outcome.REFUSED
    assert event == json.loads(EVENT)
    assert _FRESH.partition("v1=")[2] in text, "signed too long ago, or by nobody"
    return Outcome.READ


def stripe_event(data: bytes) -> Outcome:
    """A body that Stripe has signed just now."""
    try:
        event = read_event(data, stripe_signature(data, NOW))
        facts = facts_of(event, is_handled=False)
        facts = facts_of(event, is_handled=handler_for(facts.type) is not None)
    except MalformedEvent as error:
        assert len(str(error)) < 80
        return Outcome.REFUSED
    except NotFromStripe:
        # The signature is over text.
        assert not _is_text(data)
        return Outcome.REFUSED
    stored = json.dumps([facts.id, facts.type, facts.about], ensure_ascii=False)
    stored.encode()
    assert "\\u0000" not in stored
    assert 0 < len(facts.id) <= 64
    assert 0 < len(facts.type) <= 64
    assert len(stored) < 2000
    return Outcome.READ


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def csp_report(data: bytes) -> Outcome:
    """What a browser reports of the Content-Security-Policy."""
    csp_reports.allowance.forget()
    request: HttpRequest = RequestFactory().post(
        "/csp-reports/", data, content_type="application/csp-report"
    )
    status = csp_reports.receive(request).status_code
    assert status in {204, 400}
    if status == 204:
        for each in csp_reports._violations(data):
            line = f"{each.blocked} {each.directive} {each.page}"
            assert line.isascii() and line.isprintable() and len(line) < 300
    return Outcome.READ if status == 204 else Outcome.REFUSED


def clock_change(data: bytes) -> Outcome:
    """What another program asks of the clock of a test shop."""
    try:
        move, is_running = read_change(data)
    except InvalidChange:
        return Outcome.REFUSED
    assert move is not None or is_running in {True, False, None}
    return Outcome.READ


TARGETS = [
    Target("x-forwarded-for", forwarded_for, most_bytes=300),
    Target("stripe-signature", stripe_signature_header, most_bytes=400, around=known_keys),
    Target("stripe-event", stripe_event, around=known_keys),
    Target("csp-report", csp_report),
    Target("clock-change", clock_change, most_bytes=200),
]
