"""Steps: failures of Stripe, its events and the server, and changes of keys."""

import json
from datetime import timedelta
from io import StringIO

from django.core.management import call_command

from offers import conf
from shop.payments.stripe_client import client
from shop.qa.pytest_plugin.factories import new_key
from shop.qa.pytest_plugin.stripe import CONFIRM, SERVER
from shop.qa.pytest_plugin.vocabulary import when
from shop.qa.pytest_plugin.world import World
from shop.sales.showcase import showcase


@when("Stripe times out after charging")
def _(world: World) -> None:
    """The next payment is made, and its answer never comes."""
    world.stripe.fault(CONFIRM, "timeout_after", seconds=2)


@when("the connection breaks after Stripe has charged")
def _(world: World) -> None:
    """The same, and the shop knows at once that it knows nothing."""
    world.stripe.fault(CONFIRM, "reset_after")


@when("Stripe fails before charging")
def _(world: World) -> None:
    """The next payment meets a server error (500), and nothing is charged."""
    world.stripe.fault(CONFIRM, "error_500_before")


@when("Stripe does not answer")
def _(world: World) -> None:
    """It is away, whatever the shop asks it; a card can still be typed in."""
    for each in SERVER:
        world.stripe.fault(each, "reset_before", times=10_000)


@when("Stripe is back")
def _(world: World) -> None:
    """It answers again, and its news travel as they should."""
    world.stripe.end_faults()


@when("Stripe's news never arrive")
def _(world: World) -> None:
    """From here on the webhook hears nothing."""
    world.news.copies = 0


@when("Stripe's news arrive twice")
def _(world: World) -> None:
    """From here on the webhook hears everything again."""
    world.news.copies = 2


@when("Stripe's news arrive {duration} late")
def _(world: World, duration: timedelta) -> None:
    """From here on, by the shop's clock."""
    world.news.delay = duration


@when("Stripe's news arrive in the wrong order")
def _(world: World) -> None:
    """From here on the first waits until another has overtaken it."""
    world.news.is_reversed = True


@when("the shop settles its open orders")
def _(world: World) -> None:
    """`manage.py reconcile`, which runs every ten seconds beside a real shop."""
    call_command("reconcile", stdout=StringIO())


@when("the server restarts")
def _(world: World) -> None:
    """What a process keeps in its memory is gone: what is on show, keys read, connections."""
    showcase.clear()
    conf.forget()
    client.cache_clear()


@when("the shop changes its key")
def _(world: World) -> None:
    """Another key signs from here on; the one before still verifies."""
    keys = json.loads(world.settings.OFFER_KEYS)["keys"]
    retiring = [{**key, "status": "retiring"} for key in keys]
    world.settings.OFFER_KEYS = json.dumps({"keys": [_fresh(world), *retiring]})


@when("the shop voids its keys")
def _(world: World) -> None:
    """Every key is given up for a new one: it may have leaked."""
    world.settings.OFFER_KEYS = json.dumps({"keys": [_fresh(world)]})


def _fresh(world: World) -> dict[str, str]:
    return new_key(f"key-{len(conf.ring()) + 1}-{world.now:%H%M%S}")
