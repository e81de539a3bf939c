"""A reference price says as of which opening it was worked out.

Those of sales that have opened stay as they are. Those of sales to come are worked out anew, by
the prices that are on record (``shop.sales.apps``, after ``migrate``).
"""

from django.db import migrations, models
from django.db.models import OuterRef, Subquery
from django.utils import timezone


def fix_those_of_opened_sales(apps, schema_editor):
    Deal = apps.get_model("sales", "Deal")
    opening = apps.get_model("sales", "Sale").objects.filter(pk=OuterRef("sale"))
    opened = Deal.objects.filter(was__isnull=False, sale__starts_at__lte=timezone.now())
    opened.update(was_as_of=Subquery(opening.values("starts_at")))
    Deal.objects.filter(was_as_of=None).update(was=None)


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0003_when_list_prices_could_be_bought'),
        ('sales', '0004_hold_messages'),
    ]

    operations = [
        migrations.AddField(
            model_name='deal',
            name='was_as_of',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.RunPython(
            fix_those_of_opened_sales, migrations.RunPython.noop, elidable=True
        ),
    ]
