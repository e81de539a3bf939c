from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0004_price_correction"),
    ]

    operations = [
        migrations.AddField(
            model_name="pricepoint",
            name="lowest",
            field=models.PositiveBigIntegerField(null=True),
        ),
    ]
