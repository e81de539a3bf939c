from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from shop import health
from shop.core import csp_reports, media
from shop.core.security_headers import REPORTS_PATH
from shop.core.security_txt import security_txt
from shop.payments.views import webhook

urlpatterns = [
    path("", include("shop.sales.urls")),
    path("bag/", include("shop.bag.urls")),
    path("", include("shop.checkout.urls")),
    path("stripe/webhook/", webhook),
    path(REPORTS_PATH.lstrip("/"), csp_reports.receive, name="csp_reports"),
    path(".well-known/security.txt", security_txt, name="security_txt"),
    path("", include("offers.urls")),
    path("merchant/", include("shop.staff.urls")),
    path("merchant/", admin.site.urls),
    path("media/<path:path>", media.picture),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
]

if settings.QA_CLOCK:
    urlpatterns.append(path("qa/", include("shop.qa.urls")))

handler400 = "shop.core.error_views.bad_request"
handler403 = "shop.core.error_views.refused"
handler404 = "shop.core.error_views.not_found"
handler500 = "shop.core.error_views.server_error"
