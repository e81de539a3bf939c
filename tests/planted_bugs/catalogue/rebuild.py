"""In what a restored database learns from Stripe."""

from tests.planted_bugs.bug import PlantedBug, Unreached

_REBUILD, _REMADE = "shop/payments/rebuild.py", "shop/payments/remade_orders.py"
_TESTS = "operations/test_rebuild.py::"
_ALL = f"{_TESTS}test_bags_of_1_2_and_20_lines_are_rebuilt_with_all_that_they_claimed"

BUGS = (
    PlantedBug(
        name="A forgotten order is made again and claims nothing",
        file=_REMADE,
        right="""            claim(
                order,
                lines,
                shoppers=[order.shopper],
                max_units=dict.fromkeys(deals, sys.maxsize),
                now=facts.placed_at,
            )
""",
        wrong="",
        tests=[_ALL],
        unreached=Unreached.BACKUPS,
    ),
    PlantedBug(
        name="What was paid for and cannot be had is kept",
        file=_REBUILD,
        right="        refund = refunds.create_late_refund(row, intent, now, reason=NOT_KEPT)\n",
        wrong="        refund = None\n",
        tests=[f"{_TESTS}test_what_was_sold_to_somebody_else_since_is_refunded"],
        unreached=Unreached.BACKUPS,
    ),
    PlantedBug(
        name="A forgotten order that nobody paid can still be paid",
        file=_REBUILD,
        right="intent = _canceled(intent) if was_open else _with_charge(intent)",
        wrong="intent = _with_charge(intent)",
        tests=[
            f"{_TESTS}test_an_unpaid_order_that_was_forgotten_is_canceled_and_its_offer_is_good_again"
        ],
        unreached=Unreached.BACKUPS,
    ),
    PlantedBug(
        name="Of a rebuilt order nothing has been refunded",
        file=_REBUILD,
        right='if getattr(charge, "amount_refunded", 0):',
        wrong="if False:",
        tests=[_ALL, f"{_TESTS}test_a_unit_that_came_back_and_was_sold_again_is_claimed_once"],
        unreached=Unreached.BACKUPS,
    ),
    PlantedBug(
        name="An order that was paid since the backup goes to its first address",
        file=_REBUILD,
        right="    _amend(order, intent)\n",
        wrong="",
        tests=[f"{_TESTS}test_an_order_that_was_paid_since_is_settled_with_its_last_address"],
        unreached=Unreached.BACKUPS,
    ),
    PlantedBug(
        name="Stock is supplied for whoever paid",
        file="shop/payments/proven_supply.py",
        right="    if since.filter(Q(variant__in=stock) | Q(deal__in=allocations)).exists():\n",
        wrong="    if False:\n",
        tests=[f"{_TESTS}test_what_was_sold_to_somebody_else_since_is_refunded"],
        unreached=Unreached.BACKUPS,
    ),
    PlantedBug(
        name="A payment does not follow its order's new address",
        file="shop/payments/charging.py",
        right="            describe_order(intent, order)\n",
        wrong="",
        tests=[
            "payments/test_order_metadata.py::test_an_address_that_was_corrected_is_the_one_that_was_paid_with"
        ],
        unreached=Unreached.STRIPE,
    ),
)
