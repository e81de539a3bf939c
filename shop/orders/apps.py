from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "shop.orders"
    # The tables, permissions and addresses of the back office are called so.
    label = "checkout"
    verbose_name = "Orders"
