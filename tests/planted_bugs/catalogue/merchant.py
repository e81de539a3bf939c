"""In what a merchant reads: the live sale room, the report, lists, files."""

from tests.planted_bugs.bug import PlantedBug, Unreached

BUGS = (
    PlantedBug(
        name="The live sale room adds up prices without their units",
        file="shop/orders/sale_totals.py",
        right="SUM(quantity), SUM(quantity * amount),",
        wrong="SUM(quantity), SUM(amount),",
        tests=["merchant/reports/test_live_room.py::test_the_room_adds_up_every_unit_of_an_order"],
        unreached=Unreached.BACK_OFFICE,
    ),
    PlantedBug(
        name="An order at the close counts as one of the window",
        file="shop/sales/snapshot.py",
        right="if now >= self.ends_at else None",
        wrong="if now > self.ends_at else None",
        tests=[
            "checkout/test_checkout.py::test_an_order_counts_as_after_the_close_from_the_close_on"
        ],
        unreached=Unreached.BACK_OFFICE,
    ),
    PlantedBug(
        name="What is left of a deal forgets the allocation",
        file="shop/sales/availability.py",
        right="return DealNow(deal, min(stock, deal.allocation - deal.claimed), deal.allocation)",
        wrong="return DealNow(deal, stock, deal.allocation)",
        tests=[
            "merchant/dashboard/test_start_page.py::test_an_allocation_that_ends_is_mended_in_the_sale"
        ],
        unreached=Unreached.BACK_OFFICE,
    ),
    PlantedBug(
        name="The file of orders counts refunds that failed",
        file="shop/merchant/orders/csv_export.py",
        right="return sum(each.amount for each in order.refunds.all() if each.status != Refund.Status.FAILED)",
        wrong="return sum(each.amount for each in order.refunds.all())",
        tests=["merchant/orders/test_orders.py::test_a_refund_that_failed_is_in_no_sum"],
        unreached=Unreached.BACK_OFFICE,
    ),
    PlantedBug(
        name="The file of orders names the goods' sum as the total",
        file="shop/merchant/orders/csv_export.py",
        right='"total": lambda order: _money(order.total, order),',
        wrong='"total": lambda order: _money(order.subtotal, order),',
        tests=[
            "merchant/orders/test_orders.py::test_orders_are_exported_with_written_money_and_utc_times"
        ],
        unreached=Unreached.BACK_OFFICE,
    ),
    PlantedBug(
        name="A recalled offer counts as one that is out",
        file="shop/merchant/sales/outstanding_offers.py",
        right="recalls_of(deal, recalls),",
        wrong="recalls_of(deal, recalls[:0]),",
        tests=[
            "merchant/sales/test_outstanding_offers.py::test_a_recall_leaves_nothing_but_what_is_shown_after_it"
        ],
        unreached=Unreached.BACK_OFFICE,
    ),
    PlantedBug(
        name="An offer counts as out in the second in which it ends",
        file="shop/merchant/sales/outstanding_offers.py",
        right="for amount, until in made if until > now",
        wrong="for amount, until in made if until >= now",
        tests=[
            "merchant/sales/test_outstanding_offers.py::test_nothing_is_out_before_the_opening_or_after_all_holds"
        ],
        unreached=Unreached.BACK_OFFICE,
    ),
    PlantedBug(
        name="A sale without deals is taken without a word",
        file="shop/sales/sense_rules.py",
        right="    if not deals:\n",
        wrong="    if deals is None:\n",
        tests=["sales/test_sense_checks.py::test_a_sale_without_deals_is_told"],
        unreached=Unreached.BACK_OFFICE,
    ),
    PlantedBug(
        name="A sale that closes this second is taken for one to come",
        file="shop/sales/sense_rules.py",
        right="if ends_at <= now:",
        wrong="if ends_at < now:",
        tests=["sales/test_sense_checks.py::test_a_draft_is_judged_by_when_it_opens"],
        unreached=Unreached.BACK_OFFICE,
    ),
    PlantedBug(
        name="A list of the back office answers any lookup that an address names",
        file="shop/merchant/site.py",
        right="super().register(model_or_iterable, offering(admin_class or ModelAdmin), **options)",
        wrong="super().register(model_or_iterable, admin_class or ModelAdmin, **options)",
        tests=[
            "merchant/test_offered_lookups.py::test_a_colleagues_password_cannot_be_read_sign_by_sign"
        ],
        unreached=Unreached.BACK_OFFICE,
    ),
    PlantedBug(
        name="Products and deals leave as formulas",
        file="shop/core/csv_cells.py",
        right="""return f"'{text}" if _FIRST.match(text) else text""",
        wrong="return text",
        tests=["merchant/forms/test_csv_import.py::test_no_cell_of_a_file_is_a_formula"],
        unreached=Unreached.BACK_OFFICE,
    ),
)
