"""A recall has a beginning, and rows of recalls say all that a judge needs."""

from datetime import timedelta

from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q


def forget_ends_without_effect(apps, schema_editor):
    """Take the end from recalls that voided all that was out: of one deal, or of the last minutes."""
    recalls = apps.get_model("sales", "Recall").objects.filter(issued_before__isnull=False)
    stale = timedelta(seconds=settings.SHOWCASE_MAX_STALE)
    for recall in recalls:
        if recall.deal_id is not None or recall.issued_before >= recall.made_at - stale:
            recall.issued_before = None
            recall.save(update_fields=["issued_before"])


class Migration(migrations.Migration):

    dependencies = [
        ('sales', '0002_labels_and_validators'),
    ]

    operations = [
        migrations.RunPython(forget_ends_without_effect, migrations.RunPython.noop, elidable=True),
        migrations.RemoveField(model_name='sale', name='recall_before'),
        migrations.RemoveField(model_name='sale', name='recall_reason'),
        migrations.RemoveField(model_name='deal', name='recall_reason'),
        migrations.AddField(
            model_name='recall',
            name='issued_from',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='recall',
            name='replaced_nonce',
            field=models.CharField(blank=True, default='', editable=False, max_length=22),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name='recall',
            name='deal',
            field=models.ForeignKey(blank=True, null=True, on_delete=models.deletion.PROTECT, related_name='recalls', to='sales.deal'),
        ),
        migrations.AlterField(
            model_name='recall',
            name='issued_before',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name='recall',
            constraint=models.CheckConstraint(
                condition=~Q(issued_from__gte=F('issued_before')),
                name='recall_ends_after_it_begins',
            ),
        ),
        migrations.AddConstraint(
            model_name='recall',
            constraint=models.CheckConstraint(
                condition=Q(issued_before__isnull=False, replaced_nonce='')
                | Q(issued_before__isnull=True) & ~Q(replaced_nonce='', issued_from__isnull=False),
                name='recall_ends_or_replaced_a_nonce',
            ),
        ),
    ]
