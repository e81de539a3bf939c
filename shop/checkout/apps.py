from django.apps import AppConfig
from django.core.checks import Tags, register


class CheckoutConfig(AppConfig):
    name = "shop.checkout"
    verbose_name = "Orders"

    def ready(self) -> None:
        from shop.bag import judging
        from shop.checkout import checks
        from shop.checkout.settling import settle_what_holds
        from shop.checkout.waiting import open_claims

        for check in (checks.check_charge_rules, checks.check_tax, checks.check_shipping):
            register(check, Tags.compatibility)
        judging.order_desk.open_claims = open_claims
        judging.order_desk.settle = settle_what_holds
