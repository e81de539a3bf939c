"""Steps: shoppers open pages, fill the bag, use two tabs, and tamper with offers."""

from datetime import timedelta

from shop.qa.pytest_plugin.parsing import Money, variant_sku
from shop.qa.pytest_plugin.vocabulary import when
from shop.qa.pytest_plugin.world import World
from shop.sales.models import Deal


@when("{who} opens the sale page[ of {sale}]")
def _(world: World, who: str, sale: str = "the sale") -> None:
    """What the page shows is promised to this shopper from here on."""
    world.person(who).open(world.sale(sale).get_absolute_url())


@when("{who} opens the sale page in another tab")
def _(world: World, who: str) -> None:
    """A second tab of the same browser, which is in front then."""
    world.person(who).open_tab()
    world.person(who).open(world.sale().get_absolute_url())


@when("{who} opens the sale page on a server whose clock is {duration} ahead")
def _(world: World, who: str, duration: timedelta) -> None:
    """One of several servers, and its clock is wrong."""
    now = world.now
    world.clock.move_to(now + duration)
    world.person(who).open(world.sale().get_absolute_url())
    world.clock.move_to(now)


@when("{who} opens the page of {deal}")
def _(world: World, who: str, deal: str) -> None:
    """The product's own page; outside any sale it offers the list price."""
    world.person(who).open(f"/products/{world.deal(deal).product.slug}/")


@when("{who} opens the bag")
def _(world: World, who: str) -> None:
    """Every price in it is judged anew, and renewed where it can be."""
    world.person(who).open("/bag/")


@when("{who} opens the checkout")
def _(world: World, who: str) -> None:
    """The total on this page is the one that is agreed to when paying."""
    world.person(who).open("/checkout/")


@when("{who} opens the order")
def _(world: World, who: str) -> None:
    """The page of the order; it asks Stripe first."""
    world.person(who).open_order()


@when("{who} goes back")
def _(world: World, who: str) -> None:
    """The Back button: the page before this one, as it was."""
    world.person(who).go_back()


@when("{who} turns to the first tab")
def _(world: World, who: str) -> None:
    """That tab is in front, as it was left."""
    world.person(who).turn_to_tab(0)


@when("{who} turns to the second tab")
def _(world: World, who: str) -> None:
    """That tab is in front, as it was left."""
    world.person(who).turn_to_tab(1)


@when("{who} adds {deal}[ in size {size}]")
def _(world: World, who: str, deal: str, size: str = "") -> None:
    """One unit, at the price that the page in front shows."""
    _add(world, who, world.deal(deal), 1, size)


@when("{who} adds {n} {deals}[ in size {size}]")
def _(world: World, who: str, n: int, deals: str, size: str = "") -> None:
    """Several units, at the price that the page in front shows."""
    _add(world, who, world.deal(deals), n, size)


def _add(world: World, who: str, deal: Deal, units: int, size: str) -> None:
    person, sku = world.person(who), deal.product.sku
    person.add(person.offer_of(sku), units, variant_sku(sku, size) if size else "")


@when("{who} puts the same offer into the bag again")
def _(world: World, who: str) -> None:
    """The very same signed message once more."""
    world.person(who).add_again()


@when("{who} changes the quantity[ of {deal}] to {n}")
def _(world: World, who: str, n: int, deal: str | None = None) -> None:
    """In the bag; no units removes it."""
    world.person(who).change(world.deal(deal).product.sku, quantity=n)


@when("{who} accepts the new price[ of {deal}]")
def _(world: World, who: str, deal: str | None = None) -> None:
    """The bag's button for a price that has become dearer."""
    world.person(who).change(world.deal(deal).product.sku, accept=True)


@when("{who} removes {deal}")
def _(world: World, who: str, deal: str) -> None:
    """The bag's button."""
    world.person(who).change(world.deal(deal).product.sku)


@when("{who} adds the offer that {whom} was shown")
def _(world: World, who: str, whom: str) -> None:
    """Somebody else's signed message, copied into this browser."""
    offer = world.person(whom).offer_of(world.deal().product.sku)
    world.person(who).add(offer)


@when("{who} changes the price in the offer to {price} and adds it")
def _(world: World, who: str, price: Money) -> None:
    """The signed message with another amount in it, which its signature does not fit."""
    person = world.person(who)
    person.add(person.alter(person.offer_of(world.deal().product.sku), price.amount))


@when("somebody signs {who}'s offer at {price} with the shop's own key, and {whom} adds it")
def _(world: World, who: str, price: Money, whom: str) -> None:
    """A key has leaked: the offer's signature is good, and no page ever made it."""
    offer = world.person(who).offer_of(world.deal().product.sku)
    world.person(whom).add(world.person(who).sign_anew(offer, price.amount))


@when("{who} adds {text} in place of an offer")
def _(world: World, who: str, text: str) -> None:
    """Something that is no signed message at all."""
    world.person(who).add(text)
