"""``/.well-known/jwks.json``: what partners verify with."""

import json

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tests.offers.handmade_tokens import ES, HS, ISSUER, KEY_SETS, OLD_ES, PARTNERS

PATH = "/.well-known/jwks.json"


@pytest.fixture(autouse=True)
def _keys(settings: Settings) -> None:
    settings.OFFER_KEYS = json.dumps(KEY_SETS["shop"])
    settings.OFFER_ISSUER = ISSUER
    settings.HTTPS = settings.SECURE_SSL_REDIRECT = False


def test_it_has_the_es256_keys_alone(client: Client) -> None:
    response = client.get(PATH)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/jwk-set+json"
    assert [jwk["kid"] for jwk in response.json()["keys"]] == [ES.kid, OLD_ES.kid, PARTNERS.kid]
    assert {jwk["kty"] for jwk in response.json()["keys"]} == {"EC"}


def test_it_never_has_a_secret(client: Client) -> None:
    response = client.get(PATH)
    for jwk in response.json()["keys"]:
        assert not jwk.keys() & {"d", "k", "status", "issuer"}
    for jwk in KEY_SETS["shop"]["keys"]:
        assert jwk.get("k", jwk.get("d")) not in response.content.decode()
    assert HS.kid not in response.content.decode()


def test_it_is_empty_for_a_shop_with_a_shared_secret(client: Client, settings: Settings) -> None:
    settings.OFFER_KEYS = json.dumps({"keys": [KEY_SETS["shop"]["keys"][0]]})
    assert client.get(PATH).json() == {"keys": []}


def test_it_may_be_kept_for_five_minutes(client: Client) -> None:
    response = client.get(PATH)
    assert response["Cache-Control"] == "public, max-age=300"
    assert not response.cookies


def test_it_answers_head_and_refuses_post(client: Client) -> None:
    assert client.head(PATH).status_code == 200
    assert client.post(PATH).status_code == 405


def test_it_has_a_name() -> None:
    assert reverse("offers:jwks") == PATH


def test_a_broken_set_shows_no_secret_on_the_page_of_the_debugger(
    client: Client, settings: Settings
) -> None:
    settings.OFFER_KEYS = json.dumps(KEY_SETS["shop"]).replace("retiring", "active")
    settings.DEBUG = True
    client.raise_request_exception = False
    response = client.get(PATH)
    assert response.status_code == 500
    page = response.content.decode()
    assert "Exactly one key must be active; 3 are." in page
    for jwk in KEY_SETS["shop"]["keys"]:
        assert jwk.get("k", jwk.get("d")) not in page
