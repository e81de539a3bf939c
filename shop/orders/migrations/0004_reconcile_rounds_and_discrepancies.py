from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("checkout", "0003_disputes_have_money"),
    ]

    operations = [
        migrations.CreateModel(
            name="PaymentDiscrepancy",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("no_order", "Stripe has a payment that belongs to no order"),
                            ("not_paid", "An order counts as paid, and Stripe has no such payment"),
                        ],
                        max_length=10,
                    ),
                ),
                ("payment_intent", models.CharField(max_length=64)),
                ("order_number", models.CharField(max_length=20)),
                ("amount", models.PositiveBigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("found_at", models.DateTimeField()),
                ("resolved_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("resolved_at__isnull", True)),
                        fields=["found_at"],
                        name="payment_discrepancy_open",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("payment_intent", "kind"), name="payment_discrepancy_is_one"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ReconcileRound",
            fields=[
                (
                    "id",
                    models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False),
                ),
                ("started_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField()),
                ("seconds", models.FloatField()),
                ("problems", models.TextField(blank=True)),
                ("record_read_until", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("id", 1)), name="reconcile_round_is_the_last"
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="stripeevent",
            name="next_try_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="stripeevent",
            name="set_aside_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="stripeevent",
            name="tries",
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
    ]
