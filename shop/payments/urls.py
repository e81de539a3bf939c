from django.urls import path

from shop.payments import views

app_name = "payments"

urlpatterns = [
    path("stripe/webhook/", views.webhook, name="webhook"),
]
