"""Where the shop delivers."""

from django.db import models

from shop.core.formatting import country


class DeliveryCountry(models.Model):
    """A country that orders may go to, by its code of ISO 3166-1."""

    code = models.CharField(max_length=2, unique=True)

    class Meta:
        ordering = ["code"]
        default_permissions = ("view", "change")
        verbose_name_plural = "delivery countries"

    def __str__(self) -> str:
        return country(self.code)
