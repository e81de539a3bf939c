from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class MerchantConfig(AppConfig):
    name = "shop.merchant"
    verbose_name = "Merchant"


class MerchantAdminConfig(AdminConfig):
    """Django's admin, with our site in the place of its own."""

    default_site = "shop.merchant.site.MerchantSite"
