import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("checkout", "0004_reconcile_rounds_and_discrepancies"),
    ]

    operations = [
        migrations.CreateModel(
            name="ClaimOrigin",
            fields=[
                (
                    "order",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="origin",
                        serialize=False,
                        to="checkout.order",
                    ),
                ),
                ("network", models.CharField(max_length=64)),
                ("counts_from", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["network", "counts_from"], name="claim_origin_by_network"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("network", ""), _negated=True),
                        name="claim_origin_has_a_network",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="orderline",
            name="kept",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
    ]
