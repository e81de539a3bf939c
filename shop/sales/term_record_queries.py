"""The record of terms, read from rows: branches of the statement that judges the bag."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from itertools import zip_longest
from operator import itemgetter
from typing import Any

from django.db.models import DateTimeField, F, OuterRef, Q, QuerySet, Subquery, TextField
from django.db.models.functions import Cast, Coalesce, JSONObject

from offers.terms import LIST, Offer
from shop.catalog.models import PricePoint
from shop.core.compiled_sql import InParameter, Parameter, Value
from shop.core.repeated_time import repeated_time
from shop.sales.models import Change, Deal, ListTerms
from shop.sales.snapshot import Snapshot
from shop.sales.snapshot_queries import Row, instant
from shop.sales.term_record import (
    ListTermsInForce,
    RecordedChange,
    TermRecord,
    ValueHistory,
    history_of_points,
    moments_of,
)

#: Before anything was recorded.
_EVER = datetime(1970, 1, 1, tzinfo=UTC)

_since = Parameter("recorded since", DateTimeField())


def record_querysets() -> dict[str, QuerySet[Any, Any]]:
    """The record of the named ``sales``, ``skus`` and ``list skus``, ``recorded since`` an instant.

    Of the time before, just the last values.
    """
    changes = Change.objects.filter(
        InParameter("sale__slug", "sales"),
        Q(deal=None) | Q(InParameter("deal__product__sku", "skus")),
        field__in=("price", "max_per_shopper", "hold_seconds"),
        made_at__gt=_since,
    )
    deals = Deal.objects.filter(
        InParameter("sale__slug", "sales"), InParameter("product__sku", "skus")
    )
    of_deal = Change.objects.filter(deal=OuterRef("pk"))
    of_sale = Change.objects.filter(sale=OuterRef("sale"), deal=None)
    earlier = PricePoint.objects.filter(product=OuterRef("product"), since__lte=_since)
    in_force_then = Subquery(earlier.order_by("-since").values("since")[:1])
    points = PricePoint.objects.filter(
        InParameter("product__sku", "list skus"), since__gte=Coalesce(in_force_then, _since)
    )
    return {
        "term": changes.annotate(
            row=JSONObject(
                **{name: name for name in ("id", "field", "deal", "made_at")},
                sale=F("sale__slug"),
                before=Cast("before", TextField()),
                after=Cast("after", TextField()),
            )
        ),
        "last term": deals.annotate(
            row=JSONObject(
                deal=F("id"),
                sale=F("sale__slug"),
                price=_last(of_deal, "price", "published_price"),
                max_per_shopper=_last(of_deal, "max_per_shopper", "published_limit"),
                hold_seconds=_last(of_sale, "hold_seconds", "sale__published_hold"),
            )
        ),
        "point": points.annotate(
            row=JSONObject(
                **{name: name for name in ("id", "since", "amount", "lowest")},
                product="product_id",
            )
        ),
        "list terms": ListTerms.objects.annotate(
            row=JSONObject(
                **{name: name for name in ("id", "since", "hold_seconds", "max_per_shopper")}
            )
        ),
    }


def _last(changes: QuerySet[Change, Change], field: str, published: str) -> Coalesce:
    """What a field became by its last change; what it was published as where it had none."""
    last = changes.filter(field=field).order_by("-made_at", "-id")
    after = last.annotate(text=Cast("after", TextField())).values("text")[:1]
    return Coalesce(Subquery(after), Cast(published, TextField()))


def record_values(offers: Collection[Offer]) -> dict[str, Value]:
    """The values of the parameters by which the record of offers is read."""
    since = _EVER
    if offers and repeated_time() is None:
        since = min(moments_of(offer).since for offer in offers)
    return {
        "recorded since": since,
        "list skus": [offer.sku for offer in offers if offer.sale == LIST],
    }


def read_record(rows: dict[str, list[Row]], snapshot: Snapshot) -> TermRecord:
    """The record that rows make, by kind, of the sales of a snapshot."""
    changes: defaultdict[tuple[str, Any], list[RecordedChange]] = defaultdict(list)
    for row in sorted(rows["term"], key=_by_id):
        before, after = json.loads(row["before"]), json.loads(row["after"])
        owner = row["sale"] if row["deal"] is None else row["deal"]
        changes[row["field"], owner].append(RecordedChange(instant(row["made_at"]), before, after))
    for row in rows["last term"]:
        for field in ("price", "max_per_shopper", "hold_seconds"):
            owner = row["sale"] if field == "hold_seconds" else row["deal"]
            if row[field] is not None and not changes[field, owner]:
                value = json.loads(row[field])
                changes[field, owner].append(RecordedChange(_EVER, value, value))
    points = defaultdict(list)
    for row in sorted(rows["point"], key=_by_id):
        points[row["product"]].append((instant(row["since"]), row["amount"], row["lowest"]))

    def histories(field: str) -> dict[Any, ValueHistory]:
        found = ((owner, each) for (name, owner), each in changes.items() if name == field)
        return {owner: ValueHistory(tuple(each)) for owner, each in found}

    return TermRecord(
        prices=histories("price"),
        limits=histories("max_per_shopper"),
        holds=histories("hold_seconds"),
        published={
            slug: sale.published_at for slug, sale in snapshot.sales.items() if sale.published_at
        },
        list_prices={product: history_of_points(each) for product, each in points.items()},
        list_terms=_list_terms(rows["list terms"]),
        repeated=repeated_time(),
    )


def _list_terms(rows: Iterable[Row]) -> tuple[ListTermsInForce, ...]:
    ordered = sorted(rows, key=_by_id)
    return tuple(
        ListTermsInForce(
            since=instant(row["since"]),
            until=instant(after["since"]) if after else None,
            hold=row["hold_seconds"],
            limit=row["max_per_shopper"],
        )
        for row, after in zip_longest(ordered, ordered[1:])
    )


_by_id = itemgetter("id")
