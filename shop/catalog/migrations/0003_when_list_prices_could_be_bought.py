"""Since when list prices could be bought: recorded from now on.

Of the time before nobody knows, so those rows keep None, and count for no reference price.
"""

from django.db import migrations, models
from django.utils import timezone


def begin_record(apps, schema_editor):
    """Write down what is true now of every product."""
    PricePoint = apps.get_model("catalog", "PricePoint")
    Variant = apps.get_model("catalog", "Variant")
    now = timezone.now()
    supplied = set(Variant.objects.filter(stock__gt=0).values_list("product", flat=True))
    PricePoint.objects.bulk_create(
        PricePoint(
            product=product,
            amount=product.list_price,
            since=now,
            could_be_bought=product.sold_at_list_price and product.pk in supplied,
        )
        for product in apps.get_model("catalog", "Product").objects.all()
    )


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0002_labels_and_validators'),
    ]

    operations = [
        migrations.AddField(
            model_name='pricepoint',
            name='could_be_bought',
            field=models.BooleanField(null=True),
        ),
        migrations.RunPython(begin_record, migrations.RunPython.noop, elidable=True),
    ]
