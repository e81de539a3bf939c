"""Stretches of time in which checkout was away."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sales', '0005_deal_was_as_of'),
    ]

    operations = [
        migrations.CreateModel(
            name='Outage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('began_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(db_index=True)),
                ('cause', models.CharField(choices=[('shop', "the shop's own: its database, or too many requests"), ('stripe', 'Stripe did not answer')], max_length=10)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('ended_at__gt', models.F('began_at'))), name='outage_ends_after_it_begins')],
            },
        ),
    ]
