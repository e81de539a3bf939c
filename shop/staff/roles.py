"""Who may do what: four roles, each a group of Django's permissions.

The table is the truth: after every ``migrate`` the groups are made to say
exactly what it says. Someone has one role at most.
"""

from typing import Any

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import TextChoices

from shop.staff.models import Staff


class Role(TextChoices):
    """What someone is here for. The label says what it lets them do."""

    OWNER = "owner", "Owner: everything, and the staff"
    MERCHANDISER = "merchandiser", "Merchandiser: products and sales"
    SUPPORT = "support", "Support: orders, receipts and refunds"
    VIEWER = "viewer", "Viewer: looks at everything, changes nothing"


_LOOK = frozenset(
    {
        "catalog.view_pricepoint",
        "catalog.view_product",
        "catalog.view_stockmovement",
        "catalog.view_variant",
        "checkout.view_dispute",
        "checkout.view_order",
        "checkout.view_ordercharge",
        "checkout.view_orderline",
        "checkout.view_refund",
        "checkout.view_statuschange",
        "sales.view_deal",
        "sales.view_extension",
        "sales.view_recall",
        "sales.view_sale",
    }
)
_SELL = frozenset(
    {
        "catalog.add_product",
        "catalog.add_stockmovement",
        "catalog.add_variant",
        "catalog.change_product",
        "catalog.change_variant",
        "sales.add_deal",
        "sales.add_sale",
        "sales.change_deal",
        "sales.change_sale",
        "sales.delete_deal",
        "sales.delete_sale",
    }
)
_HELP = frozenset(
    {
        "checkout.add_refund",
        "checkout.export_order",
        "checkout.send_receipt",
    }
)
_STAFF = frozenset({"staff.add_staff", "staff.change_staff", "staff.view_staff"})

PERMISSIONS: dict[Role, frozenset[str]] = {
    Role.OWNER: _LOOK | _SELL | _HELP | _STAFF,
    Role.MERCHANDISER: _LOOK | _SELL,
    Role.SUPPORT: _LOOK | _HELP,
    Role.VIEWER: _LOOK,
}


def role_of(person: Staff) -> Role | None:
    """What someone is here for; a superuser is as good as the owner."""
    if person.is_superuser:
        return Role.OWNER
    names = {group.name for group in person.groups.all()}
    return next((role for role in Role if role in names), None)


def give_role(person: Staff, role: Role) -> None:
    """Give someone a role in place of the one they have; their sessions end."""
    with transaction.atomic():
        person.groups.set([Group.objects.get(name=role)])
        person.end_sessions()


def write_roles(using: str, **_: Any) -> None:
    """Make the groups say what the table says; called after every ``migrate``.

    :raises LookupError: the table names a permission that no model has
    """
    # Ours may be the first app to be told that all is migrated.
    for label in sorted({each.partition(".")[0] for each in PERMISSIONS[Role.OWNER]}):
        create_permissions(apps.get_app_config(label), verbosity=0, using=using)
    found = {
        f"{each.content_type.app_label}.{each.codename}": each
        for each in Permission.objects.using(using).select_related("content_type")
    }
    for role, names in PERMISSIONS.items():
        if unknown := names - found.keys():
            raise LookupError(f"No model has the permission {min(unknown)}, which {role} needs.")
        group, _made = Group.objects.using(using).get_or_create(name=role)
        group.permissions.set(found[name] for name in names)
