import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('staff', '0002_open_sessions'),
    ]

    operations = [
        migrations.CreateModel(
            name='PasswordLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email', models.EmailField(max_length=254)),
                ('asked_at', models.DateTimeField()),
                ('address', models.GenericIPAddressField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='TryCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=64, unique=True)),
                ('tries', models.PositiveIntegerField(default=0)),
                ('last_at', models.DateTimeField()),
                ('forgotten_at', models.DateTimeField(db_index=True)),
                ('has_told', models.BooleanField(default=False)),
            ],
        ),
        migrations.CreateModel(
            name='LogInEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_index=True)),
                ('kind', models.CharField(choices=[('logged_in', 'logged in'), ('refused', 'refused: wrong password'), ('throttled', 'refused: too many tries'), ('logged_out', 'logged out'), ('link_asked', 'asked for a link to choose a password'), ('password_chosen', 'chose a password by a mailed link'), ('password_changed', 'changed the password')], max_length=20, verbose_name='what')),
                ('address', models.GenericIPAddressField(blank=True, null=True)),
                ('browser', models.CharField(blank=True, max_length=60)),
                ('is_known_device', models.BooleanField(default=False, verbose_name='known device')),
                ('person', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='log_in_events', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'log-in',
                'verbose_name_plural': 'log-ins',
                'ordering': ['-at', '-pk'],
            },
        ),
    ]
