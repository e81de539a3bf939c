"""Django's server for development, which listens where others cannot reach it."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from whitenoise.runserver_nostatic.management.commands.runserver import Command as WhiteNoiseCommand

from shop.core.exposure import refusal_to_listen


class Command(WhiteNoiseCommand):  # type: ignore[misc]
    def run(self, **options: Any) -> None:
        """:raises CommandError: others could reach it, and its settings are of development"""
        if problem := refusal_to_listen(settings.DEVELOPMENT_SETTINGS, self.addr):
            raise CommandError(problem)
        super().run(**options)
