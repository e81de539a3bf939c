from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class StaffConfig(AppConfig):
    name = "shop.staff"
    verbose_name = "Staff"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in, user_logged_out

        from shop.staff import log_in_trail, open_sessions
        from shop.staff.roles import write_roles

        post_migrate.connect(write_roles, sender=apps.get_app_config("auth"))
        for module in (open_sessions, log_in_trail):
            user_logged_in.connect(module.logged_in)
            user_logged_out.connect(module.logged_out)
