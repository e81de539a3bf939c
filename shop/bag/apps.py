from django.apps import AppConfig


class BagConfig(AppConfig):
    name = "shop.bag"
    verbose_name = "Bag"
