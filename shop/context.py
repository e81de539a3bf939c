"""What every page of the shop is given."""

from django.conf import settings
from django.http import HttpRequest


def shop(request: HttpRequest) -> dict[str, object]:
    """The shop's name, for titles and the header."""
    return {"shop_name": settings.SHOP_NAME}
