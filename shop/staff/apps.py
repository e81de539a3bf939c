from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class StaffConfig(AppConfig):
    name = "shop.staff"
    verbose_name = "Staff"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in, user_logged_out

        from shop.staff.open_sessions import logged_in, logged_out
        from shop.staff.roles import write_roles

        post_migrate.connect(write_roles, sender=apps.get_app_config("auth"))
        user_logged_in.connect(logged_in)
        user_logged_out.connect(logged_out)
