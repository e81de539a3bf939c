"""Copies of a sale, once or every week: drafts with deals of their own."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.text import capfirst
from django.views.decorators.http import require_http_methods

from shop.core.durations import several
from shop.core.read_back import ReadBackMixin
from shop.core.requests import ShopRequest
from shop.core.row_keys import row_key
from shop.core.time_fields import WallTimeField, set_zone
from shop.core.wall_time import is_in_range, wall_time
from shop.merchant.forms.count_field import CountField
from shop.merchant.forms.short_transactions import form_transaction
from shop.merchant.forms.stale_form import StaleFormMixin
from shop.merchant.pages import merchant_page
from shop.merchant.sales.weekly_windows import CopyWindow, a_week_after, weekly_windows
from shop.sales.audit import DEAL_FIELDS, SALE_FIELDS, record
from shop.sales.models import Change, Deal, Sale
from shop.staff.current import staff_of
from shop.staff.models import Staff

MOST_COPIES = 52
_LONGEST_SLUG = 80
#: A title as long as a sale's may be, less the day and a number.
_LONGEST_TITLE = 90


class CopyForm(ReadBackMixin, StaleFormMixin):
    """Title and opening of the first copy, and the number of weekly copies."""

    title = forms.CharField(
        max_length=_LONGEST_TITLE,
        help_text="The day on which it opens is written behind it, so that no two are alike.",
    )
    starts_at = WallTimeField(label=capfirst(Sale._meta.get_field("starts_at").verbose_name))
    times = CountField(
        min_value=1,
        max_value=MOST_COPIES,
        initial=1,
        label="How many",
        help_text="More than one: each a week after the one before, at the same time on the wall.",
    )

    def __init__(self, *args: Any, sale: Sale, now: datetime, **kwargs: Any) -> None:
        latest = _copy_records(sale).order_by("-pk").first()
        super().__init__(*args, version=latest.pk if latest else 0, **kwargs)
        self.sale = sale
        set_zone(self, sale.zone, now)
        undated = sale.title.removesuffix(_day_of(sale.starts_at, sale))
        self.initial.setdefault("title", undated[:_LONGEST_TITLE])
        self.initial.setdefault("starts_at", a_week_after(sale.starts_at, sale.zone))

    def clean(self) -> dict[str, Any]:
        """Add the windows; :raises ValidationError: the last one is too far off"""
        cleaned = super().clean()
        if not self.errors:
            first, times = cleaned["starts_at"], cleaned["times"]
            cleaned["windows"] = windows = list(weekly_windows(self.sale, first, times))
            if not is_in_range(windows[-1].ends_at):
                self.add_error("starts_at", "The last copy would be after the year 2999.")
        return cleaned

    def stale_messages(self, seen: str) -> list[str]:
        """Nothing: a form that is sent twice leads to the drafts that it made."""
        return []

    def drafts_made(self, by: Staff) -> list[Sale]:
        """The drafts that the valid form made when it was sent before, by their opening."""
        seen = self.cleaned_data["seen"]
        starts = [each.starts_at for each in self.cleaned_data["windows"]]
        key = row_key(seen)
        if key is None or seen == self.version:
            return []
        records = _copy_records(self.sale).filter(pk__gt=key, made_by=by)
        drafts = Sale.objects.filter(pk__in=records.values("sale"), starts_at__in=starts)
        of_title = drafts.filter(title__startswith=self.cleaned_data["title"])
        made = list(of_title.order_by("starts_at"))
        return made if [draft.starts_at for draft in made] == starts else []


@require_http_methods(["GET", "POST"])
@permission_required("sales.add_sale", raise_exception=True)
def copy_page(request: ShopRequest, pk: int) -> HttpResponse:
    """The form of a copy; sent, it makes the drafts, once."""
    with form_transaction(request):
        sales = Sale.objects.all()
        if request.method == "POST":
            sales = sales.select_for_update(no_key=True)
        sale = get_object_or_404(sales, pk=pk)
        form = CopyForm(request.POST or None, sale=sale, now=request.now)
        if form.is_valid():
            by = staff_of(request)
            title, windows = form.cleaned_data["title"], form.cleaned_data["windows"]
            drafts = form.drafts_made(by) or copy(
                sale, title=title, windows=windows, by=by, now=request.now
            )
            return _show_drafts(request, drafts, [each.note for each in windows if each.note])
    return merchant_page(
        request, "merchant/copy.html", f"Copy {sale}", about=sale, sale=sale, form=form
    )


def _show_drafts(request: ShopRequest, drafts: list[Sale], notes: list[str]) -> HttpResponse:
    which = "it" if len(drafts) == 1 else "each"
    message = f"{several(len(drafts), 'draft')} made. Look at {which}, then publish it."
    messages.success(request, message)
    for note in notes:
        messages.info(request, note)
    if len(drafts) == 1:
        return redirect("admin:sales_sale_change", drafts[0].pk)
    return redirect("admin:sales_sale_changelist")


def _copy_records(sale: Sale) -> QuerySet[Change]:
    return Change.objects.filter(field="state", reason=_reason(sale))


def _reason(sale: Sale) -> str:
    return f"A copy of {sale.slug}"[:200]


@transaction.atomic
def copy(
    sale: Sale, *, title: str, windows: list[CopyWindow], by: Staff, now: datetime
) -> list[Sale]:
    """Make a draft for each window, with the sale's deals that are not withdrawn."""
    deals = sale.deals.filter(withdrawn=False).order_by("position", "pk")
    drafts = []
    for window in windows:
        draft = Sale(**{name: getattr(sale, name) for name in SALE_FIELDS})
        draft.slug = _free_slug(sale, window.starts_at)
        draft.title = _free_title(title, window.starts_at, sale)
        draft.starts_at, draft.ends_at = window.starts_at, window.ends_at
        draft.full_clean()
        draft.save()
        Deal.objects.bulk_create(
            Deal(sale=draft, **{name: getattr(deal, name) for name in DEAL_FIELDS})
            for deal in deals.select_related("product")
        )
        state, reason = draft.state, _reason(sale)
        record(sale=draft, field="state", before=None, after=state, now=now, by=by, reason=reason)
        drafts.append(draft)
    return drafts


def _free_slug(sale: Sale, starts_at: datetime) -> str:
    """The sale's slug with the opening day, and with a number if that is in use."""
    day = wall_time(starts_at, sale.zone).date().isoformat()
    stem = sale.slug[: _LONGEST_SLUG - len(day) - 5].strip("-")
    slug, number = f"{stem}-{day}", 1
    while Sale.objects.filter(slug=slug).exists():
        number += 1
        slug = f"{stem}-{day}-{number}"
    return slug


def _free_title(title: str, starts_at: datetime, sale: Sale) -> str:
    """A title with the opening day, and with a number if another sale has that one."""
    dated = free = f"{title}{_day_of(starts_at, sale)}"
    number = 1
    while Sale.objects.filter(title=free).exists():
        number += 1
        free = f"{dated} ({number})"
    return free


def _day_of(starts_at: datetime, sale: Sale) -> str:
    """The opening day as it stands behind a copy's title: ", 4 December 2026"."""
    return f", {starts_at.astimezone(sale.zone):%-d %B %Y}"
