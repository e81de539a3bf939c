"""The log-in trail for owners, and for each person their own; nobody changes it."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone
from django.views.decorators.http import require_safe

from shop.core.formatting import iso_second
from shop.merchant.forms.read_only_admin import ReadOnlyAdmin
from shop.merchant.pages import merchant_page
from shop.staff.current import staff_of
from shop.staff.log_in_trail import KEPT_FOR
from shop.staff.models import LogInEvent

#: A person's own events on one page; the owner's list has all.
MOST_SHOWN = 100


@admin.register(LogInEvent)
class LogInEventAdmin(ReadOnlyAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Who logged in, or was refused, when and from where."""

    list_display = ("when", "who", "kind", "address", "device", "browser")
    list_display_links = None
    list_filter = ("kind", "is_known_device")
    list_select_related = ("person",)
    show_facets = admin.ShowFacets.NEVER
    search_fields = ("person__username__folded", "address")
    search_help_text = "A name to log in with, or a network address"

    @admin.display(description="when", ordering="at")
    def when(self, event: LogInEvent) -> SafeString:
        at = iso_second(event.at, get_current_timezone())
        return format_html('<span class="nowrap">{}</span>', at)

    @admin.display(description="who", ordering="person__username")
    def who(self, event: LogInEvent) -> str:
        return event.person.get_username() if event.person else "nobody here"

    @admin.display(description="device", ordering="is_known_device")
    def device(self, event: LogInEvent) -> str:
        return "known" if event.is_known_device else "new"


@require_safe
def own_log_ins(request: HttpRequest) -> HttpResponse:
    """What happened at the door in the name of who is logged in."""
    events = LogInEvent.objects.filter(person=staff_of(request))[:MOST_SHOWN]
    zone = get_current_timezone()
    return merchant_page(
        request,
        "merchant/log_ins.html",
        "Your log-ins",
        events=events,
        zone=zone,
        days=KEPT_FOR.days,
    )
