"""The page on which the merchant says where the shop delivers."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.decorators import permission_required
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.timezone import get_current_timezone
from django.views.decorators.http import require_http_methods

from shop.core.requests import ShopRequest
from shop.core.typed.addresses import countries
from shop.merchant.pages import merchant_page
from shop.orders.delivery_countries import change_delivery_countries, delivery_countries
from shop.orders.models import DeliveryCountry
from shop.staff.current import staff_of

#: How many changes the page shows.
_LAST_CHANGES = 20
_MAY_CHANGE = "checkout.change_deliverycountry"


class DeliveryForm(forms.Form):
    """The countries that are ticked, and those that were when the page was made.

    What another editor changed meanwhile, it leaves as they left it.
    """

    countries = forms.MultipleChoiceField(
        choices=lambda: list(countries().items()),
        error_messages={"required": "Leave one country at least: nothing could be ordered."},
    )
    shown = forms.CharField(required=False)

    def clean(self) -> dict[str, Any]:
        """:raises ValidationError: with what others took away meanwhile, nothing would be left"""
        given = super().clean() or self.cleaned_data
        if not self.errors and delivery_countries() <= self.taken_away and not self.added:
            raise ValidationError(self.fields["countries"].error_messages["required"])
        return given

    @property
    def added(self) -> set[str]:
        """The countries that were ticked."""
        return set(self.cleaned_data["countries"]) - self._shown

    @property
    def taken_away(self) -> set[str]:
        """The countries whose ticks were taken away."""
        return self._shown - set(self.cleaned_data["countries"])

    @property
    def _shown(self) -> set[str]:
        return set(self.cleaned_data["shown"].split())


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("checkout.view_deliverycountry", raise_exception=True)
def delivery_page(request: ShopRequest) -> HttpResponse:
    """Where the shop delivers; sent, the list is changed."""
    if request.method != "POST":
        return _page(request, delivery_countries())
    if not request.user.has_perm(_MAY_CHANGE):
        raise PermissionDenied
    form = DeliveryForm(request.POST)
    if not form.is_valid():
        told = [str(error) for errors in form.errors.values() for error in errors]
        messages.error(request, " ".join(told))
        return _page(request, delivery_countries(), status=422)
    change_delivery_countries(
        added=form.added, taken_away=form.taken_away, by=staff_of(request), now=request.now
    )
    messages.success(request, _told(form))
    return redirect("admin:delivery_countries")


def _told(form: DeliveryForm) -> str:
    """What was changed, as a sentence."""
    names = countries()
    parts = [
        f"{verb}: {', '.join(sorted(names[code] for code in codes if code in names))}."
        for verb, codes in (("Added", form.added), ("Taken away", form.taken_away))
        if codes
    ]
    return " ".join(parts) or "Nothing was changed."


def _page(request: ShopRequest, delivered: frozenset[str], *, status: int = 200) -> HttpResponse:
    names = countries()
    response = merchant_page(
        request,
        "merchant/delivery.html",
        "Where the shop delivers",
        delivered={code: name for code, name in names.items() if code in delivered},
        others={code: name for code, name in names.items() if code not in delivered},
        how_many="one country" if len(delivered) == 1 else f"{len(delivered)} countries",
        shown=" ".join(sorted(delivered)),
        may_change=request.user.has_perm(_MAY_CHANGE),
        changes=_changes(),
        added=ADDITION,
        zone=get_current_timezone(),
    )
    response.status_code = status
    return response


def _changes() -> list[LogEntry]:
    """The last changes of the list, the newest first."""
    model = ContentType.objects.get_for_model(DeliveryCountry)
    entries = LogEntry.objects.filter(content_type=model).select_related("user")
    return list(entries.order_by("-action_time", "-pk")[:_LAST_CHANGES])
