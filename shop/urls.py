from django.contrib import admin
from django.urls import include, path

from shop import health, media

urlpatterns = [
    path("", include("shop.sales.urls")),
    path("bag/", include("shop.bag.urls")),
    path("", include("shop.checkout.urls")),
    path("", include("offers.urls")),
    path("merchant/", admin.site.urls),
    path("media/<path:path>", media.picture),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
]

handler404 = "shop.errors.not_found"
handler500 = "shop.errors.server_error"
