"""What every page of the shop is given."""

from functools import cache, partial
from typing import cast

from django.conf import settings
from django.http import HttpRequest

from shop.bag.judging import total_by_showcase
from shop.bag.lines import Bag
from shop.core.requests import ShopRequest


def shop(request: HttpRequest) -> dict[str, object]:
    """The shop's name, and the bag that the request brought with what it comes to.

    Both of these are functions, which a template calls where it shows them. A view that judges or
    changes the bag gives its page its own under the same names.
    """
    given = cast(ShopRequest, request)
    bag = cache(partial(Bag.from_request, request))
    return {
        "shop_name": settings.SHOP_NAME,
        "bag": bag,
        "bag_total": lambda: total_by_showcase(bag(), given.shopper, given.now),
    }
