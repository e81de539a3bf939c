from django.db import migrations
from django.db.models import F, Q
from django.utils.crypto import salted_hmac

_GMAIL = ("gmail.com", "googlemail.com")


def _key(address):
    return salted_hmac("limit use: email", address, algorithm="sha256").hexdigest()


def _without_tag(address):
    local, _, domain = address.strip().lower().rpartition("@")
    return local.partition("+")[0], domain


def count_spellings_of_a_mailbox_together(apps, schema_editor):
    """Move what was counted by each spelling of a Gmail address to the one of its mailbox."""
    orders = apps.get_model("checkout", "OrderLine")
    uses = apps.get_model("sales", "LimitUse").objects.filter(kind="email")
    is_gmail = Q(*[("order__email__iendswith", f"@{each}") for each in _GMAIL], _connector=Q.OR)
    spelled = orders.objects.filter(is_gmail, deal__isnull=False)
    for deal, address in spelled.values_list("deal_id", "order__email").distinct().order_by():
        local, domain = _without_tag(address)
        before = _key(f"{local}@{domain}")
        after = _key(f"{local.replace('.', '')}@gmail.com")
        use = uses.filter(deal_id=deal, key=before).first()
        if use is None or before == after:
            continue
        mailbox, _ = uses.get_or_create(
            deal_id=deal, kind="email", key=after, defaults={"units": 0}
        )
        uses.filter(pk=mailbox.pk).update(units=F("units") + use.units)
        use.delete()


class Migration(migrations.Migration):
    dependencies = [
        ("checkout", "0005_claim_origins"),
        ("sales", "0008_term_record"),
    ]

    operations = [
        migrations.RunPython(count_spellings_of_a_mailbox_together, migrations.RunPython.noop),
    ]
