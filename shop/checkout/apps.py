from django.apps import AppConfig


class CheckoutConfig(AppConfig):
    name = "shop.checkout"
    verbose_name = "Orders"

    def ready(self) -> None:
        from shop.bag import judging
        from shop.checkout.settling import settle_what_holds

        judging.settlers.append(settle_what_holds)
