"""A restored backup: checkout waits for it, and each sale is honored or recalled."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sales', '0006_outages'),
    ]

    operations = [
        migrations.CreateModel(
            name='Restoration',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('noticed_at', models.DateTimeField()),
                ('proof', models.CharField(blank=True, max_length=20)),
                ('backup_at', models.DateTimeField(null=True)),
                ('learned_at', models.DateTimeField(null=True)),
                ('seen_until', models.PositiveBigIntegerField(default=0)),
            ],
            options={
                'ordering': ['pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('learned_at__isnull', True), ('backup_at__isnull', False), _connector='OR'), name='restoration_is_of_a_backup')],
            },
        ),
        migrations.CreateModel(
            name='RestoredSale',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('issued_from', models.DateTimeField()),
                ('issued_before', models.DateTimeField()),
                ('decision', models.CharField(choices=[('undecided', 'Undecided'), ('honor', 'Honor'), ('recall', 'Recall')], default='undecided', max_length=10)),
                ('decided_at', models.DateTimeField(null=True)),
                ('recalled_from', models.DateTimeField(null=True)),
                ('recalled_before', models.DateTimeField(null=True)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('restoration', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sales', to='sales.restoration')),
                ('sale', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='restored_sales', to='sales.sale')),
            ],
            options={
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('restoration', 'sale'), name='restored_sale_is_one'), models.UniqueConstraint(condition=models.Q(('sale__isnull', True)), fields=('restoration',), name='restored_list_prices_are_one'), models.CheckConstraint(condition=models.Q(('issued_before__gt', models.F('issued_from'))), name='restored_sale_ends_after_it_begins'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decision', 'undecided')), models.Q(('decided_at__isnull', False), ('decision__in', ['honor', 'recall'])), _connector='OR'), name='restored_sale_is_decided_once')],
            },
        ),
    ]
