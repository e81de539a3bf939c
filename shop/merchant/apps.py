from django.apps import AppConfig


class MerchantConfig(AppConfig):
    name = "shop.merchant"
    verbose_name = "Merchant"
