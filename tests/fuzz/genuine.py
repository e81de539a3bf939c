"""Messages that the shop has signed, by keys that are always the same.

    python -m tests.fuzz.genuine

writes them into the corpus; a rerun writes the same bytes. They are made by hand, so that a
reader which believes one does not merely repeat the writer's mistake.
"""

import hmac
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from unittest import mock

from django.test import override_settings

from shop.payments import webhooks
from tests.fuzz.corpus import FOLDER
from tests.offers.handmade_tokens import (
    ES,
    ISSUER,
    KEY_SETS,
    OTHER_SHOPPER,
    PARTNER,
    PARTNERS,
    SHOPPER,
    HmacKey,
    Json,
    Key,
    claims,
    header,
    jwk_set,
    message,
)

SITE = HmacKey("site-2026-11", "active")
SITE_KEYS = jwk_set({SITE: SITE.status})
WEBHOOK_SECRET = "whsec_of_the_fuzz_targets"
#: The machine's clock while Stripe's signatures are judged, in seconds since 1970.
NOW = 1_795_777_500
LONG_AGO = NOW - 7 * 86_400
EVENT = json.dumps(
    {
        "id": "evt_1",
        "type": "payment_intent.succeeded",
        "data": {
            "object": {"id": "pi_1", "metadata": {"order": "FF-12345678", "round": "1"}},
        },
    }
).encode()

OFFERS: Mapping[str, str] = {
    "by-a-shared-secret": message(),
    "by-a-key-pair": message(key=ES),
    "by-a-partner": message(claims(iss=PARTNER), key=PARTNERS),
    "by-another-sale-and-currency": message(claims(sale="list", currency="JPY", was=499)),
}


def _of_the_site(typ: str, payload: Json, key: Key = SITE) -> str:
    return message({"iss": ISSUER, **payload}, key=key, head=header(key, typ=typ))


SHOPPERS: Mapping[str, str] = {
    "one-id": _of_the_site("shopper+jwt", {"aud": "shop", "ids": [SHOPPER]}),
    "two-ids": _of_the_site("shopper+jwt", {"aud": "shop", "ids": [OTHER_SHOPPER, SHOPPER]}),
}
ORDERS: Mapping[str, str] = {
    "an-order": _of_the_site("order+jwt", {"aud": "orders", "sub": "FF-12345678"}),
}
KEPT: Mapping[str, str] = {
    "one-price": _of_the_site(
        "kept-prices+jwt", {"aud": "checkout", "until": {str(claims()["jti"]): NOW + 900}}
    ),
}


def stripe_signature(body: bytes, signed_at: int) -> str:
    """What Stripe would send with a body, by its documentation."""
    signed = f"{signed_at}.".encode() + body
    digest = hmac.digest(WEBHOOK_SECRET.encode(), signed, "sha256").hex()
    return f"t={signed_at},v1={digest}"


def signed_part(text: str) -> str:
    """What the signature of a message is about: one content has more than one good signature."""
    return text.rpartition(".")[0]


@contextmanager
def known_keys() -> Iterator[None]:
    """Read everything by these keys, in production's way, at ``NOW`` of the machine's clock."""
    given = {
        "OFFER_KEYS": json.dumps(KEY_SETS["shop"]),
        "SITE_KEYS": json.dumps(SITE_KEYS),
        "OFFER_ISSUER": ISSUER,
        "OFFER_REALM": "",
        "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
    }
    stopped = mock.patch.object(webhooks, "unix_seconds", return_value=float(NOW))
    with stopped, override_settings(**given):
        yield


#: By the target that reads them.
ALL: Mapping[str, Mapping[str, str]] = {
    "offer-token": OFFERS,
    "shopper-cookie": SHOPPERS,
    "order-link": ORDERS,
    "kept-prices-cookie": KEPT,
}


def write() -> None:
    """Write them into the corpus."""
    for target, messages in ALL.items():
        for trait, text in messages.items():
            path = FOLDER / target / "read" / trait
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


if __name__ == "__main__":
    write()
