from django.db import migrations, models


class Migration(migrations.Migration):
    compatible_because = (
        "The audit log has some rows for each edit of a sale: its index is built in milliseconds."
    )

    dependencies = [
        ("sales", "0007_restorations"),
    ]

    operations = [
        migrations.CreateModel(
            name="ListTerms",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("since", models.DateTimeField()),
                ("hold_seconds", models.PositiveIntegerField()),
                ("max_per_shopper", models.PositiveIntegerField()),
            ],
            options={
                "ordering": ["since", "id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("hold_seconds__gte", 1), ("max_per_shopper__gte", 1)),
                        name="list_terms_are_positive",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="sale",
            name="published_hold",
            field=models.PositiveIntegerField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="deal",
            name="published_price",
            field=models.PositiveBigIntegerField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="deal",
            name="published_limit",
            field=models.PositiveIntegerField(editable=False, null=True),
        ),
        migrations.AddIndex(
            model_name="change",
            index=models.Index(
                fields=["sale", "field", "made_at"], name="sales_change_lately"
            ),
        ),
    ]
