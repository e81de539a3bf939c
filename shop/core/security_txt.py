"""``/.well-known/security.txt``: whom to tell of a hole in the shop (RFC 9116)."""

from datetime import UTC, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from shop.core.requests import now_of

#: Less than a year ahead (RFC 9116, section 2.5.5): a copy that somebody kept grows old.
VALID = timedelta(days=90)
CACHED_SECONDS = 24 * 3600


@require_safe
@cache_control(public=True, max_age=CACHED_SECONDS)
def security_txt(request: HttpRequest) -> HttpResponse:
    """The contacts, until when they hold, and where the file belongs.

    It expires 90 days after the beginning of today in UTC, so that all of a day's answers agree.
    """
    today = now_of(request).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    fields = [
        *(f"Contact: {contact}" for contact in settings.SECURITY_CONTACTS),
        f"Expires: {(today + VALID).isoformat().replace('+00:00', 'Z')}",
        "Preferred-Languages: en",
        f"Canonical: {settings.SHOP_URL}{reverse('security_txt')}",
    ]
    text = "".join(f"{field}\n" for field in fields)
    return HttpResponse(text, content_type="text/plain; charset=utf-8")
