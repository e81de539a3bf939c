from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class StaffConfig(AppConfig):
    name = "shop.staff"
    verbose_name = "Staff"

    def ready(self) -> None:
        from shop.staff.roles import write_roles

        post_migrate.connect(write_roles, sender=apps.get_app_config("auth"))
