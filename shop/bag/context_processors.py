"""What every page of the shop is given."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from shop.bag.lines import Bag


def shop(request: HttpRequest) -> dict[str, object]:
    """The shop's name, and the bag that the request brought (read only where a page shows it).

    A view that changes the bag gives its page the changed one under the same name.
    """
    return {
        "shop_name": settings.SHOP_NAME,
        "bag": SimpleLazyObject(lambda: Bag.from_request(request)),
    }
