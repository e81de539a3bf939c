from django.apps import AppConfig


class SalesConfig(AppConfig):
    name = "shop.sales"
    verbose_name = "Sales"
