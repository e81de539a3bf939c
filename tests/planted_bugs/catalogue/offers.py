"""In signed offers: their time, their anchors, their messages."""

from tests.planted_bugs.bug import PlantedBug, Unreached

_ANCHORS, _TOKENS = "offers/anchors.py", "offers/tokens.py"

BUGS = (
    PlantedBug(
        name="A price is held a second too long",
        file=_ANCHORS,
        right="if now >= honored_until(offer, state.extensions):",
        wrong="if now > honored_until(offer, state.extensions):",
        tests=["bag/test_bag.py::test_an_offer_ends_exactly_with_its_hold"],
        scenarios=[
            "holding.feature::The second the hold ends the price is gone, and nothing is charged"
        ],
        rehearsed=("mug", "as-configured"),
    ),
    PlantedBug(
        name="A price is held a second too short",
        file=_ANCHORS,
        right="if now >= honored_until(offer, state.extensions):",
        wrong="if now.timestamp() + 1 >= honored_until(offer, state.extensions).timestamp():",
        tests=["bag/test_bag.py::test_an_offer_is_good_to_its_last_second"],
        scenarios=["holding.feature::The last second of the hold still buys"],
        rehearsed=("mug", "as-configured"),
    ),
    PlantedBug(
        name="An extension reaches offers issued after it",
        file=_ANCHORS,
        right="for each in extensions if issued_at < each.issued_before)",
        wrong="for each in extensions)",
        tests=["sales/test_holds.py::test_an_extension_skips_later_offers"],
        scenarios=["changing-minds.feature::An extension is not for what is shown after it"],
        rehearsed=("mug", "extended"),
    ),
    PlantedBug(
        name="An extension reaches the offers of its own second",
        file=_ANCHORS,
        right="for each in extensions if issued_at < each.issued_before)",
        wrong="for each in extensions if issued_at <= each.issued_before)",
        tests=["offers/test_anchors.py::test_extensions_that_apply_add_up"],
        rehearsed=("mug", "extended"),
    ),
    PlantedBug(
        name="Of two extensions only the longer one counts",
        file=_ANCHORS,
        right="more = sum(each.seconds for each in extensions if issued_at < each.issued_before)",
        wrong="more = max((x.seconds for x in extensions if issued_at < x.issued_before), default=0)",
        tests=["sales/test_holds.py::test_extensions_add_up"],
        rehearsed=("extended", "extended"),
    ),
    PlantedBug(
        name="A recall voids nothing",
        file=_ANCHORS,
        right="if offer.anchor == state.anchor:",
        wrong="if offer.anchor is not None:",
        tests=["bag/test_bag.py::test_a_recalled_offer_says_why_and_what_it_costs_now"],
        scenarios=["verdicts.feature::Recalled"],
        rehearsed=("mug", "recalled"),
    ),
    PlantedBug(
        name="A recall by an instant voids the offers of that very second",
        file=_ANCHORS,
        right="offer.issued_at < self.issued_before.timestamp()",
        wrong="offer.issued_at <= self.issued_before.timestamp()",
        tests=[
            "offers/test_anchors.py::test_a_recalled_stretch_has_its_first_instant_and_not_its_last"
        ],
        rehearsed=("mug", "recalled-before"),
    ),
    PlantedBug(
        name="A recall voids offers from before its beginning",
        file=_ANCHORS,
        right="return offer.issued_at >= good_before.timestamp()",
        wrong="return offer.issued_at > 0",
        tests=[
            "sales/test_holds.py::test_a_recall_with_a_beginning_leaves_what_was_shown_before_it"
        ],
        rehearsed=("pair", "recalled-since"),
    ),
    PlantedBug(
        name="A recall spares the offers of the second in which it begins",
        file=_ANCHORS,
        right="return offer.issued_at >= good_before.timestamp()",
        wrong="if good_before is None or offer.issued_at > good_before.timestamp():",
        tests=[
            "sales/test_holds.py::test_a_recall_that_begins_within_a_second_reaches_what_was_shown_in_that_second"
        ],
        rehearsed=("pair", "recalled-since"),
    ),
    PlantedBug(
        name="A server's clock may be 61 seconds ahead",
        file=_ANCHORS,
        right="ISSUE_LEEWAY_SECONDS = 60",
        wrong="ISSUE_LEEWAY_SECONDS = 61",
        tests=[
            "offers/test_anchors.py::test_an_offer_holds_from_a_minute_before_its_issue_to_its_end"
        ],
        scenarios=[
            "verdicts.feature::Not yet valid, from a server whose clock is more than a minute ahead"
        ],
        unreached=Unreached.ONE_SERVER,
    ),
    PlantedBug(
        name="An offer of another browser is honored",
        file=_ANCHORS,
        right="if shoppers is not None and offer.shopper not in shoppers:",
        wrong="if shoppers is not None and not offer.shopper:",
        tests=["bag/test_bag.py::test_another_shoppers_offer_is_not_mine"],
        scenarios=["verdicts.feature::Not yours"],
        unreached=Unreached.FORGERY,
    ),
    PlantedBug(
        name="A key that has leaked signs any price",
        file=_ANCHORS,
        right="    if state.bounds.claim_beyond(offer):",
        wrong="    if state.bounds.claim_beyond(offer) and now is None:",
        tests=["bag/test_leaked_key.py::test_an_offer_is_no_better_than_what_was_ever_on_show"],
        scenarios=["verdicts.feature::Forged, though the shop's own key has signed it"],
        unreached=Unreached.FORGERY,
    ),
    PlantedBug(
        name="An offer that an order has used is honored again in the bag",
        file=_ANCHORS,
        right="    if state.used:",
        wrong="    if state.used and now is None:",
        tests=["offers/test_anchors.py::test_each_reason_alone_refuses"],
        scenarios=["verdicts.feature::Used"],
        rehearsed=("mug", "as-configured"),
    ),
    PlantedBug(
        name="One unit more than the offer allows",
        file=_ANCHORS,
        right="if quantity > _least(offer.max, state.units_allowed):",
        wrong="if quantity > 1 + _least(offer.max, state.units_allowed):",
        tests=["bag/test_bag.py::test_more_than_the_offer_allows_is_over_the_limit_and_not_added"],
        scenarios=["verdicts.feature::Over the limit at once"],
        rehearsed=("mug", "as-configured"),
    ),
    PlantedBug(
        name="The last unit is not sold",
        file=_ANCHORS,
        right="quantity > state.units_left:",
        wrong="quantity >= state.units_left:",
        tests=[
            "offers/test_anchors.py::test_units_are_bounded_by_the_promise_the_shopper_and_the_stock"
        ],
        scenarios=["verdicts.feature::Sold out, to whoever comes second"],
        rehearsed=("mug", "last-unit"),
    ),
    PlantedBug(
        name="A signature is not verified",
        file=_TOKENS,
        right='raise Unreadable("bad signature")',
        wrong="pass",
        tests=["bag/test_bag.py::test_an_altered_offer_is_forged_and_a_new_one_offered"],
        scenarios=["verdicts.feature::Forged"],
        unreached=Unreached.FORGERY,
    ),
    PlantedBug(
        name="A message may name another algorithm than its key's",
        file=_TOKENS,
        right="if algorithm != key.algorithm:",
        wrong="if not algorithm:",
        tests=["offers/test_vectors.py::test_a_bad_message_is_refused_with_its_verdict"],
        unreached=Unreached.FORGERY,
    ),
    PlantedBug(
        name="A message of another type passes for an offer",
        file=_TOKENS,
        right="if typ != kind.typ:",
        wrong="if not typ:",
        tests=["offers/test_tokens.py::test_type_and_audience_must_both_be_right"],
        unreached=Unreached.FORGERY,
    ),
    PlantedBug(
        name="A message for another audience passes for an offer",
        file=_TOKENS,
        right='if payload.get("aud") != kind.audience:',
        wrong='if not payload.get("aud"):',
        tests=["offers/test_tokens.py::test_type_and_audience_must_both_be_right"],
        unreached=Unreached.FORGERY,
    ),
    PlantedBug(
        name="An offer of a voided key is called a forgery",
        file=_TOKENS,
        right='raise UnknownKey("unknown key")',
        wrong='raise Unreadable("unknown key")',
        tests=["bag/test_bag.py::test_an_offer_signed_with_a_key_that_was_voided_is_not_ours"],
        scenarios=["verdicts.feature::Unknown key"],
        unreached=Unreached.FORGERY,
    ),
    PlantedBug(
        name="A partner's key signs shoppers and orders",
        file=_TOKENS,
        right="if key.issuer != ring.active.issuer and not kind.from_partners:",
        wrong="if key.issuer != ring.active.issuer and not kind.typ:",
        tests=["offers/test_tokens.py::test_a_partner_makes_no_shoppers_and_no_orders"],
        unreached=Unreached.FORGERY,
    ),
)
