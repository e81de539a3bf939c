"""The rules of the sense checks: pure functions of facts and an instant."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from shop.core.durations import duration, exact_duration, several
from shop.core.formatting import clock, day, day_and_clock, exactly, iso_minute, second
from shop.core.money import format_money
from shop.core.wall_time import wall_time
from shop.sales.sense_checks import DealFacts, SaleFacts, SenseCheck, SenseFinding

#: A larger reduction off the list price is taken for a misplaced decimal point.
MOST_PERCENT_OFF = 90
#: A sale that opens sooner leaves no time to look at it; one that opens later is years away.
SOON, FAR = timedelta(minutes=10), timedelta(days=365)
#: A window outside these is too short to be found, or no flash sale.
SHORTEST_WINDOW, LONGEST_WINDOW = timedelta(minutes=1), timedelta(days=14)
#: What lengths of windows are multiples of.
STEP = timedelta(minutes=5)
#: A shorter hold ends while shoppers type; a longer one is a price list.
SHORTEST_HOLD, LONGEST_HOLD = timedelta(minutes=5), timedelta(days=1)
#: Hours at which nobody opens a sale; at midnight people do.
NIGHT = range(1, 6)


def findings(facts: SaleFacts, now: datetime) -> tuple[SenseFinding, ...]:
    """Everything that is probably a slip in a sale, warnings first."""
    found = [
        *_of_deals(facts),
        *_of_window(facts, now),
        *_of_hold(facts),
        *(each for deal in facts.deals for rule in _DEAL_RULES for each in rule(deal)),
    ]
    return tuple(sorted(found, key=lambda each: not each.is_warning))


# --- The sale -------------------------------------------------------------------


def _of_deals(facts: SaleFacts) -> Iterator[SenseFinding]:
    deals = facts.deals
    if not deals:
        yield SenseFinding(SenseCheck.NO_DEALS, "It has no deals: its page sells nothing.")
        return
    currencies = sorted({deal.currency for deal in deals})
    if len(currencies) > 1:
        yield SenseFinding(
            SenseCheck.TWO_CURRENCIES,
            f"Its prices are in {' and '.join(currencies)}, and an order is in one currency: "
            "nobody can buy from both at once.",
            tuple(currencies),
        )
    if all(deal.is_empty for deal in deals):
        yield SenseFinding(SenseCheck.NOTHING_IN_STOCK, "It has nothing in stock: nobody can buy.")
        return
    for deal in deals:
        if deal.is_empty:
            why = "nothing is set aside" if deal.allocation == 0 else "nothing is in stock"
            yield _about(deal, SenseCheck.NO_STOCK, f"{why}: it is shown as sold out.")


def _of_window(facts: SaleFacts, now: datetime) -> Iterator[SenseFinding]:
    starts_at, ends_at, zone = facts.starts_at, facts.ends_at, facts.zone
    if starts_at is None or ends_at is None:
        return
    if ends_at <= now:
        yield SenseFinding(
            SenseCheck.OVER,
            f"Its window is over since {exactly(ends_at, zone)}: it makes no offer any more.",
            (ends_at.isoformat(),),
        )
        return
    if not facts.is_published:
        yield from _of_opening(starts_at, now, zone)
    if wall_time(starts_at, zone).hour in NIGHT:
        yield SenseFinding(
            SenseCheck.OPENS_AT_NIGHT,
            f"It opens at {clock(starts_at, zone)}: is that the hour and the zone you mean?",
        )
    yield from _of_length(starts_at, ends_at, zone)


def _of_opening(starts_at: datetime, now: datetime, zone: ZoneInfo) -> Iterator[SenseFinding]:
    ahead = starts_at - now
    if ahead <= timedelta():
        yield SenseFinding(
            SenseCheck.OPENS_AT_ONCE,
            f"Its window is open since {day_and_clock(starts_at, zone)}: it sells from the "
            "moment it is published.",
        )
    elif ahead <= SOON:
        yield SenseFinding(
            SenseCheck.OPENS_SOON,
            f"It opens in {duration(ahead)}: that is little time to look at it before shoppers do.",
        )
    elif ahead > FAR:
        yield SenseFinding(
            SenseCheck.OPENS_FAR,
            f"It opens in {several(ahead.days, 'day')}, on {exactly(starts_at, zone)}: is that "
            "the year you mean?",
            (starts_at.isoformat(),),
        )


def _of_length(starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> Iterator[SenseFinding]:
    lasts, last = ends_at - starts_at, wall_time(ends_at, zone)
    text, figures = duration(lasts), (lasts // timedelta(seconds=1),)
    if lasts < SHORTEST_WINDOW:
        yield SenseFinding(SenseCheck.SHORT_WINDOW, f"It is open for {text} only.", figures)
    elif lasts > LONGEST_WINDOW:
        yield SenseFinding(
            SenseCheck.LONG_WINDOW,
            f"It is open for {text}, until {exactly(ends_at, zone)}: is that the day you mean?",
            figures,
        )
    elif last.minute == 59 and last.second in {0, 59}:
        missed, name = (
            (timedelta(seconds=1), "second") if last.second else (timedelta(minutes=1), "minute")
        )
        yield SenseFinding(
            SenseCheck.A_MINUTE_SHORT,
            f"It closes at {second(ends_at, zone)}, and not with the hour: the last {name} is not "
            f"part of it. For the whole hour write {iso_minute(ends_at + missed, zone)}.",
        )
    elif lasts % STEP:
        exact = exact_duration(lasts // timedelta(seconds=1))
        yield SenseFinding(
            SenseCheck.ODD_LENGTH,
            f"It is open for {exact}: an odd length. Its last second is the one before "
            f"{second(ends_at, zone)}.",
        )


def _of_hold(facts: SaleFacts) -> Iterator[SenseFinding]:
    hold = facts.hold
    if hold is None:
        return
    text, figures = exact_duration(hold // timedelta(seconds=1)), (hold // timedelta(seconds=1),)
    if hold < SHORTEST_HOLD:
        yield SenseFinding(
            SenseCheck.SHORT_HOLD,
            f"Prices are held for {text}: who types an address may need longer.",
        )
    elif hold > LONGEST_HOLD:
        until = ""
        if facts.ends_at is not None:
            last = day_and_clock(facts.ends_at + hold, facts.zone)
            until = f": whoever opens the page in the last second buys at them until {last}"
        yield SenseFinding(SenseCheck.LONG_HOLD, f"Prices are held for {text}{until}.", figures)


# --- A deal ---------------------------------------------------------------------


def _about(deal: DealFacts, check: SenseCheck, text: str, *figures: object) -> SenseFinding:
    return SenseFinding(check, f"{deal.name}: {text}", figures, deal.sku, deal.product)


def _of_price(deal: DealFacts) -> Iterator[SenseFinding]:
    price, full, currency = deal.price, deal.list_price, deal.currency
    if price is None:
        return
    figures = f"{price}/{full}"
    if price > full:
        yield _about(
            deal,
            SenseCheck.ABOVE_LIST_PRICE,
            f"{format_money(price, currency)} is above the list price of "
            f"{format_money(full, currency)}.",
            figures,
        )
    elif deal.was is None:
        yield _about(
            deal,
            SenseCheck.NOT_REDUCED,
            "shoppers see no reduction, as nobody could buy it in the 30 days before the sale.",
            price,
        )
    elif price >= deal.was:
        yield _about(
            deal,
            SenseCheck.NOT_REDUCED,
            f"shoppers see no reduction, as it was {format_money(deal.was, currency)} in the 30 "
            "days before the sale.",
            price,
            deal.was,
        )
    elif (full - price) * 100 > full * MOST_PERCENT_OFF:
        yield _about(
            deal,
            SenseCheck.DEEP_REDUCTION,
            f"{format_money(price, currency)} is {(full - price) * 100 // full}% below the list "
            f"price of {format_money(full, currency)}.",
            figures,
        )


def _of_other_sales(deal: DealFacts) -> Iterator[SenseFinding]:
    for other in deal.others:
        if deal.price is None or other.price == deal.price:
            continue
        sale = f"{other.sale} (a draft)" if other.is_draft else other.sale
        yield SenseFinding(
            SenseCheck.TWO_PRICES,
            f"{deal.name} is in {sale} too, on {day(other.starts_at, other.zone)} until "
            f"{clock(other.ends_at, other.zone)}, at {format_money(other.price, deal.currency)}, "
            f"and here at {format_money(deal.price, deal.currency)}. Each page sells it at its "
            "own price, and the product’s page shows the lower one.",
            (other.sale, other.price, deal.price),
            deal.sku,
            deal.product,
        )


def _of_units(deal: DealFacts) -> Iterator[SenseFinding]:
    if deal.allocation is None or deal.is_empty:
        return
    elsewhere = sum(each.set_aside for each in deal.others if not each.is_draft)
    if deal.set_aside > deal.left:
        yield _about(
            deal,
            SenseCheck.OVER_ALLOCATED,
            f"{deal.set_aside} are set aside, and {deal.left} are in stock.",
            deal.allocation,
            deal.stock,
        )
    elif elsewhere > 0 and deal.set_aside + elsewhere > deal.left:
        yield _about(
            deal,
            SenseCheck.SET_ASIDE_TWICE,
            f"{deal.set_aside} are set aside here and {elsewhere} in other sales at the same "
            f"time, and {deal.left} are in stock.",
            deal.allocation,
            elsewhere,
            deal.stock,
        )
    elif deal.raised and deal.set_aside < deal.left:
        yield _about(
            deal,
            SenseCheck.RAISED_IN_VAIN,
            f"{several(deal.raised, 'unit')} came in, and yet no more than the {deal.allocation} "
            "set aside are sold here.",
            deal.allocation,
            deal.stock,
        )


def _of_limit(deal: DealFacts) -> Iterator[SenseFinding]:
    supply = deal.stock if deal.allocation is None else min(deal.stock, deal.allocation)
    if deal.limit is not None and 0 < supply < deal.limit:
        yield _about(
            deal,
            SenseCheck.LIMIT_ABOVE_STOCK,
            f"one shopper may have {deal.limit}, and there are {supply} in all.",
        )


_DEAL_RULES: tuple[Callable[[DealFacts], Iterator[SenseFinding]], ...] = (
    _of_price,
    _of_other_sales,
    _of_units,
    _of_limit,
)
