"""Admin actions that lead to a page of their own."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import ActionLocation
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

type AdminAction = Callable[[Any, HttpRequest, QuerySet[Any]], HttpResponse | None]

EVERYWHERE = [ActionLocation.CHANGE_LIST, ActionLocation.CHANGE_FORM]


def page_action(name: str, page: str, description: str, permission: str) -> AdminAction:
    """An action that leads to the page of that URL name, about the one chosen row."""

    @admin.action(description=description, permissions=[permission], location=EVERYWHERE)
    def action(model_admin: Any, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
        chosen = rows[:2]
        if len(chosen) != 1:
            what = model_admin.opts.verbose_name
            model_admin.message_user(request, f"Choose one {what} for this.", messages.ERROR)
            return None
        return redirect(page, chosen[0].pk)

    action.__name__ = name
    return action
