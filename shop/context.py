"""What every page of the shop is given."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from shop.bag.lines import Bag


def shop(request: HttpRequest) -> dict[str, object]:
    """The shop's name, and how many units the bag holds (read only where a page shows it)."""
    return {
        "shop_name": settings.SHOP_NAME,
        "bag_count": SimpleLazyObject(lambda: Bag.from_request(request).count),
    }
