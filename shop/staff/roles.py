"""The roles of staff: four groups of Django's permissions, at most one per person.

After every ``migrate`` the groups are set to the permissions of the table here.
"""

from typing import Any

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import TextChoices

from shop.staff.models import Staff


class Role(TextChoices):
    """A role; the label says what it permits."""

    OWNER = "owner", "Owner: everything, and the staff"
    MERCHANDISER = "merchandiser", "Merchandiser: products, sales and where they go"
    SUPPORT = "support", "Support: orders, receipts and refunds"
    VIEWER = "viewer", "Viewer: looks at everything, changes nothing"


_VIEW = frozenset(
    {
        "catalog.view_product",
        "catalog.view_stockmovement",
        "catalog.view_variant",
        "checkout.view_deliverycountry",
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
        "checkout.change_deliverycountry",
        "sales.add_deal",
        "sales.add_sale",
        "sales.change_deal",
        "sales.change_sale",
        "sales.delete_deal",
        "sales.delete_sale",
    }
)
_SUPPORT = frozenset(
    {
        "checkout.add_refund",
        "checkout.export_order",
        "checkout.send_receipt",
    }
)
_MANAGE_STAFF = frozenset(
    {"staff.add_staff", "staff.change_staff", "staff.view_loginevent", "staff.view_staff"}
)

PERMISSIONS: dict[Role, frozenset[str]] = {
    Role.OWNER: _VIEW | _SELL | _SUPPORT | _MANAGE_STAFF,
    Role.MERCHANDISER: _VIEW | _SELL,
    Role.SUPPORT: _VIEW | _SUPPORT,
    Role.VIEWER: _VIEW,
}


def role_of(person: Staff) -> Role | None:
    """The role of someone; a superuser counts as an owner."""
    if person.is_superuser:
        return Role.OWNER
    names = {group.name for group in person.groups.all()}
    return next((role for role in Role if role in names), None)


def give_role(person: Staff, role: Role) -> None:
    """Set someone's role in place of any other, and end their sessions."""
    with transaction.atomic():
        person.groups.set([Group.objects.get(name=role)])
        person.end_sessions()


def write_roles(using: str, **_: Any) -> None:
    """Set the permissions of each role's group; called after every ``migrate``.

    :raises LookupError: no model has one of the permissions
    """
    # The signal may come before other apps have made their permissions.
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
