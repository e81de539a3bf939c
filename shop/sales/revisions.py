"""What the showcase watches, and what of it has changed since one last looked.

Triggers note each change (``revision_triggers``); the showcase asks each second.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import BigIntegerField, Func, Model, Q

from shop.catalog.models import PriceCorrection, Product, Variant
from shop.core.compiled_sql import Parameter
from shop.sales.models import (
    Change,
    Deal,
    Extension,
    Recall,
    Restoration,
    RestoredSale,
    Revision,
    Sale,
)

TABLE = Revision._meta.db_table


@dataclass(frozen=True)
class Watched:
    """Columns of a table that the showcase reads.

    :param sale: the column with the sale that a row is a part of
    :param product: or with the product; where it has neither, it concerns all of them
    :param only: these columns alone, which only ever change in rows that are there already
    :param but: all other columns than these
    """

    kind: str
    model: type[Model]
    sale: str = ""
    product: str = ""
    only: tuple[str, ...] = ()
    but: tuple[str, ...] = ()

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    @property
    def columns(self) -> list[str]:
        every = [str(each.column) for each in self.model._meta.concrete_fields]
        return [*self.only] or [each for each in every if each not in self.but]


_UNITS = ("stock", "claimed")
#: Units are told apart, since orders change them all the time.
VARIANT_UNITS, DEAL_UNITS = "variant units", "deal units"
WATCHED = (
    Watched("sale", Sale, sale="id"),
    Watched("deal", Deal, sale="sale_id", but=("claimed",)),
    Watched(DEAL_UNITS, Deal, sale="sale_id", only=("claimed",)),
    Watched("extension", Extension, sale="sale_id"),
    Watched("recall", Recall, sale="sale_id"),
    Watched("change", Change, sale="sale_id"),
    Watched("product", Product, product="id"),
    Watched("variant", Variant, product="product_id", but=_UNITS),
    Watched(VARIANT_UNITS, Variant, product="product_id", only=_UNITS),
    Watched("correction", PriceCorrection, product="product_id"),
    Watched("restored sale", RestoredSale),
    Watched("restoration", Restoration, but=("seen_until",)),
)
#: The kind of a row that says that everything is to be read again.
EVERYTHING = "everything"


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A row that has changed; ``units`` are those left of a variant, or claimed of a deal."""

    kind: str
    key: int
    sale: int | None
    product: int | None
    number: int
    units: int | None

    @property
    def concerns_all(self) -> bool:
        """Whether it is no part of one sale or product."""
        return self.sale is self.product is None

    @property
    def is_units(self) -> bool:
        """Whether nothing of the row has changed but how many units are left or claimed."""
        return self.kind in {VARIANT_UNITS, DEAL_UNITS}


@dataclass(frozen=True, slots=True)
class News:
    """What has changed since a mark, and the mark to ask with next."""

    mark: int
    rows: frozenset[ChangedRow]


def read_news(since: int | None) -> News:
    """What has changed since a mark; with None, a mark to begin with. One small statement.

    On PostgreSQL a mark is the oldest transaction that may still commit, so that what was told
    once may be told again.
    """
    with connection.cursor() as cursor:
        cursor.execute(_news("{}"), [since])
        return news_of(cursor.fetchall())


def news_in_json() -> str:
    """A statement that asks the same, of which each row is the word "news" and an array as text."""
    array = "json_build_array" if connection.vendor == "postgresql" else "json_array"
    return _news(f"'news', CAST({array}({{}}) AS text)")


def news_of(rows: Sequence[Sequence[Any]]) -> News:
    """What has changed, by the rows of either statement."""
    changed = (ChangedRow(*row) for _, *row in rows if row[0] is not None)
    return News(mark=rows[0][0], rows=frozenset(changed))


def changed_since(mark: int | Parameter) -> Q:
    """Revisions since a mark."""
    if connection.vendor == "postgresql":
        next_one = Func(template=_NEXT_TRANSACTION, output_field=BigIntegerField())
        return Q(number__gte=mark, number__lt=next_one)
    return Q(number__gt=mark)


# Numbers of transactions to come are of another cluster, from which the rows were brought here.
_NEXT_TRANSACTION = "pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
_COLUMNS = (
    "mark.number, turned.kind, turned.key, turned.sale, turned.product, turned.number, "
    "COALESCE(variant.stock - variant.claimed, deal.claimed)"
)
_FROM_NEWS = f"""
    FROM ({{mark}}) AS mark
    LEFT JOIN {TABLE} AS turned ON {{is_new}}
    LEFT JOIN {Variant._meta.db_table} AS variant
        ON turned.kind = '{VARIANT_UNITS}' AND variant.id = turned.key
    LEFT JOIN {Deal._meta.db_table} AS deal
        ON turned.kind = '{DEAL_UNITS}' AND deal.id = turned.key
"""
_NEWS = {
    "postgresql": _FROM_NEWS.format(
        mark="SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS number",
        is_new=(
            f"turned.number >= COALESCE(%s, mark.number) AND turned.number < {_NEXT_TRANSACTION}"
        ),
    ),
    "sqlite": _FROM_NEWS.format(
        mark=f"SELECT COALESCE(MAX(number), 0) AS number FROM {TABLE}",  # noqa: S608
        is_new="turned.number > COALESCE(%s, mark.number)",
    ),
}


def _news(columns: str) -> str:
    return f"SELECT {columns.format(_COLUMNS)} {_NEWS[connection.vendor]}"
