from django.apps import AppConfig


class ShopConfig(AppConfig):
    name = "shop"

    def ready(self) -> None:
        from django.db.backends.sqlite3.base import DatabaseWrapper

        # Importing them registers the checks.
        from shop import checks  # noqa: F401
        from shop.checkout import checks as charge_checks  # noqa: F401

        # Whether SQLite knows JSON, as ours does, Django asks once a thread, in a transaction.
        # Ours are IMMEDIATE: in a rush that one may not get its turn, which Django takes for a
        # no until the thread ends.
        DatabaseWrapper.features_class.supports_json_field = True  # type: ignore[assignment, method-assign]
