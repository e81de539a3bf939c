from django.apps import AppConfig


class StaffConfig(AppConfig):
    name = "shop.staff"
    verbose_name = "Staff"
