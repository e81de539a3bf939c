"""Empties the database after a test that commits."""

from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction

from shop.orders.delivery_countries import write_first_list

#: What ``migrate`` writes: names of models, permissions, roles. No test that commits changes it.
WRITTEN_BY_MIGRATE = (ContentType, Permission, Group, Group.permissions.through)


def empty_database(_: object = None) -> None:
    """Delete all rows but those that ``migrate`` writes.

    Django deletes these too and writes them anew, which takes ten times as long.
    """
    models = apps.get_models(include_auto_created=True)
    tables = [model._meta.db_table for model in models if model not in WRITTEN_BY_MIGRATE]
    # In any order: the database looks at foreign keys when it commits.
    with transaction.atomic(), connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")
    # Tests change this one, so it is written anew.
    write_first_list(connection.alias)
