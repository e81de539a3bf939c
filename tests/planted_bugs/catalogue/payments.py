"""In payments: amounts, settlement, refunds."""

from tests.planted_bugs.bug import PlantedBug, Unreached

_SETTLEMENT, _PLANS = "shop/payments/settlement.py", "shop/payments/refund_plans.py"

BUGS = (
    PlantedBug(
        name="Stock is free before Stripe has canceled the payment",
        file=_SETTLEMENT,
        right="    try:\n        intent = cancel_intent(order, listed=listed)\n",
        wrong="""    with transaction.atomic():
        row = locked(order)
        if move(row, _unpaid_status(row, now), cause=cause, now=now):
            release(row, now)
    order.refresh_from_db()
    try:
        intent = cancel_intent(order, listed=listed)
""",
        tests=["payments/test_stripe_faults.py::test_no_stock_is_free_before_stripe_has_canceled"],
        scenarios=["faults.feature::Stripe is away when an order lapses, and its unit stays taken"],
        rehearsed=("mug", "unpaid-order"),
    ),
    PlantedBug(
        name="An order lapses a second after its time",
        file="shop/orders/models/order.py",
        right="return self.is_open and (self.lapses_at <= now or self.is_cancel_asked)",
        wrong="return self.is_open and (self.lapses_at < now or self.is_cancel_asked)",
        tests=[
            "checkout/test_checkout.py::test_the_second_it_lapses_whoever_waited_buys_it_at_the_price_that_was_held"
        ],
        scenarios=["payment.feature::Declined, left alone, and lapsed to the second"],
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
        name="An order is canceled and its claim is kept",
        file=_SETTLEMENT,
        right="        if moved and status in OVER:\n            release(row, now)\n",
        wrong="",
        tests=["checkout/test_order_page.py::test_an_unpaid_order_can_be_given_up_by_its_shopper"],
        scenarios=[
            "payment.feature::An order that is canceled at the bank's door gives its price back"
        ],
        rehearsed=("mug", "unpaid-order"),
    ),
    PlantedBug(
        name="A payment that is declined pays the order",
        file=_SETTLEMENT,
        right='"requires_payment_method": Status.PENDING,',
        wrong='"requires_payment_method": Status.PAID,',
        tests=["checkout/test_checkout.py::test_a_decline_keeps_bag_address_and_claim"],
        scenarios=[
            "payment.feature::Declined, and another card in the last second before the order lapses"
        ],
        rehearsed=("mug", "unpaid-order"),
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
        name="Shipping goes back with each refund",
        file=_PLANS,
        right="return 0 if _live_refunds(order).filter(shipping__gt=0).exists() else order.charge.shipping",
        wrong="return order.charge.shipping",
        tests=["payments/test_refunds.py::test_shipping_goes_back_once"],
        rehearsed=("shipped", "refund"),
    ),
    PlantedBug(
        name="A refund puts units back into stock that were written off",
        file="shop/payments/refunds.py",
        right='coming = line.refund_lines.filter(restock=True).exclude(refund__stripe_id="")',
        wrong='coming = line.refund_lines.exclude(refund__stripe_id="")',
        tests=["payments/test_refunds.py::test_units_that_are_written_off_are_not"],
        unreached=Unreached.BACK_OFFICE,
    ),
    PlantedBug(
        name="Refunded units are not on sale again",
        file="shop/payments/refunds.py",
        right="    if units:\n        give_back(order, units)\n",
        wrong="",
        tests=["payments/test_refunds.py::test_units_that_come_back_are_for_sale_again"],
        scenarios=[
            "payment.feature::Part of an order is refunded, and what came back is on sale again"
        ],
        rehearsed=("mug", "refund"),
    ),
    PlantedBug(
        name="Old news takes a paid order back",
        file="shop/orders/state_machine.py",
        right="if status not in allowed.get(before, ()):",
        wrong="if status == before:",
        tests=[
            "orders/test_state_machine.py::test_no_news_of_a_payment_moves_an_order_that_has_ended"
        ],
        unreached=Unreached.STRIPE,
    ),
)
