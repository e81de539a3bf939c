"""The status of a sale in words."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shop.core.durations import duration
from shop.sales.hold_end import last_hold_ends_at
from shop.sales.models import Sale

#: The last minutes of a sale, shown in red.
ENDING = timedelta(minutes=2)

#: The words for states; a draft may have been published before.
STATE_WORDS: dict[str, str] = {
    Sale.State.DRAFT: "Hidden",
    Sale.State.PUBLISHED: "Published",
    Sale.State.CANCELED: "Canceled",
}


@dataclass(frozen=True, slots=True)
class SaleStatus:
    """A sale's status in words; ``name`` is its CSS class."""

    name: str
    figure: str
    text: str


def status_of(sale: Sale, held_until: datetime, now: datetime) -> SaleStatus:
    """The status of a sale at an instant, with the time left."""
    is_on = sale.state == Sale.State.PUBLISHED
    if sale.published_at is None:
        return SaleStatus("quiet", "Draft", "Nobody sees it, and nothing is sold.")
    if now < sale.starts_at:
        if not is_on:
            return SaleStatus("quiet", STATE_WORDS[sale.state], "It is not going to open.")
        return SaleStatus("quiet", duration(sale.starts_at - now), "until it opens")
    if now < sale.ends_at and is_on:
        left = sale.ends_at - now
        return SaleStatus("ending" if left <= ENDING else "live", duration(left), "left")
    if now < held_until:
        figure = "Closed" if is_on else STATE_WORDS[sale.state]
        return SaleStatus("held", figure, f"Prices are held for {duration(held_until - now)} more.")
    return SaleStatus("quiet", "Over", "No price of it is held any more.")


def status_word(sale: Sale, now: datetime) -> str:
    """The same in a word or two, for lists; of a sale of ``with_hold_rows``, without a query."""
    if sale.published_at is None:
        return "draft"
    is_on = sale.state == Sale.State.PUBLISHED
    if is_on and now < sale.ends_at:
        return "upcoming" if now < sale.starts_at else "live"
    word = "over" if is_on else STATE_WORDS[sale.state].lower()
    is_held = max(now, sale.starts_at) < last_hold_ends_at(sale)
    return f"{word}, prices held" if is_held else word
