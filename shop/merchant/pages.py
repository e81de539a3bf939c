"""Pages of the back office that are not Django's own."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def merchant_page(
    request: HttpRequest, template: str, title: str, *, about: Model | None = None, **context: Any
) -> HttpResponse:
    """Render a page with header, navigation and breadcrumbs; these lead to the row ``about``."""
    if about is not None:
        context |= {"opts": about._meta, "object": about}
    site = admin.site.each_context(request)
    return render(request, template, {**site, "title": title, **context})
