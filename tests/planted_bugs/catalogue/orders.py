"""In the order book: claims, limits, mails."""

from tests.planted_bugs.bug import PlantedBug, Unreached

_CLAIMS = "shop/orders/claims.py"

BUGS = (
    PlantedBug(
        name="The limit by mail address is one too high",
        file=_CLAIMS,
        right="if sum(counted[deal, kind, key] for key in keys) > max_units[deal]:",
        wrong='if sum(counted[deal, kind, key] for key in keys) > max_units[deal] + (kind == "email"):',
        tests=[
            "checkout/test_checkout.py::test_a_limit_counts_a_mail_address_and_a_card_whatever_browser_they_come_from"
        ],
        scenarios=[
            "verdicts.feature::Over the limit by somebody's mail address in another browser"
        ],
        rehearsed=("mug", "limits"),
    ),
    PlantedBug(
        name="The limit by card is one too high",
        file=_CLAIMS,
        right="if sum(counted[deal, kind, key] for key in keys) > max_units[deal]:",
        wrong='if sum(counted[deal, kind, key] for key in keys) > max_units[deal] + (kind == "card"):',
        tests=[
            "checkout/test_checkout.py::test_a_limit_counts_a_mail_address_and_a_card_whatever_browser_they_come_from"
        ],
        scenarios=["verdicts.feature::Over the limit by somebody's card in another browser"],
        rehearsed=("mug", "limits"),
    ),
    PlantedBug(
        name="Another spelling of a mail address is another shopper",
        file="shop/orders/limits.py",
        right='local, _, domain = address.strip().lower().rpartition("@")',
        wrong='local, _, domain = address.strip().rpartition("@")',
        tests=["orders/test_limits.py::test_every_spelling_of_a_mailbox_is_one"],
        rehearsed=("mug", "limits"),
    ),
    PlantedBug(
        name="A mail address with a tag is another shopper",
        file="shop/orders/limits.py",
        right="return f\"{local.partition('+')[0]}@{domain}\"",
        wrong='return f"{local}@{domain}"',
        tests=["orders/test_limits.py::test_every_spelling_of_a_mailbox_is_one"],
        rehearsed=("mug", "limits"),
    ),
    PlantedBug(
        name="A receipt names the price of one unit as the line's sum",
        file="templates/checkout/receipt.txt",
        right="each: {{ line.total|money:order.currency }}",
        wrong="each: {{ line.amount|money:order.currency }}",
        tests=["checkout/test_checkout.py::test_the_receipt_adds_up"],
        unreached=Unreached.MAIL,
    ),
    PlantedBug(
        name="A receipt names the goods' sum as the total",
        file="templates/checkout/receipt.txt",
        right="Total, with tax: {{ order.total_text }}",
        wrong="Total, with tax: {{ order.subtotal|money:order.currency }}",
        tests=["checkout/test_charges.py::test_shipping_and_included_tax_are_lines"],
        unreached=Unreached.MAIL,
    ),
)
