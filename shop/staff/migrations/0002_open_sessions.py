from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("staff", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="staff",
            name="open_sessions",
            field=models.JSONField(db_default=[], default=list, editable=False),
        ),
    ]
