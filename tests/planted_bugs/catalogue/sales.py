"""In sales: windows, minting, pages, extensions and recalls, reference prices."""

from tests.planted_bugs.bug import PlantedBug, Unreached

_SNAPSHOT, _HOLDS = "shop/sales/snapshot.py", "shop/sales/holds.py"
_REFERENCE, _RECORD = "shop/sales/reference_prices.py", "shop/sales/term_record.py"
_WHATEVER = (
    "sales/test_snapshot_refresh.py::test_whatever_is_written_the_snapshot_is_as_if_all_were_read"
)

BUGS = (
    PlantedBug(
        name="Offers are held to today's price alone",
        file=_RECORD,
        right="least_amount=min([deal.amount, *prices]),",
        wrong="least_amount=deal.amount,",
        tests=["bag/test_leaked_key.py::test_a_price_that_was_raised_since_stays_held"],
        scenarios=["changing-minds.feature::A price that is raised is not mine to pay"],
        rehearsed=("mug", "price-rise"),
    ),
    PlantedBug(
        name="Offers are held to today's hold alone",
        file=_RECORD,
        right="longest_hold=max([deal.hold // _SECOND, *holds]),",
        wrong="longest_hold=deal.hold // _SECOND,",
        tests=[
            "bag/test_leaked_key.py::test_a_hold_or_a_limit_that_was_shortened_stays_as_promised"
        ],
        rehearsed=("mug", "shorter-hold"),
    ),
    PlantedBug(
        name="An offer of an old page is called a forgery",
        file=_RECORD,
        right="return TimeSpan(issued - stale - LEEWAY,",
        wrong="return TimeSpan(issued - LEEWAY,",
        tests=[
            "bag/test_leaked_key.py::test_a_page_that_was_as_old_as_may_be_is_believed_also_by_the_fastest_clock"
        ],
        unreached=Unreached.ONE_SERVER,
    ),
    PlantedBug(
        name="An offer of a clock that is behind is called a forgery",
        file=_RECORD,
        right="issued + _SECOND + LEEWAY)",
        wrong="issued + _SECOND)",
        tests=["bag/test_leaked_key.py::test_a_server_that_is_a_minute_behind_is_believed"],
        unreached=Unreached.ONE_SERVER,
    ),
    PlantedBug(
        name="A sale opens a second early",
        file=_SNAPSHOT,
        right="if now < self.starts_at:",
        wrong="if now < self.starts_at - timedelta(seconds=1):",
        tests=["sales/test_sale_page.py::test_a_second_early_nothing_is_offered"],
        scenarios=["holding.feature::One second before the sale opens there is no price"],
        rehearsed=("mug", "as-configured"),
    ),
    PlantedBug(
        name="A sale closes a second late",
        file=_SNAPSHOT,
        right="Phase.LIVE if now < self.ends_at",
        wrong="Phase.LIVE if now <= self.ends_at",
        tests=["sales/test_sale_page.py::test_the_second_it_ends_has_no_offers"],
        scenarios=["holding.feature::The second the sale closes there is no price"],
        rehearsed=("mug", "as-configured"),
    ),
    PlantedBug(
        name="A page makes offers outside the window",
        file="shop/sales/views.py",
        right="if on_show.is_open(now):",
        wrong="if on_show.visible:",
        tests=["sales/test_sale_page.py::test_a_second_early_nothing_is_offered"],
        scenarios=["holding.feature::The second the sale closes there is no price"],
        rehearsed=("mug", "as-configured"),
    ),
    PlantedBug(
        name="A hidden sale is shown",
        file="shop/sales/showcase.py",
        right="return sale if sale is not None and sale.visible else None",
        wrong="return sale",
        tests=["sales/test_lifecycle.py::test_a_hidden_sale_shows_nothing_and_honors_its_offers"],
        scenarios=[
            "changing-minds.feature::A sale that is hidden, and shown again, keeps its word in between"
        ],
        rehearsed=("mug", "hidden"),
    ),
    PlantedBug(
        name="A withdrawn deal is shown",
        file=_SNAPSHOT,
        right="return tuple(deal for deal in self.deals if not deal.withdrawn)",
        wrong="return self.deals",
        tests=["sales/test_sale_page.py::test_a_withdrawn_deal_is_not_shown"],
        scenarios=[
            "changing-minds.feature::A deal that is withdrawn is shown no more, and held all the same"
        ],
        rehearsed=("pair", "withdrawn-deal"),
    ),
    PlantedBug(
        name="A withdrawn deal's offers are void",
        file=_SNAPSHOT,
        right="return on_show.deals_by_sku.get(sku) if on_show else None",
        wrong=(
            "deal = on_show.deals_by_sku.get(sku) if on_show else None; "
            "return None if deal is None or deal.withdrawn else deal"
        ),
        tests=["bag/test_bag.py::test_a_withdrawn_deal_takes_no_promise_back"],
        scenarios=[
            "changing-minds.feature::A deal that is withdrawn is shown no more, and held all the same"
        ],
        rehearsed=("pair", "withdrawn-deal"),
    ),
    PlantedBug(
        name="A hidden sale's offers are void",
        file=_SNAPSHOT,
        right="return on_show.deals_by_sku.get(sku) if on_show else None",
        wrong="return on_show.deals_by_sku.get(sku) if on_show and on_show.visible else None",
        tests=["bag/test_bag.py::test_an_unpublished_sale_takes_no_promise_back"],
        scenarios=["changing-minds.feature::A sale that is called off keeps its word"],
        rehearsed=("mug", "hidden"),
    ),
    PlantedBug(
        name="An offer freezes the list price in place of the deal's",
        file="shop/sales/minting.py",
        right='"amount": deal.amount,',
        wrong='"amount": deal.product.list_price,',
        tests=["sales/test_sale_page.py::test_an_offer_says_what_the_page_said"],
        scenarios=["holding.feature::The first second of the sale has a price"],
        rehearsed=("mug", "as-configured"),
    ),
    PlantedBug(
        name="An offer is held a second longer than the sale holds prices",
        file="shop/sales/minting.py",
        right="expires_at = issued_at + deal.hold // _SECOND",
        wrong="expires_at = issued_at + deal.hold // _SECOND + 1",
        tests=[
            "sales/test_sale_page.py::test_an_offer_of_the_last_second_lives_a_whole_hold_past_the_window"
        ],
        scenarios=["holding.feature::The first second of the sale has a price"],
        rehearsed=("mug", "as-configured"),
    ),
    PlantedBug(
        name="An offer allows a unit more than the deal",
        file="shop/sales/minting.py",
        right='"max": deal.max,',
        wrong='"max": deal.max + 1,',
        tests=["bag/test_bag.py::test_more_than_the_offer_allows_is_over_the_limit_and_not_added"],
        scenarios=["verdicts.feature::Over the limit at once"],
        rehearsed=("mug", "limits"),
    ),
    PlantedBug(
        name="Once another key signs, pages still sign by the one before",
        file="shop/sales/minting.py",
        right="prepared = deal.prepared.get(key)",
        wrong="prepared = next(iter(deal.prepared.values()), None)",
        tests=["sales/test_minting.py::test_once_another_key_signs_the_same_deal_is_signed_by_it"],
        unreached=Unreached.KEYS,
    ),
    PlantedBug(
        name="A recall of one deal recalls the whole sale",
        file=_HOLDS,
        right="""            row.replaced_nonce, deal.nonce = deal.nonce, new_nonce()
            deal.save(update_fields=["nonce"])""",
        wrong="""            row.replaced_nonce, sale.nonce = deal.nonce, new_nonce()
            sale.save(update_fields=["nonce"])""",
        tests=["bag/test_bag.py::test_a_recall_of_one_deal_leaves_the_others"],
        scenarios=["changing-minds.feature::A recall of one deal leaves the others"],
        rehearsed=("pair", "recalled-deal"),
    ),
    PlantedBug(
        name="A recall of one deal voids nothing",
        file=_HOLDS,
        right='deal.save(update_fields=["nonce"])',
        wrong="pass",
        tests=["sales/test_holds.py::test_a_recall_of_one_deal_leaves_the_others"],
        scenarios=["changing-minds.feature::A recall of one deal leaves the others"],
        rehearsed=("pair", "recalled-deal"),
    ),
    PlantedBug(
        name="A recall by an instant of the last minutes spares what stale pages make",
        file=_HOLDS,
        right="return issued_before is None or issued_before >= settled",
        wrong="return issued_before is None",
        tests=[
            "sales/test_holds.py::test_a_recall_before_an_instant_just_past_takes_back_what_a_stale_page_still_made"
        ],
        rehearsed=("mug", "recalled-just-before"),
    ),
    PlantedBug(
        name="Pages say that all has run out while an extension holds",
        file="shop/sales/hold_end.py",
        right="""        more = sum(
            each.seconds for each in extensions if since < next_whole_second(each.issued_before)
        )""",
        wrong="        more = 0",
        tests=[
            "sales/test_hold_end.py::test_a_page_says_held_until_the_last_extended_price_runs_out"
        ],
        rehearsed=("mug", "extended-after-close"),
    ),
    PlantedBug(
        name="The higher of two reference prices is struck through",
        file=_REFERENCE,
        right="return min(amounts, default=None)",
        wrong="return max(amounts, default=None)",
        tests=[
            "sales/test_reference_prices.py::test_each_price_that_a_sale_asked_while_it_ran_counts"
        ],
        rehearsed=("mug", "reference-price"),
    ),
    PlantedBug(
        name="The reference price looks back 29 days",
        file=_REFERENCE,
        right="REFERENCE_PERIOD = timedelta(days=30)",
        wrong="REFERENCE_PERIOD = timedelta(days=29)",
        tests=[
            "sales/test_reference_prices.py::test_the_period_begins_thirty_days_before_the_opening"
        ],
        rehearsed=("mug", "reference-price"),
    ),
    PlantedBug(
        name="A price at which nobody could buy is struck through",
        file=_REFERENCE,
        right="if each.counts and each.overlaps(since, before))",
        wrong="if each.overlaps(since, before))",
        tests=[
            "sales/test_reference_prices.py::test_a_product_that_is_sold_in_sales_alone_has_nothing_struck_through"
        ],
        rehearsed=("mug", "reference-price"),
    ),
    PlantedBug(
        name="A sale page may be kept by shared caches",
        file="shop/core/cache_headers.py",
        right='PRIVATE = "private, no-cache"',
        wrong='PRIVATE = "public, max-age=60"',
        tests=["sales/test_sale_page.py::test_the_page_is_private_and_kept_for_the_back_button"],
        unreached=Unreached.CACHES,
    ),
    PlantedBug(
        name="A stale showcase serves a second longer than ten minutes",
        file="shop/sales/showcase.py",
        right="if self._reading is None or self.age_seconds > settings.SHOWCASE_MAX_STALE:",
        wrong="if self._reading is None or self.age_seconds > settings.SHOWCASE_MAX_STALE + 1:",
        tests=["sales/test_showcase.py::test_an_old_snapshot_serves_ten_minutes_exactly"],
        unreached=Unreached.ONE_SERVER,
    ),
    PlantedBug(
        name="A recall is shown on pages when the process starts anew",
        file="shop/sales/revisions.py",
        right='    Watched("recall", Recall, sale="sale_id"),\n',
        wrong="",
        tests=[_WHATEVER],
        unreached=Unreached.ONE_SERVER,
    ),
    PlantedBug(
        name="A product that has changed is not read again",
        file="shop/sales/snapshot_refresh.py",
        right='pk__in=turned.values("product").union(in_sales)',
        wrong="pk__in=in_sales",
        tests=[_WHATEVER],
        unreached=Unreached.ONE_SERVER,
    ),
    PlantedBug(
        name="A sale keeps the numbers of units of another sale's claims",
        file="shop/sales/snapshot_refresh.py",
        right="if sale.keys_of_products.isdisjoint(products) and",
        wrong="if",
        tests=[
            "sales/test_snapshot_refresh.py::test_claimed_units_come_with_that_statement",
            _WHATEVER,
        ],
        unreached=Unreached.ONE_SERVER,
    ),
    PlantedBug(
        name="A change is undone in the rows and stays on pages",
        file="shop/sales/snapshot_refresh.py",
        right="    if connection.in_atomic_block:\n        return ShowcaseReading(read_snapshot(now), now)\n",
        wrong="",
        tests=[
            "sales/test_snapshot_refresh.py::"
            "test_what_a_transaction_reads_of_its_own_is_kept_for_nobody"
        ],
        unreached=Unreached.ONE_SERVER,
    ),
    PlantedBug(
        name="A 404 of a sale that is not published yet may be kept",
        file="shop/core/cache_headers.py",
        right="return status >= HTTPStatus.BAD_REQUEST and",
        wrong="return status > HTTPStatus.NOT_FOUND and",
        tests=["core/test_cache_headers.py::test_a_404_shows_the_bag_to_its_visitor_alone"],
        unreached=Unreached.CACHES,
    ),
)
