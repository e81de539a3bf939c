from django.urls import path

from offers import views

app_name = "offers"

urlpatterns = [
    path(".well-known/jwks.json", views.jwks, name="jwks"),
]
