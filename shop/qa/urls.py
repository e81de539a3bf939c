from django.urls import path

from shop.qa.time_machine import views

app_name = "qa"
urlpatterns = [
    path("", views.panel, name="panel"),
    path("clock", views.clock_api, name="clock"),
]
