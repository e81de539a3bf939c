"""The sentences of the shop's own pages and mails."""

from shop.qa.walk.readers import Sentence, the_deal, the_item, the_line, the_page, the_sale
from shop.qa.walk.statements import Topic, Value


def the_bag(*_: object) -> str:
    """The bag of whoever reads the page."""
    return "bag"


type Says = dict[Topic, Value]

UPCOMING: Says = {Topic.PHASE: "upcoming"}
OPEN: Says = {Topic.PHASE: "open"}
CLOSED: Says = {Topic.PHASE: "closed"}

#: On every page.
LAYOUT = (
    Sentence(r"^The price is held\. The item is yours once it is paid\.$"),
    Sentence(r"^A price you are shown is held until the time that stands next to it, in this br"),
    Sentence(r"Bag · {units}", the_bag),
    Sentence(r"Bag · \d+ {glance}", the_bag),
    Sentence(r"^Your browser carries this bag; the shop keeps no copy\.$"),
)

_CLOCKS = (
    Sentence(r"The sale closes at {closes}", the_sale, OPEN),
    Sentence(r"These prices are held for you until {fresh_hold}", the_deal),
    Sentence(r"They hold even after the sale closes\.", the_deal, {Topic.OUTLASTS: True}),
    Sentence(r"They hold whatever changes meanwhile\.", the_deal, {Topic.OUTLASTS: False}),
    Sentence(r"The sale opens at {opens}", the_sale, UPCOMING),
    Sentence(r"Nothing is offered in it now\. It closes at {closes}", the_sale, OPEN),
    Sentence(r"It closes at {closes}", the_sale, UPCOMING),
    Sentence(
        r"^Prices show when it opens\. Each you are shown is then held for you for {hold}\.",
        the_sale,
    ),
    Sentence(r"The sale is over\. It closed at {closes}", the_sale, CLOSED),
    Sentence(r"Prices shown before that are held$", the_sale, {Topic.IS_HELD: True}),
    Sentence(r"All prices of it have run out$", the_sale, {Topic.IS_HELD: False}),
    Sentence(
        r"Prices shown before that are held Each until the time its page promised",
        the_sale,
        {Topic.IS_HELD: True},
    ),
    Sentence(
        r"All prices of it have run out What is sold outside sales is still here, at its usual .*",
        the_sale,
        {Topic.IS_HELD: False},
    ),
    Sentence(r"Each until the time its page promised\.( See your bag)?"),
)

_PRICE = (
    Sentence(r"^{amount}$", the_deal, {Topic.PERCENT_OFF: 0}),
    Sentence(r"^{amount} before: {was} {percent_off}$", the_deal),
    Sentence(r"Under 1% claimed", the_deal, {Topic.CLAIMED: 0}),
    Sentence(r"{claimed} claimed", the_deal),
    Sentence(r", {left} left", the_deal),
    Sentence(r"{list_price} outside the sale", the_deal, {Topic.IS_LISTED: True}),
    Sentence(r"In this sale alone|Sold in sales alone", the_deal, {Topic.IS_LISTED: False}),
    Sentence(r"One shopper can have {limit}\.", the_deal),
)

HOME = (
    *LAYOUT,
    Sentence(r"^Short sales\. Prices that keep\.$|: prices that are held$"),
    Sentence(
        r"^A price you are shown is held for you until a time we name, even if the sale clo.*"
    ),
    Sentence(r"^Open now$"),
    Sentence(r"{deals} deals? until {closes}", the_sale, OPEN, under="Open now"),
    Sentence(r"Opens {opens}", the_sale, UPCOMING, under="Coming"),
    Sentence(r"^Just over$"),
    Sentence(r"closed {closes}$", the_sale, CLOSED | {Topic.IS_HELD: False}, under="Just over"),
    Sentence(
        r"closed {closes}; prices are still held$",
        the_sale,
        CLOSED | {Topic.IS_HELD: True},
        under="Just over",
    ),
)

SALE = (
    *LAYOUT,
    *_CLOCKS,
    *_PRICE,
    Sentence(r"^A price struck through is the lowest of the 30 days before the sale\.$"),
)

PRODUCT = (
    *LAYOUT,
    *_CLOCKS,
    *_PRICE,
    Sentence(r"This price is held for you until {fresh_hold}\.", the_deal),
    Sentence(
        r"It is sold in sales alone, and none is open for it now\.",
        the_page,
        {Topic.IS_BUYABLE: False},
    ),
    Sentence(r"It will be in .+, which opens {opens}\.", the_sale, UPCOMING),
)

CALENDAR = (
    Sentence(r"DTSTART {opens}", the_page),
    Sentence(r"DTEND {closes}", the_page),
)

BAG = (
    *LAYOUT,
    Sentence(r"^Total {total}$", the_bag, under="Sum"),
    Sentence(r"^Held until {first_hold_end}(, or longer)?", the_bag, under="Sum"),
    Sentence(r"^{line_amount} each$", the_line),
    Sentence(r"^{line_total}$", the_line),
    Sentence(r"^Held until {line_held}", the_line, {Topic.LINE_IS_RENEWED: False}),
    Sentence(
        r"^It has become cheaper: {line_amount} in place of {line_before}, held until {line_held}",
        the_line,
        {Topic.LINE_IS_CHEAPER: True},
    ),
    Sentence(
        r"^The time was up: held again until {line_held}, at the same price",
        the_line,
        {Topic.LINE_IS_RENEWED: True},
    ),
    Sentence(r"This price was held until {line_held}\.", the_line),
    Sentence(
        r"The shop has taken this price back\.( It says: “[^”]*”)?",
        the_line,
        {Topic.LINE_VERDICT: "recalled"},
    ),
    Sentence(r"It is {costs_now} now\. Keep it at that price, or remove it\.", the_line),
    Sentence(r"It is {costs_now} now\.", the_line),
    Sentence(r"Keep it at {costs_now}$", the_line),
    Sentence(r"See it at {costs_now}", the_line),
    Sentence(r"A price you add is held until the time that stands next to it\."),
)

#: What answers a form of the bag, in a fragment.
BAG_FORM = (
    *BAG,
    Sentence(r"is in your bag\. {line_amount} is held until {line_held}\.", the_line),
    Sentence(r"^Check out$|^Close$"),
)

_CHARGE = (
    Sentence(r"^Shipping {shipping}$", the_bag),
    Sentence(r"^Total, with tax {charge}$", the_bag),
    Sentence(r"% \w+ in it {tax}$", the_bag),
)

CHECKOUT = (
    *LAYOUT,
    Sentence(r"^{item_units} × .* {item}$", the_item),
    *_CHARGE,
    Sentence(r"^\d+(\.\d+)?% \w+ in it", the_bag),
    Sentence(r"^Order and pay {charge}$", the_bag),
    Sentence(r"^Held until {first_hold_end}", the_bag),
    Sentence(r"Your prices stay held while you turn it on\."),
    Sentence(r"^The price is held\. The item is yours once it is paid\. Back to the bag$"),
)
