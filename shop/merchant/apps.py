from django.apps import AppConfig, apps
from django.contrib.admin.apps import AdminConfig
from django.db.models.signals import post_migrate


class MerchantConfig(AppConfig):
    name = "shop.merchant"
    verbose_name = "Merchant"

    def ready(self) -> None:
        from shop.merchant.roles import write_roles

        post_migrate.connect(write_roles, sender=apps.get_app_config("auth"))


class MerchantAdminConfig(AdminConfig):
    """Django's admin, with our site in the place of its own."""

    default_site = "shop.merchant.site.MerchantSite"
