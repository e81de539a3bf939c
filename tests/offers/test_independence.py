"""The package is of use without the shop, and its core without Django."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(program: str) -> None:
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=30)


def test_the_signing_core_needs_neither_django_nor_the_shop() -> None:
    run("""
import sys
sys.modules["django"] = sys.modules["shop"] = None
from offers import anchors, keys, terms, tokens, verdicts
from tests.offers.handmade_tokens import claims
ring = keys.KeyRing.from_jwk_set(
    {"keys": [{"kty": "oct", "k": "A" * 43, "kid": "a", "status": "active"}]}, "me"
)
offer = terms.Offer.from_claims(claims(iss="me", anchor=anchors.anchor_digest("a", "b")))
assert tokens.read_offer(tokens.sign_offer(offer, ring.active), ring) == offer
assert not any(name.startswith(("django.", "shop.")) for name in sys.modules)
""")


def test_the_package_needs_no_shop() -> None:
    run("""
import sys
sys.modules["shop"] = None
import pkgutil
import django
from django.conf import settings
settings.configure(
    INSTALLED_APPS=["offers"], ROOT_URLCONF="offers.urls", DEBUG=True, SECRET_KEY="s",
    OFFER_KEYS="", OFFER_ISSUER="http://localhost", ALLOWED_HOSTS=["*"],
)
django.setup()
import offers
names = [module.name for module in pkgutil.walk_packages(offers.__path__, "offers.")]
assert "offers.management.commands.offer_keys" in names
for name in names:
    __import__(name)
from django.core.management import call_command
call_command("check")
from django.test import Client
assert Client().get("/.well-known/jwks.json").json() == {"keys": []}
assert not any(name.startswith("shop.") for name in sys.modules)
""")
