"""Steps: expected verdicts, sentences, prices, holds, orders, money, stock and mails."""

from django.db.models import F, Sum

from shop.catalog.models import Variant
from shop.orders.models import Order
from shop.qa.pytest_plugin.client import HtmlPage, read
from shop.qa.pytest_plugin.parsing import Money
from shop.qa.pytest_plugin.payment_vocabulary import STATUSES, VERDICTS
from shop.qa.pytest_plugin.vocabulary import then
from shop.qa.pytest_plugin.world import World
from shop.sales.models import Deal


class Unmet(AssertionError):
    """A failed expectation; the text says what was found instead."""


def expect(is_met: bool, instead: str) -> None:
    """:raises Unmet: the expectation is not met"""
    if not is_met:
        raise Unmet(instead)


# --- Verdicts and words -------------------------------------------------------


@then("the offer is honored")
def _(world: World) -> None:
    """The last thing that the last shopper did was taken, with nothing refused."""
    page = world.last.page
    is_refusal = page.status not in {200, 303} or page.verdicts
    expect(not is_refusal, f"It is refused: {_refusal(page)}")


@then("the offer is refused: {verdict}", "the order is refused: {verdict}")
def _(world: World, verdict: str) -> None:
    """The page that the last shopper got says so, of a line or of the whole."""
    wanted = VERDICTS[verdict]
    page = world.last.page
    expect(wanted in page.verdicts, f"The page says: {_refusal(page)}")


@then("{who} reads {text}")
def _(world: World, who: str, text: str) -> None:
    """Somewhere on the page in front, letter by letter."""
    page = world.person(who).page
    expect(text in page.text, f"The page reads: {_in_short(page)}")


@then("{who} does not read {text}")
def _(world: World, who: str, text: str) -> None:
    """Nowhere on the page in front."""
    page = world.person(who).page
    expect(text not in page.text, f"The page reads: {_in_short(page)}")


@then("there is no such page")
def _(world: World) -> None:
    """The page in front is a 404."""
    page = world.last.page
    expect(page.status == 404, f"There is one: {_in_short(page)}")


# --- Prices and promises ------------------------------------------------------


@then("{who} sees {deal} at {price}")
def _(world: World, who: str, deal: str, price: Money) -> None:
    """The page in front offers it at that price."""
    offers = world.person(who).page.offers
    sku = world.deal(deal).product.sku
    expect(sku in offers, "The page offers no price for it.")
    offer = read(offers[sku])
    shown = Money(offer.amount, offer.currency)
    expect(shown == price, f"It is shown at {shown}.")


@then("{who} sees no price")
def _(world: World, who: str) -> None:
    """The page in front offers nothing."""
    offers = world.person(who).page.offers
    expect(not offers, f"The page offers {', '.join(offers)}.")


@then("the price is held until {moment}")
def _(world: World, moment: str) -> None:
    """By the last page that promised the last shopper a price: the first one on it."""
    wanted, promised = world.moment(moment), world.last.held_until
    expect(promised == wanted, f"It is held until {world.wall(promised)}.")


@then("{whose} bag is empty", "the bag is empty")
def _(world: World, whose: str | None = None) -> None:
    """Nothing is in it, by its own page."""
    lines = _bag(world, whose).lines
    expect(not lines, f"There is {', '.join(lines)} in it.")


@then("{whose} bag holds {n} {deals} at {price}", "the bag holds {n} {deals} at {price}")
def _(world: World, n: int, deals: str, price: Money, whose: str | None = None) -> None:
    """So many units, each at that price; whether it is still honored is another step."""
    page, sku = _bag(world, whose), world.deal(deals).product.sku
    line = page.soup.select_one(f'[data-line][data-sku="{sku}"]')
    expect(line is not None, f"It holds {page.lines or 'nothing'}.")
    assert line is not None
    units = [int(str(field["value"])) for field in line.select("input[name=quantity]")]
    expect(sum(units) == n, f"It holds {sum(units)}.")
    shown = Money(int(str(line["data-amount"])), world.deal(deals).product.currency)
    expect(shown == price, f"It holds them at {shown}.")


@then("the total is {total}")
def _(world: World, total: Money) -> None:
    """The whole charge, on the checkout page in front."""
    page = world.last.page
    shown = page.soup.select_one("[data-total]")
    expect(shown is not None, f"This is no checkout page: {_in_short(page)}")
    assert shown is not None
    expect(int(str(shown["data-total"])) == total.amount, f"It is {shown['data-total']} in cents.")


# --- Orders and money ---------------------------------------------------------


@then("the order is {status} at {total}", "{whose} order is {status} at {total}")
def _(world: World, status: str, total: Money, whose: str | None = None) -> None:
    """The newest order, and its whole charge; of one that is paid, also that Stripe has charged
    just that, once."""
    order = _order(world, whose, status)
    charged = Money(order.total, order.currency)
    expect(charged == total, f"It is {status}, at {charged}.")
    if order.status == Order.Status.PAID:
        payments = world.stripe.ledger()
        of_order = [each for each in payments if each["metadata"].get("order") == order.number]
        charges = [each["charged"] for each in of_order if each["charged"]]
        expect(charges == [order.total], f"By Stripe's books {charges} minor units were charged.")


@then("the order is {status}", "{whose} order is {status}")
def _(world: World, status: str, whose: str | None = None) -> None:
    """The newest order."""
    _order(world, whose, status)


@then("no order is placed", "{who} has no order")
def _(world: World, who: str | None = None) -> None:
    """None at all, or none of that shopper's."""
    orders = Order.objects.all()
    if who is not None:
        orders = orders.filter(shopper__in=world.person(who).ids())
    found = ", ".join(f"{order} ({order.status})" for order in orders)
    expect(not found, f"There is {found}.")


@then("there is one order", "there are {n} orders")
def _(world: World, n: int = 1) -> None:
    """All orders of all shoppers, whatever became of them."""
    count = Order.objects.count()
    expect(count == n, f"There are {count}.")


@then("Stripe has charged {total}")
def _(world: World, total: Money) -> None:
    """In all, by Stripe's own books and not the shop's."""
    payments = world.stripe.ledger()
    charged = sum(each["charged"] for each in payments)
    expect(charged == total.amount, f"It has charged {Money(charged, total.currency)}.")


@then("Stripe has given back {total}")
def _(world: World, total: Money) -> None:
    """In all, by Stripe's own books."""
    returned = sum(each["refunded"] for each in world.stripe.ledger())
    expect(returned == total.amount, f"It has given back {Money(returned, total.currency)}.")


@then("nothing is charged")
def _(world: World) -> None:
    """By Stripe's own books."""
    charged = sum(each["charged"] for each in world.stripe.ledger())
    expect(charged == 0, f"Stripe has charged {charged} minor units.")


@then("the order lapses at {moment}")
def _(world: World, moment: str) -> None:
    """Until then an order that is not paid keeps what it claimed."""
    wanted, lapses_at = world.moment(moment), world.order().lapses_at
    expect(lapses_at == wanted, f"It lapses at {world.wall(lapses_at)}.")


# --- Stock and mails ----------------------------------------------------------


@then("{n} {deals} are left", "{n} {deals} is left")
def _(world: World, n: int, deals: str) -> None:
    """Of the stock, with what is claimed or sold taken off."""
    variants = Variant.objects.filter(product=world.deal(deals).product)
    left = variants.aggregate(left=Sum(F("stock") - F("claimed")))["left"]
    expect(left == n, f"{left} are left.")


@then("{n} {deals} are claimed", "{n} {deals} is claimed")
def _(world: World, n: int, deals: str) -> None:
    """Units of the deal in orders that are paid or may still be."""
    claimed = Deal.objects.get(pk=world.deal(deals).pk).claimed
    expect(claimed == n, f"{claimed} are claimed.")


@then("one mail is sent", "{n} mails are sent")
def _(world: World, n: int = 1) -> None:
    """Receipts and everything else, since the scenario began."""
    subjects = [str(mail.subject) for mail in world.mails]
    expect(len(subjects) == n, f"{len(subjects)} are sent: {', '.join(subjects) or 'none'}.")


@then("{who} gets a receipt over {total}")
def _(world: World, who: str, total: Money) -> None:
    """A mail to that shopper with this sum in it."""
    address = world.person(who).mail
    letters = [mail.body for mail in world.mails if address in mail.to]
    expect(any(str(total) in each for each in letters), f"{len(letters)} mails, none says so.")


def _bag(world: World, whose: str | None) -> HtmlPage:
    """The bag as it is shown now; the shopper's page in front stays."""
    return (world.person(whose) if whose else world.last).browser.bag()


def _order(world: World, whose: str | None, status: str) -> Order:
    order = world.order(whose)
    names = {value: name for name, value in STATUSES.items()}
    expect(order.status == STATUSES[status], f"It is {names[Order.Status(order.status)]}.")
    return order


def _refusal(page: HtmlPage) -> str:
    return ", ".join(page.verdicts).replace("_", " ") or f"{page.status}, {_in_short(page)}"


def _in_short(page: HtmlPage) -> str:
    return page.text.partition("Skip to the content")[2][:500] or page.text[:500]
