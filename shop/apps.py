from django.apps import AppConfig


class ShopConfig(AppConfig):
    name = "shop"

    def ready(self) -> None:
        # Importing them registers the checks, and the lookup of searches.
        from shop import checks  # noqa: F401
        from shop.core import folding  # noqa: F401
