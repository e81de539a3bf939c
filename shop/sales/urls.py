from django.urls import path

from shop.sales import views

app_name = "sales"

urlpatterns = [
    path("", views.home, name="home"),
    path("sales/<slug:slug>/", views.sale, name="sale"),
    path("sales/<slug:slug>/reminder.ics", views.reminder, name="reminder"),
    path("products/<slug:slug>/", views.product, name="product"),
]
