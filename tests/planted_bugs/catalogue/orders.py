"""In the order book: claims, limits, mails."""

from tests.planted_bugs.bug import PlantedBug, Unreached

_CLAIMS = "shop/orders/claims.py"

BUGS = (
    PlantedBug(
        name="The limit by mail address is one too high",
        file=_CLAIMS,
        right="sum(counted[deal, kind, key] for key in keys) <= max_units[deal]",
        wrong='sum(counted[deal, kind, key] for key in keys) <= max_units[deal] + (kind == "email")',
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
        right="sum(counted[deal, kind, key] for key in keys) <= max_units[deal]",
        wrong='sum(counted[deal, kind, key] for key in keys) <= max_units[deal] + (kind == "card")',
        tests=[
            "checkout/test_checkout.py::test_a_limit_counts_a_mail_address_and_a_card_whatever_browser_they_come_from"
        ],
        scenarios=["verdicts.feature::Over the limit by somebody's card in another browser"],
        rehearsed=("mug", "limits"),
    ),
    PlantedBug(
        name="Another spelling of a mail address is another shopper",
        file="shop/orders/limits.py",
        right='composed = unicodedata.normalize("NFC", address).strip().lower()',
        wrong='composed = unicodedata.normalize("NFC", address).strip()',
        tests=["orders/test_limits.py::test_every_spelling_of_a_mailbox_is_one"],
        rehearsed=("mug", "limits"),
    ),
    PlantedBug(
        name="A mail address with a tag is another shopper",
        file="shop/orders/limits.py",
        right='local, domain = local.partition("+")[0], ascii_domain(domain)',
        wrong="local, domain = local, ascii_domain(domain)",
        tests=["orders/test_limits.py::test_every_spelling_of_a_mailbox_is_one"],
        rehearsed=("mug", "limits"),
    ),
    PlantedBug(
        name="An order that lapsed keeps its offer used",
        file=_CLAIMS,
        right="Redemption.objects.filter(order_number=order.number, released_at__isnull=True).update(",
        wrong="Redemption.objects.filter(order_number=order.pk, released_at__isnull=True).update(",
        tests=["checkout/test_checkout.py::test_a_lapsed_orders_offer_is_good_again"],
        scenarios=["payment.feature::A lapsed order gives its price back, while that is held"],
        rehearsed=("mug", "unpaid-order"),
    ),
    PlantedBug(
        name="An order that lapsed still counts towards the limits",
        file=_CLAIMS,
        right='                units=F("units") - more\n',
        wrong='                units=F("units")\n',
        tests=["orders/test_limits.py::test_a_limit_is_free_again_with_the_claim"],
        rehearsed=("mug", "unpaid-order"),
    ),
    PlantedBug(
        name="An order that lapsed keeps its stock",
        file=_CLAIMS,
        right='Variant.objects.filter(pk=variant).update(claimed=F("claimed") - more)',
        wrong='Variant.objects.filter(pk=variant).update(claimed=F("claimed"))',
        tests=[
            "checkout/test_checkout.py::test_the_second_it_lapses_whoever_waited_buys_it_at_the_price_that_was_held"
        ],
        scenarios=["payment.feature::The last one is somebody else's when its order has lapsed"],
        rehearsed=("mug", "unpaid-order"),
    ),
    PlantedBug(
        name="A receipt that was mailed is mailed again",
        file="shop/orders/emails.py",
        right="    if order.receipt_sent_at is not None:\n        return\n",
        wrong="",
        tests=["checkout/test_checkout.py::test_a_receipt_that_was_mailed_is_not_mailed_again"],
        unreached=Unreached.MAIL,
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
