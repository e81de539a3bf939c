from django.apps import AppConfig
from django.db.models.signals import post_migrate


class OrdersConfig(AppConfig):
    name = "shop.orders"
    # The tables, permissions and addresses of the back office are called so.
    label = "checkout"
    verbose_name = "Orders"

    def ready(self) -> None:
        from shop.orders.delivery_countries import write_first_list

        post_migrate.connect(write_first_list, sender=self)
