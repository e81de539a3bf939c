from django.apps import AppConfig
from django.conf import settings


class QaConfig(AppConfig):
    name = "shop.qa"
    verbose_name = "QA"

    def ready(self) -> None:
        from shop.qa import checks  # noqa: F401  (registers the checks)

        # Here and in no other place: a process without QA_CLOCK never imports freezegun. By now
        # the server, the database's driver and all models are imported.
        if settings.QA_CLOCK:
            from shop.qa.time_machine import freezer

            freezer.start()
