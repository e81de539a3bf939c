"""The back office's site: Django's admin with our own pages, layout and navigation.

Modules with models are imported in methods: the site is created before models are loaded.
"""

from collections.abc import Callable, Iterator
from typing import Any, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.admin import AdminSite, ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import Resolver404, URLPattern, URLResolver, resolve, reverse

from shop.core.requests import ShopRequest
from shop.merchant.forms.interrupted_form import keep_what_was_typed, writer_of
from shop.merchant.forms.offered_lookups import answer_not_offered, offering
from shop.merchant.forms.password_prompt import ask_for_password

#: The sections of the navigation: name, app label and model.
SECTIONS = (
    ("Sales", "sales", "sale"),
    ("Products", "catalog", "product"),
    ("Orders", "checkout", "order"),
    ("Staff", "staff", "staff"),
)

#: Addresses that take forms alone: nobody can be led there.
FORMS_ALONE = frozenset(
    f"admin:{name}"
    for name in (
        "logout",
        "log_out_there",
        "log_out_everywhere",
        "sale_outage",
        "sales_sale_sense_checks",
        "checkout_order_receipt",
        "catalog_product_process_import",
        "sales_deal_process_import",
    )
)


def menu_items(request: HttpRequest) -> Iterator[dict[str, Any]]:
    """The start page and every section that the user may see; ``is_open`` on their pages."""
    home = reverse("admin:index")
    yield {"name": "Today", "address": home, "is_open": request.path == home}
    for name, app, model in SECTIONS:
        if request.user.has_perm(f"{app}.view_{model}"):
            is_open = request.path.startswith(f"{home}{app}/")
            address = reverse(f"admin:{app}_{model}_changelist")
            yield {"name": name, "address": address, "is_open": is_open}
    if request.user.has_perm("checkout.view_deliverycountry"):
        address = reverse("admin:delivery_countries")
        yield {"name": "Delivery", "address": address, "is_open": request.path == address}


class MerchantSite(AdminSite):
    """The site at ``/merchant/``."""

    site_header = site_title = settings.SHOP_NAME
    enable_nav_sidebar = False

    def register(
        self,
        model_or_iterable: Any,
        admin_class: type[Any] | None = None,
        **options: Any,
    ) -> None:
        """Register models; whatever their admin is, its lists answer only what they offer."""
        super().register(model_or_iterable, offering(admin_class or ModelAdmin), **options)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Our own pages, then the admin's, the last of which matches every path."""
        from shop.merchant import urls

        return [*urls.urls(self), *super().get_urls()]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """The context of every page: the navigation and the role of who is logged in."""
        from shop.staff.roles import role_of

        context = super().each_context(request)
        if not context["has_permission"]:
            return context
        person: Any = request.user
        own = {"menu": list(menu_items(request)), "role": role_of(person)}
        return {**context, **own, "typed_by": writer_of(request)}

    def admin_view[View: Callable[..., HttpResponseBase]](
        self, view: View, cacheable: bool = False
    ) -> View:
        """A view for staff: answers what it offers, asks for the password, loses no form."""
        offered = cast(View, answer_not_offered(view))
        asking = ask_for_password(self, super().admin_view(offered, cacheable))
        return cast(View, keep_what_was_typed(self, asking))

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The log-in page, which leads on to the page that asked for it, or to the start page.

        Who logs in as somebody else ends the session that was here before.
        """
        from shop.staff.models import Staff
        from shop.staff.open_sessions import end, id_of

        before, ended = request.user, id_of(request.session)
        page: HttpResponse = super().login(request, extra_context)
        if isinstance(before, Staff) and request.user.pk not in {None, before.pk}:
            end(before, ended)
        if _takes_forms_alone(page.get("Location", "")):
            return redirect("admin:index")
        return page

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """The page of one's own password. A new one ends all sessions but this, which is new."""
        from shop.staff.current import staff_of
        from shop.staff.open_sessions import begin
        from shop.staff.password_views import ChangePasswordView

        person = staff_of(request)
        before = person.password
        view = ChangePasswordView.as_view(
            template_name=self.password_change_template or ChangePasswordView.template_name,
            success_url=reverse("admin:password_change_done", current_app=self.name),
            extra_context={**self.each_context(request), **(extra_context or {})},
        )
        page = view(request)
        if person.password != before:
            begin(request, person)
        return page

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        """The rows that a field completes what is typed by.

        :raises PermissionDenied: no form has such a field
        """
        asked = tuple(request.GET.get(name) for name in ("app_label", "model_name", "field_name"))
        if asked not in set(self._completing_fields(request)):
            raise PermissionDenied("No form of the back office chooses from this list.")
        return super().autocomplete_view(request)

    def _completing_fields(self, request: HttpRequest) -> Iterator[tuple[str | None, ...]]:
        for admin in self._registry.values():
            for form in (admin, *admin.get_inline_instances(request)):
                for name in form.get_autocomplete_fields(request):
                    yield form.opts.app_label, form.opts.model_name, name

    def index(  # type: ignore[override]
        self, request: ShopRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The start page."""
        from shop.merchant.dashboard.start_page import start_page

        return start_page(request)

    def app_index(  # type: ignore[override]
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Redirect Django's list of an app's models to the start page."""
        return redirect("admin:index")


def _takes_forms_alone(address: str) -> bool:
    try:
        return resolve(urlsplit(address).path).view_name in FORMS_ALONE
    except Resolver404:
        return False
