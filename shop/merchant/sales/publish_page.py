"""The page on which sales are published: what goes public, and the warnings to acknowledge."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from shop.core.durations import several
from shop.core.requests import ShopRequest
from shop.core.row_keys import row_key
from shop.merchant.forms.short_transactions import form_transaction
from shop.merchant.forms.stale_form import StaleFormMixin
from shop.merchant.pages import merchant_page
from shop.merchant.sales.publication import Publication, publications
from shop.sales.lifecycle import publish
from shop.sales.models import Sale
from shop.sales.sense_facts import acknowledge
from shop.staff.current import staff_of

#: Sales on one page: a year of weekly copies.
MOST_SALES = 60


class PublishForm(StaleFormMixin):
    """A sale to publish; its warnings, where it has any, are ticked as read."""

    event = "What there is to know of this sale has changed"
    read = forms.BooleanField(required=False)

    def __init__(self, *args: Any, publication: Publication, **kwargs: Any) -> None:
        prefix = f"sale-{publication.sale.pk}"
        super().__init__(
            *args, version=publication.version, prefix=prefix, label_suffix="", **kwargs
        )
        self.publication = publication
        if count := len(publication.checked.unread):
            what = "the warning" if count == 1 else f"the {several(count, 'warning')}"
            self.fields["read"].label = f"I have read {what}, and mean it"
        else:
            del self.fields["read"]

    def clean_read(self) -> bool:
        """:raises ValidationError: the warnings are not acknowledged"""
        is_read: bool = self.cleaned_data["read"]
        if not is_read:
            raise forms.ValidationError("Mend what is warned of, or tick that you mean it.")
        return is_read


@require_http_methods(["GET", "POST"])
@permission_required("sales.view_sale", raise_exception=True)
def publish_page(request: ShopRequest) -> HttpResponse:
    """What goes public of the sales that the address names; sent, publishes them."""
    is_sent, may_publish = request.method == "POST", request.user.has_perm("sales.change_sale")
    if is_sent and not may_publish:
        raise PermissionDenied
    with form_transaction(request):
        sales = _chosen(request)
        if not sales:
            return redirect("admin:sales_sale_changelist")
        shown = publications(sales, request.now)
        sent = request.POST if is_sent else None
        pages = [PublishForm(sent, publication=each) for each in shown]
        if is_sent and not any(each.errors for each in pages):
            return _publish(request, shown)
    is_public = all(each.is_public for each in shown)
    return merchant_page(
        request,
        "merchant/publish.html",
        "What is public" if is_public else "What goes public",
        about=sales[0],
        forms=pages,
        may_publish=may_publish,
        is_public=is_public,
        only=sales[0] if len(sales) == 1 else None,
        asks=not is_public or any(each.checked.unread for each in shown),
    )


def _chosen(request: ShopRequest) -> list[Sale]:
    """The sales of the address, locked where the page is sent; a canceled one is told of."""
    named = map(row_key, request.GET.getlist("sale"))
    pks = [key for key in named if key is not None][:MOST_SALES]
    sales = Sale.objects.filter(pk__in=pks).order_by("starts_at", "pk")
    if request.method == "POST":
        # By key: the order in which others lock them.
        list(Sale.objects.select_for_update(no_key=True).filter(pk__in=pks).order_by("pk"))
    for sale in sales:
        if sale.state == Sale.State.CANCELED:
            messages.error(request, f"{sale}: the sale was canceled, and stays canceled.")
    return [sale for sale in sales if sale.state != Sale.State.CANCELED]


def _publish(request: ShopRequest, shown: list[Publication]) -> HttpResponse:
    by = staff_of(request)
    for each in shown:
        acknowledge(each.sale, each.checked.unread, now=request.now, by=by)
        if each.is_public:
            messages.success(request, f"The warnings of {each.sale} are acknowledged.")
        else:
            publish(each.sale, now=request.now, by=by)
            messages.success(request, f"{each.sale} is published.")
    if len(shown) == 1:
        return redirect("admin:sales_sale_change", shown[0].sale.pk)
    return redirect("admin:sales_sale_changelist")
