"""In checkout: the charge, the order, its page."""

from tests.planted_bugs.bug import PlantedBug, Unreached

_PLACING, _RULES = "shop/checkout/placing.py", "shop/checkout/charge_rules.py"

BUGS = (
    PlantedBug(
        name="The total that was shown is not compared",
        file=_PLACING,
        right="if charge.total != shown_total:",
        wrong="if not shown_total:",
        tests=["checkout/test_checkout.py::test_a_total_that_was_not_shown_is_never_charged"],
        scenarios=[
            "changing-minds.feature::A total that is no longer the one on the screen is shown before it is charged"
        ],
        rehearsed=("mug", "changed-total"),
    ),
    PlantedBug(
        name="Only a higher total is shown before it is charged",
        file=_PLACING,
        right="if charge.total != shown_total:",
        wrong="if charge.total > shown_total:",
        tests=["checkout/test_checkout.py::test_a_price_that_fell_is_shown_before_it_is_charged"],
        scenarios=[
            "changing-minds.feature::A total that is no longer the one on the screen is shown before it is charged"
        ],
        rehearsed=("mug", "changed-total"),
    ),
    PlantedBug(
        name="An order lapses a second late",
        file=_PLACING,
        right="lapses_at=now + timedelta(seconds=settings.CLAIM_SECONDS),",
        wrong="lapses_at=now + timedelta(seconds=settings.CLAIM_SECONDS + 1),",
        tests=[
            "checkout/test_checkout.py::test_the_second_it_lapses_whoever_waited_buys_it_at_the_price_that_was_held"
        ],
        scenarios=["payment.feature::Declined, left alone, and lapsed to the second"],
        rehearsed=("mug", "unpaid-order"),
    ),
    PlantedBug(
        name="A shopper has four unpaid orders at a time",
        file=_PLACING,
        right="MAX_OPEN_ORDERS = 3",
        wrong="MAX_OPEN_ORDERS = 4",
        tests=["checkout/test_checkout.py::test_a_fourth_unpaid_order_is_not_placed"],
        rehearsed=("mug", "unpaid-order"),
    ),
    PlantedBug(
        name="An order of other units of the same offers is paid",
        file="shop/checkout/purchase.py",
        right="is_same = wanted == set(ordered)",
        wrong="is_same = bool(wanted)",
        tests=[
            "checkout/test_amend_order.py::test_a_bag_with_other_sizes_does_not_pay_for_those_ordered"
        ],
        rehearsed=("sizes", "sizes"),
    ),
    PlantedBug(
        name="Half a cent of tax is rounded to the even one, as floats are",
        file=_RULES,
        right="return (2 * gross * rate + whole) // (2 * whole)",
        wrong="return round(float(gross * rate / whole))",
        tests=["checkout/test_charges.py::test_the_tax_in_an_amount"],
        rehearsed=("mug", "tax"),
    ),
    PlantedBug(
        name="Whoever has an order's link reads its address",
        file="shop/checkout/order_views.py",
        right="is_own = found.shopper in request.shopper.ids",
        wrong="is_own = bool(found.shopper)",
        tests=[
            "checkout/test_order_page.py::test_the_whole_address_shows_only_to_the_browser_that_ordered"
        ],
        unreached=Unreached.FORGERY,
    ),
)
