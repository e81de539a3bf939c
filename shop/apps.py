from django.apps import AppConfig


class ShopConfig(AppConfig):
    name = "shop"

    def ready(self) -> None:
        from django.db.backends.sqlite3.base import DatabaseWrapper

        # Importing them registers the checks, and the lookup of searches.
        from shop import checks  # noqa: F401
        from shop.core import folding  # noqa: F401

        # Django asks SQLite once a thread whether it knows JSON, in a transaction. Ours are
        # IMMEDIATE: in a rush it may time out, which Django takes for a no until the thread ends.
        DatabaseWrapper.features_class.supports_json_field = True  # type: ignore[assignment, method-assign]
