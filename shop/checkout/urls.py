from django.urls import path

from shop.checkout import views

app_name = "checkout"

urlpatterns = [
    path("checkout/", views.checkout, name="checkout"),
    path("orders/mine/<str:number>/", views.my_order, name="mine"),
    path("orders/<str:token>/", views.order, name="order"),
    path("orders/<str:token>/offers/", views.evidence, name="evidence"),
    path("orders/<str:token>/cancel/", views.cancel, name="cancel"),
    path("stripe/webhook/", views.webhook, name="webhook"),
]
