"""In checkout: the charge, the order, its page."""

from tests.planted_bugs.bug import PlantedBug, Unreached

_PLACING, _RULES = "shop/checkout/placing.py", "shop/checkout/charge_rules.py"
_HOARDING = "checkout/test_hoarding.py"

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
    PlantedBug(
        name="A network is refused more after one unit too many",
        file="shop/orders/hoarding.py",
        right="if units < most:",
        wrong="if units <= most:",
        tests=[f"{_HOARDING}::test_just_the_bound_refuses"],
        unreached=Unreached.NETWORKS,
    ),
    PlantedBug(
        name="Who has not failed and is not late counts as hoarding",
        file="shop/orders/hoarding.py",
        right="counts_from=order.placed_at + FIRST_ATTEMPT",
        wrong="counts_from=order.placed_at",
        tests=[f"{_HOARDING}::test_many_who_are_answering_their_bank_refuse_nobody_for_a_minute"],
        unreached=Unreached.NETWORKS,
    ),
    PlantedBug(
        name="A declined card counts as hoarding after a minute only",
        file="shop/payments/settlement.py",
        right="        if row.decline_message:\n            record_failure(row, now)\n",
        wrong="",
        tests=[f"{_HOARDING}::test_nine_browsers_with_declined_cards_keep_ten_units_of_120"],
        unreached=Unreached.NETWORKS,
    ),
    PlantedBug(
        name="A payment at the bank counts as hoarding",
        file="shop/orders/hoarding.py",
        right="ClaimOrigin.objects.filter(order__status__in=CANCELABLE)",
        wrong="ClaimOrigin.objects.filter(order__status__in=OPEN)",
        tests=[f"{_HOARDING}::test_a_debit_on_its_way_counts_for_nothing"],
        unreached=Unreached.NETWORKS,
    ),
    PlantedBug(
        name="Whoever is told to come back finds the price expired",
        file=_PLACING,
        right="        bag.keep([each.line for each in judged.honored], wait.held_until, now)\n",
        wrong="",
        tests=[
            f"{_HOARDING}::test_a_price_that_would_have_run_out_is_held_when_its_shopper_comes_back"
        ],
        unreached=Unreached.NETWORKS,
    ),
    PlantedBug(
        name="Whoever was told to come back is sent away again and again",
        file="shop/checkout/network_bound.py",
        right="return longest if is_kept else None",
        wrong="return longest",
        tests=[f"{_HOARDING}::test_nobody_is_sent_away_for_longer_than_one_claim_past_their_hold"],
        unreached=Unreached.NETWORKS,
    ),
    PlantedBug(
        name="The network of a claim stays when it is paid",
        file="shop/orders/state_machine.py",
        right="if before in OPEN and status not in OPEN:",
        wrong="if before in OPEN and status in OVER:",
        tests=[f"{_HOARDING}::test_the_network_of_a_claim_is_gone_with_it"],
        unreached=Unreached.NETWORKS,
    ),
)
