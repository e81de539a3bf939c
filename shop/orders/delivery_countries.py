"""Where orders may go: one list, which the merchant edits."""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

from django.apps import apps as all_apps
from django.apps.registry import Apps
from django.contrib.admin.models import ADDITION, DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import Error as DatabaseError
from django.db import connection, transaction

from shop.core.compiled_sql import CompiledQuery
from shop.core.formatting import country
from shop.core.outages import is_outage
from shop.orders.models import DeliveryCountry
from shop.staff.models import Staff

#: The list of a new shop: the European Union, its neighbours, and where parcels go every day. No
#: country is in it that is under an embargo, or where no post goes.
AT_FIRST = (
    *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE"),
    *("IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),
    *("CH", "GB", "IS", "LI", "MC", "NO", "SM"),
    *("AU", "CA", "HK", "JP", "KR", "NZ", "SG", "US"),
)


class _LastRead:
    """What a process shows while the database is away; it orders nothing then."""

    codes: frozenset[str] = frozenset(AT_FIRST)


def delivery_countries() -> frozenset[str]:
    """The codes of the countries that orders may go to; one query.

    It is the very same object while the list has not changed. While the database is away, it is
    the list that was last read.
    """
    try:
        codes = frozenset(code for (code,) in _statement(connection.vendor).rows({}))
        if codes != _LastRead.codes:
            _LastRead.codes = codes
    except DatabaseError as error:
        if not is_outage(error):
            raise
    return _LastRead.codes


@cache
def _statement(vendor: str) -> CompiledQuery:
    return CompiledQuery.select(DeliveryCountry.objects.order_by().values_list("code"))


def change_delivery_countries(
    *, added: Iterable[str], taken_away: Iterable[str], by: Staff, now: datetime
) -> None:
    """Add countries and take others away, with a record of each; orders stay as they are."""
    model = ContentType.objects.get_for_model(DeliveryCountry)
    with transaction.atomic():
        there = delivery_countries()
        acts = dict.fromkeys(set(added) - there, ADDITION)
        acts |= dict.fromkeys(there.intersection(taken_away), DELETION)
        DeliveryCountry.objects.bulk_create(
            (DeliveryCountry(code=code) for code, act in acts.items() if act == ADDITION),
            ignore_conflicts=True,
        )
        gone = [code for code, act in acts.items() if act == DELETION]
        DeliveryCountry.objects.filter(code__in=gone).delete()
        LogEntry.objects.bulk_create(
            LogEntry(
                action_time=now, user=by, content_type=model, object_id=code,
                object_repr=country(code), action_flag=act,
            )
            for code, act in sorted(acts.items())
        )  # fmt: skip


def write_first_list(using: str, apps: Apps = all_apps, **_: Any) -> None:
    """Write the list of a new shop where there is none; called after every ``migrate``."""
    try:
        rows = apps.get_model("checkout", "DeliveryCountry").objects.using(using)
    except LookupError:
        # An older state of the database, which has no such table.
        return
    if not rows.exists():
        rows.bulk_create((rows.model(code=code) for code in AT_FIRST), ignore_conflicts=True)
