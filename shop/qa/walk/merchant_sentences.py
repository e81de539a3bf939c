"""The sentences of the back office, the clock's panel and files."""

from datetime import timedelta

from shop.qa.walk.readers import (
    Sentence,
    the_listed,
    the_mentioned,
    the_named,
    the_page,
    the_sale,
)
from shop.qa.walk.shop_sentences import CLOSED, OPEN, SALE, UPCOMING, Says
from shop.qa.walk.statements import Topic

_HELD: Says = {Topic.IS_HELD: True}
_NOT_HELD: Says = {Topic.IS_HELD: False}
_ABSENT: Says = {Topic.PHASE: "absent"}
_SECOND_BEFORE = -timedelta(seconds=1)

#: What was done by the last form, told at the top of the next page.
MESSAGES = (
    # Choices beside a time that was typed and comes twice.
    Sentence(r"^[^,]+, (before|after) clocks are put back$"),
    Sentence(r"^Offers of .* that (are out|were out|were shown) .*"),
    Sentence(r"^[^ ]+ of [\w-]+ goes back: .*"),
    Sentence(r" is (hidden|canceled)\. Offers that .*|was changed successfully\.$"),
)

#: What sense checks find; on the start page after the sale's title.
_SENSE = (
    Sentence(r"Its window is over since {closes}: it makes no offer any more\.", the_sale),
    Sentence(
        r"Its window is open since {opens}: it sells from the moment it is published", the_sale
    ),
    Sentence(r"It opens in {time_to_open}: that is little time to look at it before sh", the_sale),
    Sentence(r"It opens in \d+ days, on {opens}: is that the year you mean\?", the_sale),
    Sentence(r"It opens at {opens}: is that the hour and the zone you mean\?", the_sale),
    Sentence(r"It is open for {lasts} only\.", the_sale),
    Sentence(r"It is open for {lasts}, until {closes}: is that the day you mean\?", the_sale),
    Sentence(
        r"It is open for {lasts}: an odd length\. Its last second is the one before {closes}",
        the_sale,
    ),
    Sentence(r"It closes at {closes}, and not with the hour: .*", the_sale),
    Sentence(r"Prices are held for {hold}: who types an address may need longer\.", the_sale),
    Sentence(
        r"Prices are held for {hold}(: whoever opens the page in the last second buys at them "
        r"until {planned_hold_end})?\.",
        the_sale,
    ),
    Sentence(r"Change the \w+$"),
    Sentence(r"{set_price} is above the list price of {list_price}\.", the_mentioned),
    Sentence(r"{set_price} is {below_list} below the list price of {list_price}", the_mentioned),
    Sentence(
        r"see no reduction, as nobody could buy it in the 30 days before",
        *(the_mentioned, {Topic.HAS_REFERENCE: False}),
    ),
    Sentence(r"see no reduction, as it was {reference} in the 30 days before", the_mentioned),
    Sentence(r"is in .* too, on .* until .*, at [^ ]+, and here at {set_price}\.", the_mentioned),
)

TODAY = (
    *_SENSE,
    Sentence(r"^(Live|Just over)$"),
    Sentence(r"^No sale is live\.$"),
    Sentence(
        r"^Closes at {closes}\. Prices are held until {last_hold} at the latest\.$",
        *(the_sale, OPEN, "Live"),
    ),
    Sentence(r"^Closes at {closes}\.$", the_sale, OPEN | _NOT_HELD, "Live"),
    Sentence(r"^Opens on {opens}\.$", the_sale, under="Next"),
    Sentence(r"^Closed at {closes}\.$", the_sale, CLOSED | _NOT_HELD, "Just over"),
    Sentence(
        r"^Closed at {closes}\. Its prices are held until {last_hold} at the latest\.$",
        *(the_sale, CLOSED | _HELD, "Just over"),
    ),
    Sentence(
        r" opens at {opens}, and (is still a draft: nobody will see it|has n\w+ .*)\.$", the_sale
    ),
    Sentence(r" is live, and has n\w+ .*\.$", the_sale),
    Sentence(
        r"should be live by now, and is still a draft: nobody will see it\.", the_sale, _ABSENT
    ),
    # What was away, and for how long, no account knows: tests/sales/test_outages.py does.
    Sentence(r"^Checkout was away( \d+ times)? for .*, while prices of .* were held\..*$"),
    Sentence(r"^Hold them \d+ minutes? longer( Leave them as they are)?$"),
    Sentence(r"^Live sale room See its page$|^Live sale room$"),
    Sentence(r"^Open the (sale|order|product)$"),
)

_STATUS = (
    Sentence(r"^{time_to_open} until it opens$", the_page, UPCOMING),
    Sentence(r"^{time_left} left$", the_page, OPEN),
    Sentence(r"^Closed Prices are held for {time_held} more\.$", the_page, CLOSED | _HELD),
    Sentence(
        r"^(Hidden|Canceled) Prices are held for {time_held} more\.$", the_page, _ABSENT | _HELD
    ),
    Sentence(r"^Over No price of it is held any more\.$", the_page, _NOT_HELD),
    Sentence(r"^(Hidden|Canceled) It is not going to open\.$", the_page, _ABSENT),
)

SALE_LIST = (
    Sentence(r"{opens} to {closes}, [A-Z]\w+(/\w+)*$", the_sale),
    Sentence(r"Now: upcoming$", the_sale, UPCOMING),
    Sentence(r"Now: live$", the_sale, OPEN),
    Sentence(r"Now: over, prices held$", the_sale, CLOSED | _HELD),
    Sentence(r"Now: over$", the_sale, CLOSED | _NOT_HELD),
    Sentence(r"Now: (hidden|canceled), prices held$", the_sale, _ABSENT | _HELD),
)

SALE_FORM = (
    *_SENSE,
    Sentence(r"^(Made at|Issued from|Issued before): {changed_at}$"),
    Sentence(r"^Held longer by: {held_longer}$"),
    *_STATUS,
    Sentence(
        r"^Offers that are out stay honored: until {last_promise} at the latest, for \d+ units? "
        r"and .* at the most\. Whatever is changed here, that stays\.$",
        *(the_page, {Topic.MAY_BE_HELD: True}),
    ),
    Sentence(r"^Open on {opens}, for {lasts}: until {closes}\. In UTC, \d\d:\d\d to \d\d:\d\d\.$"),
    Sentence(r"^Clocks are put (forward|back) in between, by \d+ \w+\.$"),
    Sentence(
        r"^Prices are held for {hold}: a page opened in the last second "
        r"(is honored|was promised its prices) until {planned_hold_end}\.$"
    ),
    Sentence(r"^That is in \d{4}( and \d{4})?\.$"),
    Sentence(r"^That is over\.$"),
    Sentence(r"^Lowest of 30 days$"),
    Sentence(r"^Lowest of 30 days: {reference}$", the_named, {Topic.HAS_REFERENCE: True}),
    Sentence(r"^Lowest of 30 days: none$", the_named, {Topic.HAS_REFERENCE: False}),
    Sentence(r"^Opens at:?$|^Closes at:?$|^Prices are held for:?$|^Held longer by$"),
    Sentence(r"^How long a shown price is held, from the moment the page was opened\.$"),
    Sentence(
        r"^As \d{4}-\d\d-\d\d \d\d:\d\d, or “Friday 18:00”, in the sale’s own time zone\."
        r"( Or both in one: “Friday 18:00 for 20 minutes”, with “closes at” left empty\.)?$"
    ),
    Sentence(r"^From the moment the page was opened: 30 minutes, 1 h 30 min\.$"),
    Sentence(r"^Live sale room$|^Hold offers for longer…$"),
)

SALE_ACTION = (
    Sentence(r"^Held at$|^Held until$|^(Recall|Hold) offers.*$|^Hold offers for longer"),
    Sentence(r"^Held at: {held_amount}$", the_named),
    Sentence(r"^In all: [^ ]+$"),
    Sentence(r"^Held until: {held_until}$", the_named),
    Sentence(r"^No offer of this sale is out now\.$", the_page, {Topic.MAY_BE_HELD: False}),
    Sentence(r"^Every offer .*|^Its page goes, .*"),
    Sentence(r"^Take back the offers that are out, too: they are not honored then$"),
    Sentence(r"^Leave it empty for all\..*|^As \d{4}-\d\d-\d\d.*|^In the sale’s .*"),
)

_PAID, _LATE = "What was paid|In [A-Z]{3}", "Honored after the close"
#: The figures of a sale, which the live room and the report tell in the same words.
FIGURES = (
    Sentence(r"^Honored after the close$"),
    Sentence(r"^None so far\. What comes after the close at a price that is still held is counted"),
    Sentence(r"^Orders: {late_orders}$", under=_LATE),
    Sentence(r"^Units: {late_units}$", under=_LATE),
    Sentence(r"^Revenue: {late_revenue}$", under=_LATE),
    Sentence(r"^(Discount given|What the promise cost): {late_discount}$", under=_LATE),
    Sentence(r"^Orders: {sold_orders}$", under=_PAID),
    Sentence(r"^Units: {sold_units}$", under=_PAID),
    Sentence(r"^Units: {refunded_units} refunded$", under=_PAID),
    Sentence(r"^Revenue: ({revenue}|0)$", under=_PAID),
    Sentence(r"^Revenue: {refunded} of it refunded$", under=_PAID),
    Sentence(r"^Discount given: ({discount}|0)$", under=_PAID),
)
_CHART = (
    Sentence(r"^in the window after the close prices still held( tallest column: \d+)?$"),
    Sentence(r"^{last_offer} close$"),
    Sentence(r"^held until {last_hold}$"),
    Sentence(r"^At most \d+ orders? in (a|\d+) minutes?, at [^;]*; \d+ in all after the close\.$"),
    Sentence(r"^From: .*"),
    Sentence(r"^(\d\d? \w+ )?\d\d:\d\d( \([^)]*\))?(: .*)?$|^Orders of .* by .*"),
    Sentence(r"^(In the window|After the close)(: \d+)?$"),
)

LIVE = (
    *_STATUS,
    *FIGURES,
    Sentence(r"^Live sale room( of .*)?$|: live sale room$"),
    Sentence(r"^{opens} to {closes}\. Prices are held until {last_hold} at the latest\.$"),
    Sentence(r"^{opens} to {closes}\.$", the_page, _NOT_HELD),
    *_CHART,
    Sentence(r"^{set_price}$", the_named),
    Sentence(r"^{set_price} {reference}$", the_named),
    Sentence(r"^As it was at {read_at}\.$"),
    Sentence(r"^Expired$|^Why: .*"),
    Sentence(r".+", under="How this is counted"),
)

REPORT = (
    *FIGURES,
    Sentence(r"^Live sale room$|^prices held without an extension$"),
    Sentence(r"^{opens} to {closes}$"),
    Sentence(r"^The sale has not begun\. There is nothing to report yet\.$", the_page, UPCOMING),
    Sentence(r"^The sale is open until {closes}\. These are its figures so far", the_page, OPEN),
    Sentence(
        r"^The sale is over, and its prices are held until {last_hold} at the latest\. Orders may",
        *(the_page, CLOSED | _HELD),
    ),
    Sentence(
        r"^The sale is (hidden|canceled), and its prices are held until {last_hold} at the latest",
        *(the_page, _ABSENT | _HELD),
    ),
    Sentence(r"^(No|\d+) orders? came .*after the close.*|^\d+ orders? came in the very second.*"),
    Sentence(r"^orders, by how long after the close they came prices held without .*"),
    Sentence(
        r"^held for \d+ \w+$|^After the close$|^Orders after the close, by how late they came$"
    ),
    Sentence(r"^close$|^After the close: \d+ \w+ to \d+ \w+$"),
    Sentence(r"^After the close: (none|\d+ units?)( [^ ]+ discount)?$"),
    Sentence(r"^Revenue: {revenue}$", the_named, under="Deals"),
    Sentence(r"^Revenue: {revenue} {refunded} refunded$", the_named, under="Deals"),
    Sentence(r"^Discount: {discount}$", the_named, under="Deals"),
    Sentence(r"^Sell-through: \d+%$|^\d+ units? to .*|^\d+ \w+ to \d+ \w+(: .*)?$"),
    Sentence(r"^Counted on {read_at}\.$"),
    Sentence(r"^(Sum|Worth): [^ ]+$"),
    Sentence(r"^(Expired|Why: .*|Deal|Sell-through: units that .*)$"),
    Sentence(r".+", under="How this is counted"),
)
_STOPS = (
    Sentence(r"^One second before .* opens {opens}$", shift=_SECOND_BEFORE),
    Sentence(r"^One second before .* closes {closes}$", shift=_SECOND_BEFORE),
    Sentence(r"^(?!One second).* opens {opens}$"),
    Sentence(r"^(?!One second).* closes {closes}$"),
    Sentence(r"^One second before the last price of .* runs out .*$"),
    Sentence(r"^The last price of .* runs out .*$"),
    Sentence(
        r"^One second before the last extended price of .* runs out {last_hold}$",
        shift=_SECOND_BEFORE,
    ),
    Sentence(r"^The last extended price of .* runs out {last_hold}$"),
)
PREVIEW_CHOICE = (
    *_STOPS,
    Sentence(r"^As it is now {read_at}$"),
    Sentence(r".* is hidden\. The preview shows it as if it were published now\."),
    Sentence(r"^As \d{4}-.*, in the sale’s zone, .*"),
    Sentence(r".+", under="What it shows"),
)

#: A previewed page has a bar above it, with the sale's boundaries.
PREVIEW = (
    *SALE,
    Sentence(r"^Preview: "),
    Sentence(r"^A preview: {read_at}\. Nothing here can be bought\.$"),
    *(each for each in _STOPS),
    Sentence(r"^Any instant, .*"),
)

SALE_HISTORY = (
    Sentence(r"^When: {changed_at}$"),
    Sentence(r"^What: .*|^Why: .*|^Times are .*|^(Prices are held for|Closes at|Opens at).*"),
)
DEAL_LIST = (Sentence(r"^Price: {set_price}$", the_named), Sentence(r".+"))
PRODUCT_LIST = (Sentence(r"^List price: {list_price}$", the_listed), Sentence(r".+"))

PUBLISH = (
    *_SENSE,
    Sentence(r"^Opens: {opens}$"),
    Sentence(r"^Closes: {closes}$"),
    Sentence(r"^Prices are held for {hold}, from the moment a page was opened\.$"),
    Sentence(
        r"^An offer (of the first second|that is made now), ⏱, is held until {first_promise}\.$"
    ),
    Sentence(r"^One of the last second, ⏱, is held until {final_promise}\.$"),
    Sentence(r"^Its window is over: it makes no offer any more\.$", the_page),
    Sentence(r"^Was: ({reference}|not shown)$", the_named),
    Sentence(r"^Now: {set_price}$", the_named),
    Sentence(r"^Less: (\d+%|–)$"),
    Sentence(r"^(Opens|Closes)$"),
)
