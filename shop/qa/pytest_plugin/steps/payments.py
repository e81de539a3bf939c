"""Steps: shoppers at the checkout, at their bank, and with an order."""

from shop.qa.pytest_plugin.vocabulary import when
from shop.qa.pytest_plugin.world import World


@when("{who} pays[ with {card}]")
def _(world: World, who: str, card: str = "a card that works") -> None:
    """Orders what is in the bag and pays, at the total on the screen or else as the checkout shows
    it now. Whoever has put nothing into the bag yet takes the one thing on the page along. Each
    shopper has a card and a mail address of their own."""
    person = world.person(who)
    person.pay(person.card(card))


@when("{who} pays with {whose} card")
def _(world: World, who: str, whose: str) -> None:
    """The same card in somebody else's browser."""
    token = world.person(whose).card()
    world.person(who).pay(token)


@when("{who} pays with {whose} mail address")
def _(world: World, who: str, whose: str) -> None:
    """The same mail address, in another spelling, from somebody else's browser."""
    local, _, domain = world.person(whose).mail.partition("@")
    person = world.person(who)
    person.pay(person.card(), f"{local.title()}+sale@{domain}")


@when("{who} pays[ with {card}], and the answer is lost")
def _(world: World, who: str, card: str = "a card that works") -> None:
    """The form arrives, and the browser never hears what came of it."""
    person = world.person(who)
    person.pay(person.card(card), is_answer_lost=True)


@when("{who} sends the same form again")
def _(world: World, who: str) -> None:
    """A second click, or a retry: the same card, the same total."""
    world.person(who).send_form()


@when("{who} approves at the bank")
def _(world: World, who: str) -> None:
    """3-D Secure: yes on the bank's page. The shopper is still there."""
    world.person(who).answer_bank(approve=True)


@when("{who} fails at the bank")
def _(world: World, who: str) -> None:
    """3-D Secure: the bank does not believe that it is them."""
    world.person(who).answer_bank(approve=False)


@when("{who} comes back from the bank")
def _(world: World, who: str) -> None:
    """From the bank's page to the order, which asks Stripe what is true."""
    world.person(who).come_back()


@when("{who} cancels the order")
def _(world: World, who: str) -> None:
    """The button on the page of an order that is not paid."""
    world.person(who).cancel()
