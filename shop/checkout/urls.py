from django.urls import path

from shop.checkout import order_views, views

app_name = "checkout"

urlpatterns = [
    path("checkout/", views.checkout, name="checkout"),
    path("checkout/fields/", views.address_fields, name="fields"),
    path("orders/mine/<str:number>/", order_views.my_order, name="mine"),
    path("orders/<str:token>/", order_views.order, name="order"),
    path("orders/<str:token>/offers/", order_views.evidence, name="evidence"),
    path("orders/<str:token>/cancel/", order_views.cancel, name="cancel"),
]
