"""In payments: amounts, settlement, refunds."""

from tests.planted_bugs.bug import PlantedBug, Unreached

_SETTLEMENT, _PLANS = "shop/payments/settlement.py", "shop/payments/refund_plans.py"

BUGS = (
    PlantedBug(
        name="Stock is free before Stripe has canceled the payment",
        file=_SETTLEMENT,
        right="    try:\n        intent = cancel_intent(order)\n",
        wrong="""    with transaction.atomic():
        row = locked(order)
        if move(row, canceled_as, cause=cause, now=now):
            release(row, now)
    order.refresh_from_db()
    try:
        intent = cancel_intent(order)
""",
        tests=["payments/test_stripe_faults.py::test_no_stock_is_free_before_stripe_has_canceled"],
        scenarios=["faults.feature::Stripe is away when an order lapses, and its unit stays taken"],
        rehearsed=("mug", "unpaid-order"),
    ),
    PlantedBug(
        name="A payment that comes too late is kept",
        file=_SETTLEMENT,
        right="is_late = status is Status.PAID and row.status in OVER",
        wrong="is_late = status is Status.PAID and row.status in ()",
        tests=[
            "payments/test_refunds.py::test_a_payment_for_an_order_that_is_over_goes_back_by_itself"
        ],
        unreached=Unreached.STRIPE,
    ),
    PlantedBug(
        name="A unit more is refunded than was bought",
        file=_PLANS,
        right="if any(each.quantity > each.line.refundable for each in wanted):",
        wrong="if any(each.quantity > each.line.refundable + 1 for each in wanted):",
        tests=["payments/test_refunds.py::test_no_other_number_of_units_can_be_refunded"],
        unreached=Unreached.BACK_OFFICE,
    ),
    PlantedBug(
        name="What went back at Stripe is refunded once more",
        file=_PLANS,
        right="amount = min(left, untaxed + tax)",
        wrong="amount = untaxed + tax",
        tests=["payments/test_refunds.py::test_after_a_part_at_stripe_the_rest_goes_back"],
        unreached=Unreached.BACK_OFFICE,
    ),
    PlantedBug(
        name="A refund puts units back into stock that were written off",
        file="shop/payments/refunds.py",
        right='coming = line.refund_lines.filter(restock=True).exclude(refund__stripe_id="")',
        wrong='coming = line.refund_lines.exclude(refund__stripe_id="")',
        tests=["payments/test_refunds.py::test_units_that_are_written_off_are_not"],
        unreached=Unreached.BACK_OFFICE,
    ),
)
