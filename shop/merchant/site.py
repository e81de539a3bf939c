"""The back office's site: Django's admin, with pages of our own in the same frame.

What it needs of the shop is imported where it is used: the site is made
before models can be loaded.
"""

from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver
from django.utils import timezone


class MerchantSite(AdminSite):
    """The site at ``/merchant/``."""

    site_header = site_title = settings.SHOP_NAME
    enable_nav_sidebar = False

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Our own pages before the admin's: theirs end in a path that takes anything."""
        from shop.merchant import urls

        return [*urls.urls(self), *super().get_urls()]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """What the frame shows: the rooms that may be entered, and as whom."""
        from shop.merchant.navigation import menu_items
        from shop.staff.roles import role_of

        context = super().each_context(request)
        if not context["has_permission"]:
            return context
        person: Any = request.user
        return {**context, "rooms": list(menu_items(request)), "role": role_of(person)}

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """The start page."""
        from shop.merchant.dashboard.start_page import today

        context = {
            **self.each_context(request),
            "title": "Today",
            **today(request, timezone.now()),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "merchant/today.html", context)

    def app_index(  # type: ignore[override]
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """In place of Django's list of an app's models: the rooms are in the frame."""
        return redirect("admin:index")
