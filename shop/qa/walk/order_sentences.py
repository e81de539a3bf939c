"""The sentences of an order: its page, its evidence, its mails, and its back office pages."""

from shop.qa.walk.readers import Sentence, the_item, the_named, the_row
from shop.qa.walk.shop_sentences import LAYOUT

_TABLE = (
    Sentence(r"^Sum: {shipping}$", row="Shipping"),
    Sentence(r"^Sum: {charge}$", row="Total(, with tax)?"),
    Sentence(r"^Sum: {tax}$", row=r".*% \w+ in it"),
    Sentence(r"^Each: {each}( [^ ]+)?$", the_named),
    Sentence(r"^Units: {item_units}( \d+ refunded)?$", the_named),
    Sentence(r"^Sum: {item}$", the_named),
    Sentence(r"^\d+(\.\d+)?% \w+ in it$|^Total, with tax$|^Shipping$|^Total$"),
)

ORDER = (
    *LAYOUT,
    Sentence(r"^{charge}, paid {paid_at}\. The receipt (goes to .*|was sent by mail)\.$"),
    Sentence(r"^(Part of )?{charge} has gone back the way it came\."),
    Sentence(r", ordered {ordered_at}$"),
    Sentence(r"^[^⏱]* {event_at}$", under="What happened"),
    Sentence(r"^{money_back}, .* {event_at}$", under="What went back"),
    *_TABLE,
)

EVIDENCE = (
    *LAYOUT,
    Sentence(
        r"^You were promised {promised} until {promised_until}\."
        r"( The shop then held it until {extended_until}\.)?$",
        the_named,
    ),
    Sentence(r"^You ordered at {ordered_at}, before that, at that price\.$"),
    Sentence(r"^Price of one {promised}$", the_named),
    Sentence(r"^Compared with [^ ]+$"),
    Sentence(r"^Shown at {shown_at}$"),
    Sentence(r"^Held until {promised_until}$"),
)

RECEIPT = (
    Sentence(r"^https?://\S+$"),
    Sentence(r"^Order [\w-]+ is paid: {charge}\.$"),
    Sentence(r"^{item_units} × .*, {each} each: {item}$", the_item),
    Sentence(r"^Shipping: {shipping}$"),
    Sentence(r"^Total, with tax: {charge}$"),
    Sentence(r"^\d+(\.\d+)?% \w+ in it: {tax}$"),
)
REFUND_NOTE = (
    Sentence(r"^https?://\S+$"),
    Sentence(r"^{money_back} of order [\w-]+ (\(all of it\) )?goes back the way you paid\."),
)

#: Orders in the back office.
ORDER_LIST = (
    Sentence(r"^Total: {charge}$", the_row),
    Sentence(r"^Placed at: {ordered_at}$", the_row),
    Sentence(r"^(Today|Any date|.*days?|This .*|After the close|While the sale was open)$"),
)
MERCHANT_ORDER = (
    *_TABLE,
    Sentence(r"^⏱, .*$|^{event_at}(, .*)?$", under="What happened"),
    Sentence(r"^Refund of {money_back}: .*\.$"),
    Sentence(r"^A mail told of the {money_back} back\.$"),
    Sentence(r"^Refund…$"),
)
SLIP = (
    Sentence(r", ordered {ordered_at}$"),
    Sentence(r"^Each: {each}$", the_named),
)
