"""The answer to an outage: the prices of a sale are held longer, or nothing is done."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from shop.core.durations import several
from shop.core.requests import ShopRequest
from shop.sales.models import Sale
from shop.sales.outages import AlreadyAnswered, answer
from shop.staff.current import staff_of


class AnswerForm(forms.Form):
    """The button that was pressed, and the extension in seconds that was shown above it."""

    answer = forms.ChoiceField(choices=[("extend", "extend"), ("leave", "leave")])
    shown = forms.IntegerField(min_value=1)


@require_POST
@permission_required("sales.change_sale", raise_exception=True)
def answer_outage(request: ShopRequest, slug: str) -> HttpResponse:
    """Answer the outages that a sale was affected by; back to the start page."""
    sale, form = get_object_or_404(Sale, slug=slug), AnswerForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was done: that was no answer.")
        return redirect("admin:index")
    is_extended, seconds = form.cleaned_data["answer"] == "extend", form.cleaned_data["shown"]
    try:
        answer(
            sale, seconds=seconds, is_extended=is_extended, by=staff_of(request), now=request.now
        )
    except AlreadyAnswered:
        messages.warning(request, f"Nothing was done to {sale}: it was answered already.")
    else:
        minutes = several(seconds // 60, "minute")
        done = f"{minutes} longer" if is_extended else "as long as before"
        messages.info(request, f"Offers of {sale} that are out are held {done}.")
    return redirect("admin:index")
