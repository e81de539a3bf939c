"""What a place must not leave out: a page that says nothing tells no lie, and helps nobody."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

from shop.qa.walk.circumstances import BAG, Circumstances
from shop.qa.walk.events import LIST_PRICES
from shop.qa.walk.statements import Topic

#: How long the home page lists a sale that is over.
LISTED_AFTER_CLOSE = timedelta(days=30)

type Needed = tuple[Topic, str]


def needed_of(place: str, here: Circumstances, about: str) -> Iterator[Needed]:
    """What a place has to say at an instant, of what."""
    rule = _RULES.get(place)
    if rule is not None:
        yield from rule(here, about)


def _sale_page(here: Circumstances, sale: str) -> Iterator[Needed]:
    yield Topic.PHASE, sale
    yield Topic.CLOSES, sale
    match here.account.phase(sale, here.at):
        case "upcoming":
            yield Topic.OPENS, sale
        case "open":
            if here.account.offered(sale, here.at):
                yield Topic.FRESH_HOLD, sale
            for sku in here.account.offered(sale, here.at):
                yield Topic.AMOUNT, f"{sale}/{sku}"
                yield Topic.PERCENT_OFF, f"{sale}/{sku}"
        case "closed":
            yield Topic.IS_HELD, sale


def _home(here: Circumstances, _: str) -> Iterator[Needed]:
    for sale in here.account.terms_set:
        closed_long_ago = here.at > here.terms(sale).closes + LISTED_AFTER_CLOSE
        if closed_long_ago or not here.account.on_show(sale, here.at):
            continue
        if here.account.phase(sale, here.at) != "absent":
            yield Topic.PHASE, sale


def _product(here: Circumstances, about: str) -> Iterator[Needed]:
    sku = about.rpartition("/")[2]
    cheapest = here.account.cheapest(sku, here.at)
    if cheapest is None:
        yield Topic.IS_BUYABLE, about
        return
    deal = f"{cheapest[0]}/{sku}"
    yield Topic.AMOUNT, deal
    yield Topic.FRESH_HOLD, deal
    if cheapest[0] != LIST_PRICES:
        yield Topic.CLOSES, cheapest[0]


def _bag(here: Circumstances, _: str) -> Iterator[Needed]:
    for line, name in zip(here.bag.lines, here.bag.ids, strict=False):
        yield Topic.LINE_VERDICT, name
        yield Topic.LINE_TOTAL, name
        yield (Topic.LINE_HELD if line.is_honored else Topic.LINE_VERDICT), name
    if here.bag.total:
        yield Topic.TOTAL, BAG
        yield Topic.FIRST_HOLD_END, BAG


def _checkout(here: Circumstances, _: str) -> Iterator[Needed]:
    yield Topic.CHARGE, BAG
    yield Topic.FIRST_HOLD_END, BAG
    for line in here.bag.lines:
        yield Topic.ITEM, f"{BAG}/{line.shown.sku}"


def _today(here: Circumstances, _: str) -> Iterator[Needed]:
    for sale in here.account.terms_set:
        if here.account.phase(sale, here.at) == "open":
            yield Topic.CLOSES, sale
            yield Topic.LAST_HOLD, sale


def _list(here: Circumstances, _: str) -> Iterator[Needed]:
    for sale in here.account.terms_set:
        yield Topic.OPENS, sale
        yield Topic.CLOSES, sale
        if here.account.phase(sale, here.at) != "absent":
            yield (
                (Topic.IS_HELD if here.account.phase(sale, here.at) == "closed" else Topic.PHASE),
                sale,
            )


def _order(here: Circumstances, number: str) -> Iterator[Needed]:
    yield Topic.ORDER_STATUS, number
    yield Topic.ORDERED_AT, number
    for each in here.account.orders:
        if each.number == number:
            for bought in each.bought:
                yield Topic.ITEM, f"{number}/{bought.price.sku}"
                yield Topic.EACH, f"{number}/{bought.price.sku}"


def _figures(here: Circumstances, sale: str) -> Iterator[Needed]:
    if here.sold(sale).orders:
        for topic in (Topic.SOLD_ORDERS, Topic.SOLD_UNITS, Topic.REVENUE, Topic.DISCOUNT):
            yield topic, sale
    if here.sold(sale, late=True).orders:
        for topic in (Topic.LATE_ORDERS, Topic.LATE_UNITS, Topic.LATE_REVENUE, Topic.LATE_DISCOUNT):
            yield topic, sale


_RULES: Mapping[str, Callable[[Circumstances, str], Iterator[Needed]]] = {
    "sales:home": _home,
    "sales:sale": _sale_page,
    "sales:product": _product,
    "bag:show": _bag,
    "checkout:checkout": _checkout,
    "checkout:order": _order,
    "admin:index": _today,
    "admin:sales_sale_changelist": _list,
    "admin:sale_live": _figures,
    "admin:sale_report": _figures,
}
