"""What is true of sales and deals, by the topic of a statement; several values where any is."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from shop.qa.walk.account import SECOND
from shop.qa.walk.circumstances import Circumstances, NotKnown, parts, sale_of
from shop.qa.walk.events import LIST_PRICES, HoldExtended, OffersRecalled, TermsSet
from shop.qa.walk.statements import Topic

#: How much longer the back office counts offers as out: they are issued in whole seconds, and
#: another process shows a page from before a change for a second more.
_AT_THE_MOST = 2 * SECOND

# --- Of a sale ---


def phase(here: Circumstances, sale: str) -> str:
    return here.account.phase(sale, here.at)


def opens(here: Circumstances, sale: str) -> datetime:
    return here.terms(sale).opens.replace(microsecond=0)


def closes(here: Circumstances, sale: str) -> datetime:
    return here.terms(sale).closes.replace(microsecond=0)


def hold(here: Circumstances, sale: str) -> timedelta:
    return here.terms(sale).hold


def is_held(here: Circumstances, sale: str) -> bool | frozenset[bool]:
    now = here.account.is_held(sale, here.at)
    # Pages say so up to a second too long: offers are issued in whole seconds.
    return frozenset({now, here.account.is_held(sale, here.at - SECOND)})


def may_be_held(here: Circumstances, sale: str) -> bool | frozenset[bool]:
    """What the back office says of offers that are out, at the most."""
    return frozenset({here.account.is_held(sale, at) for at in (here.at, here.at - _AT_THE_MOST)})


def last_offer(here: Circumstances, sale: str) -> datetime:
    """When it makes no offer any more: at its close, or when it was taken down before."""
    terms = here.terms(sale)
    spans = (span for sku in terms.deals for span in here.account.payable(sale, sku, here.at))
    return max((span.end for span in spans), default=terms.closes).replace(microsecond=0)


def last_hold(here: Circumstances, sale: str) -> datetime | None:
    return here.account.last_hold_end(sale, here.at)


def last_promise(here: Circumstances, sale: str) -> datetime | None:
    """When the last price runs out that a page has shown by now."""
    return here.account.last_hold_end(sale, here.at, shown_by=here.at)


def planned_hold_end(here: Circumstances, sale: str) -> datetime:
    """When the last price of the window runs out, by the present terms alone."""
    terms = here.terms(sale)
    return terms.closes + terms.hold


def lasts(here: Circumstances, sale: str) -> timedelta:
    return here.terms(sale).closes - here.terms(sale).opens


def time_to_open(here: Circumstances, sale: str) -> timedelta:
    return here.terms(sale).opens - here.at


def time_left(here: Circumstances, sale: str) -> timedelta:
    return here.terms(sale).closes - here.at


def time_held(here: Circumstances, sale: str) -> timedelta:
    end = here.account.last_hold_end(sale, here.at)
    return end - here.at if end else timedelta()


def changed_at(here: Circumstances, sale: str) -> frozenset[datetime]:
    """When anything was done to the sale, and the instants that it was about."""
    account = here.account
    done: list[TermsSet | HoldExtended | OffersRecalled] = [
        *account.terms_set[sale],
        *account.extensions,
        *account.recalls,
    ]
    stretches = [
        at
        for each in account.recalls
        for at in (each.shown_from, each.shown_before)
        if each.sale == sale and at is not None
    ]
    return frozenset([*(each.at for each in done if each.sale == sale), *stretches])


def held_longer(here: Circumstances, sale: str) -> frozenset[timedelta]:
    return frozenset(each.longer for each in here.account.extensions if each.sale == sale)


def deals(here: Circumstances, sale: str) -> int:
    return len(here.account.on_show(sale, here.at))


def amount(here: Circumstances, deal: str) -> int:
    sale, sku = parts(deal)
    if sale != LIST_PRICES and sku not in here.account.offered(sale, here.at):
        raise NotKnown("it is not offered now")
    return here.account.price(sale, sku, here.at)


def compared(here: Circumstances, deal: str) -> int:
    sale, sku = parts(deal)
    return here.account.was(sale, sku, here.at)


def percent_off(here: Circumstances, deal: str) -> int:
    price, was = amount(here, deal), compared(here, deal)
    return (was - price) * 100 // was


def below_list(here: Circumstances, deal: str) -> int:
    """How much the price is below the list price, in whole percent."""
    full = list_price(here, deal)
    return (full - set_price(here, deal)) * 100 // full


def first_promise(here: Circumstances, sale: str) -> datetime:
    """When a price runs out that is shown in the first second, by the present terms."""
    terms = here.terms(sale)
    return max(terms.opens, here.at).replace(microsecond=0) + terms.hold


def final_promise(here: Circumstances, sale: str) -> datetime:
    """When a price runs out that is shown in the last second, by the present terms."""
    terms = here.terms(sale)
    return terms.closes - SECOND + terms.hold


def fresh_hold(here: Circumstances, deal: str) -> datetime:
    return here.second + here.account.hold(sale_of(deal), here.at)


def outlasts(here: Circumstances, deal: str) -> bool:
    return fresh_hold(here, deal) > here.terms(sale_of(deal)).closes


def limit(here: Circumstances, deal: str) -> int:
    sale, sku = parts(deal)
    terms = here.account.terms(sale, here.at)
    return terms.deals[sku].limit if terms else here.account.list_limit


def claimed(here: Circumstances, deal: str) -> int:
    """Units claimed of all there were, in whole percent, rounded down."""
    claimed, left = here.units(deal)
    return claimed * 100 // (claimed + left)


def left(here: Circumstances, deal: str) -> int:
    return here.units(deal)[1]


def list_price(here: Circumstances, deal: str) -> int:
    return here.account.price(LIST_PRICES, parts(deal)[1], here.at)


def is_listed(here: Circumstances, deal: str) -> bool:
    listed = here.account.list_price(parts(deal)[1], here.at)
    return listed is not None and listed.is_sold


def is_buyable(here: Circumstances, deal: str) -> bool:
    return here.account.cheapest(parts(deal)[1], here.at) is not None


def set_price(here: Circumstances, deal: str) -> int:
    sale, sku = parts(deal)
    return here.account.price(sale, sku, here.at)


def reference(here: Circumstances, deal: str) -> int | None:
    sale, sku = parts(deal)
    return here.account.reference(sale, sku, here.at)


def has_reference(here: Circumstances, deal: str) -> bool:
    """Whether it could be bought in the 30 days before the sale."""
    return reference(here, deal) is not None


def held_amount(here: Circumstances, deal: str) -> frozenset[int]:
    """The lowest price of the deal that is out."""
    sale, sku = parts(deal)
    account = here.account
    spans = [span for span in account.payable(sale, sku, here.at) if span.start <= here.at]
    prices = {
        min(held)
        for slack in (timedelta(), _AT_THE_MOST)
        if (
            held := [
                span.price
                for span in spans
                if any(
                    end + slack > here.at
                    for end in account.span_hold_ends(sale, sku, span, here.at)
                )
            ]
        )
    }
    if not prices:
        raise NotKnown("no price of it is held")
    return frozenset(prices)


def held_until(here: Circumstances, deal: str) -> datetime | None:
    sale, sku = parts(deal)
    return here.account.last_hold_end(sale, here.at, sku, shown_by=here.at)


SALE_TRUTHS: Mapping[Topic, Callable[[Circumstances, str], object]] = {
    Topic.PHASE: phase,
    Topic.OPENS: opens,
    Topic.CLOSES: closes,
    Topic.HOLD: hold,
    Topic.IS_HELD: is_held,
    Topic.MAY_BE_HELD: may_be_held,
    Topic.LAST_OFFER: last_offer,
    Topic.LAST_HOLD: last_hold,
    Topic.LAST_PROMISE: last_promise,
    Topic.PLANNED_HOLD_END: planned_hold_end,
    Topic.LASTS: lasts,
    Topic.TIME_TO_OPEN: time_to_open,
    Topic.TIME_LEFT: time_left,
    Topic.TIME_HELD: time_held,
    Topic.CHANGED_AT: changed_at,
    Topic.HELD_LONGER: held_longer,
    Topic.DEALS: deals,
    Topic.AMOUNT: amount,
    Topic.COMPARED: compared,
    Topic.PERCENT_OFF: percent_off,
    Topic.BELOW_LIST: below_list,
    Topic.FIRST_PROMISE: first_promise,
    Topic.FINAL_PROMISE: final_promise,
    Topic.FRESH_HOLD: fresh_hold,
    Topic.OUTLASTS: outlasts,
    Topic.LIMIT: limit,
    Topic.CLAIMED: claimed,
    Topic.LEFT: left,
    Topic.LIST_PRICE: list_price,
    Topic.IS_LISTED: is_listed,
    Topic.IS_BUYABLE: is_buyable,
    Topic.SET_PRICE: set_price,
    Topic.REFERENCE: reference,
    Topic.HAS_REFERENCE: has_reference,
    Topic.HELD_AMOUNT: held_amount,
    Topic.HELD_UNTIL: held_until,
    Topic.WAS: compared,
}
