"""Steps: the merchant's sales and their deals, prices, windows, holds and stock."""

from datetime import timedelta
from typing import Any

from shop.core.currencies import digits_of
from shop.qa.pytest_plugin.parsing import (
    Money,
    WrongWords,
    money,
    number,
    sku_of,
    variant_sku,
)
from shop.qa.pytest_plugin.vocabulary import Table, given, when
from shop.qa.pytest_plugin.world import World
from shop.sales.holds import recall

#: What a sale sells that has no table: one mug at 9.90 EUR.
DEFAULT_DEAL = {"deal": "mug", "price": "9.90 EUR", "instead of": "49.90 EUR"}
_COLUMNS = {"deal", "price", "instead of", "stock", "at most", "set aside", "sizes"}
#: "The merchant raises the price" is by this many units of the currency.
_STEP = 5


@given("the sale {sale}[ in {zone}] from {opens} to {closes}[ holding prices for {duration}]")
def _(
    world: World,
    sale: str,
    opens: str,
    closes: str,
    zone: str = "Europe/Berlin",
    duration: timedelta = timedelta(minutes=30),
    table: Table | None = None,
) -> None:
    """A published sale, an hour before it opens. What it sells may stand in a table: `deal`,
    `price`, `instead of` (its list price), `stock` (100), `at most` (10, for one shopper),
    `set aside` (all the stock), `sizes` (`S, M, L`, each with that stock). Without one it sells
    a mug at 9.90 EUR in place of 49.90 EUR. Without a zone it is in Europe/Berlin, and prices
    are held for 30 minutes unless it says otherwise."""
    world.load_sale(
        sale,
        zone,
        opens,
        closes,
        hold_seconds=int(duration.total_seconds()),
        deals=[_document(row) for row in _rows(table)],
    )


@given("today is {date}")
def _(world: World, date: str) -> None:
    """The day that times without a date are on: 27 November 2026 unless this is said first."""
    world.start_on(date)


def _rows(table: Table | None) -> list[dict[str, str]]:
    if not table:
        return [DEFAULT_DEAL]
    head, *rows = table
    if unknown := set(head) - _COLUMNS:
        raise WrongWords(
            f"The table has a column {', '.join(sorted(unknown))}. "
            f"It can have: {', '.join(sorted(_COLUMNS))}."
        )
    return [dict(zip(head, row, strict=True)) for row in rows]


def _document(row: dict[str, str]) -> dict[str, Any]:
    if not row.get("deal") or not row.get("price"):
        raise WrongWords("Each row of the table needs a deal and a price.")
    price = money(row["price"])
    list_price = money(row["instead of"]).amount if row.get("instead of") else price.amount * 5
    sku = sku_of(row["deal"])
    document: dict[str, Any] = {
        "sku": sku,
        "name": row["deal"],
        "price": price.amount,
        "currency": price.currency,
        "list_price": list_price,
        "max_per_shopper": number(row.get("at most") or "10"),
    }
    if row.get("set aside"):
        document["allocation"] = number(row["set aside"])
    stock = number(row.get("stock") or "100")
    if sizes := row.get("sizes"):
        document["variants"] = [
            {"sku": variant_sku(sku, size.strip()), "name": size.strip(), "stock": stock}
            for size in sizes.split(",")
        ]
    else:
        document["stock"] = stock
    return document


@when("the merchant raises the price[ of {deal}][ to {price}]")
def _(world: World, deal: str | None = None, price: Money | None = None) -> None:
    """By five units of its currency, unless it says to what."""
    row = world.deal(deal)
    higher = row.price + _STEP * 10 ** digits_of(row.product.currency)
    world.merchant.set_price(row, price.amount if price else higher)


@when("the merchant lowers the price[ of {deal}][ to {price}]")
def _(world: World, deal: str | None = None, price: Money | None = None) -> None:
    """By five units of its currency, unless it says to what."""
    row = world.deal(deal)
    lower = row.price - _STEP * 10 ** digits_of(row.product.currency)
    world.merchant.set_price(row, price.amount if price else lower)


@when("the merchant changes the list price of {deal} to {price}")
def _(world: World, deal: str, price: Money) -> None:
    """What it costs outside any sale."""
    world.merchant.set_list_price(world.deal(deal).product, price.amount)


@when("the merchant closes {sale} early")
def _(world: World, sale: str) -> None:
    """Its window ends now."""
    world.merchant.set_end(world.sale(sale), world.now)


@when("the merchant moves the end of {sale} to {moment}")
def _(world: World, sale: str, moment: str) -> None:
    """Its window ends earlier or later than was said."""
    world.merchant.set_end(world.sale(sale), world.moment(moment))


@when("the merchant holds prices for {duration} from now on")
def _(world: World, duration: timedelta) -> None:
    """Another hold, for what is shown from here on."""
    world.merchant.set_hold(world.sale(), int(duration.total_seconds()))


@when("the merchant holds what was shown {duration} longer")
def _(world: World, duration: timedelta) -> None:
    """An extension, of every price of the sale that was shown before now; whole minutes."""
    minutes, rest = divmod(int(duration.total_seconds()), 60)
    if rest:
        raise WrongWords("The back office extends by whole minutes.")
    world.merchant.extend(world.sale(), minutes)


@when("the merchant recalls {sale}, because {text}")
def _(world: World, sale: str, text: str) -> None:
    """Every price of the sale that is out is void, and shoppers read why."""
    world.merchant.recall(world.sale(sale), text)


@when("the merchant recalls the price of {deal}, because {text}")
def _(world: World, deal: str, text: str) -> None:
    """The prices of one deal are void, those of the others are not."""
    row = world.deal(deal)
    world.merchant.recall(row.sale, text, row)


@when("the merchant recalls what was shown before {moment}, because {text}")
def _(world: World, moment: str, text: str) -> None:
    """Prices that were shown before an instant are void, later ones are not. Within ten minutes
    of that instant all are: a server that lost its database may still show the old ones."""
    recall(
        sale=world.sale(),
        reason=text,
        by=world.merchant.user,
        now=world.now,
        issued_before=world.moment(moment),
    )


@when("the merchant withdraws {deal}")
def _(world: World, deal: str) -> None:
    """The sale shows it no more."""
    world.merchant.withdraw(world.deal(deal))


@when("the merchant unpublishes {sale}")
def _(world: World, sale: str) -> None:
    """The sale is hidden for now."""
    world.merchant.unpublish(world.sale(sale))


@when("the merchant publishes {sale}")
def _(world: World, sale: str) -> None:
    """The sale is shown again."""
    world.merchant.publish(world.sale(sale))


@when("the merchant cancels {sale}")
def _(world: World, sale: str) -> None:
    """The sale is called off, for good."""
    world.merchant.cancel(world.sale(sale))


@when("the merchant adds {n} {deals} to the stock")
def _(world: World, n: int, deals: str) -> None:
    """More units are supplied."""
    world.merchant.add_stock(world.deal(deals).product, n)


@when("the merchant refunds {n} {deals}, because {text}")
def _(world: World, n: int, deals: str, text: str) -> None:
    """Of the newest order: their money goes back, and they come back into stock."""
    world.merchant.refund(world.order(), world.deal(deals).product.sku, n, text)
