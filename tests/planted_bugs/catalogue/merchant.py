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
    PlantedBug(
        name="Of two days that a text may mean one is taken",
        file="shop/core/typed/times.py",
        right="    if len(distinct) == 1:",
        wrong="    if distinct:",
        tests=[
            "core/typed/test_typed_times.py::test_what_is_no_time_or_may_be_two_is_refused_in_words"
        ],
        unreached=Unreached.BACK_OFFICE,
    ),
    PlantedBug(
        name="Today is the day in UTC, not in the sale's zone",
        file="shop/core/typed/times.py",
        right="return None if self.now is None else wall_time(self.now, self.zone).date()",
        wrong="return None if self.now is None else self.now.date()",
        tests=[
            "core/typed/test_typed_times.py::test_days_are_counted_from_the_day_in_the_sales_own_zone"
        ],
        unreached=Unreached.BACK_OFFICE,
    ),
    PlantedBug(
        name="A reading that may surprise is saved without a look",
        file="shop/core/read_back.py",
        right="            if reading := field.surprise(text):",
        wrong="            if (reading := field.surprise(text)) and not self.is_bound:",
        tests=[
            "merchant/forms/test_read_back.py::test_friday_at_six_is_shown_with_its_date_and_saved_when_it_is_sent_again"
        ],
        unreached=Unreached.BACK_OFFICE,
    ),
    PlantedBug(
        name="A reading of yesterday counts for one of today",
        file="shop/core/read_back.py",
        right='if self.data.get(f"{html_name}_read") != exact:',
        wrong='if not self.data.get(f"{html_name}_read"):',
        tests=[
            "merchant/forms/test_read_back.py::test_a_reading_that_is_another_by_now_is_shown_once_more"
        ],
        unreached=Unreached.BACK_OFFICE,
    ),
    PlantedBug(
        name="A window's duration is counted on the wall",
        file="shop/core/typed/windows.py",
        right="ends_at = starts_at + timedelta(seconds=seconds)",
        wrong="ends_at = instant_of(start.time + timedelta(seconds=seconds), zone)",
        tests=["core/typed/test_typed_windows.py::test_a_stretch_is_read_as_its_author_meant_it"],
        unreached=Unreached.BACK_OFFICE,
    ),
)
