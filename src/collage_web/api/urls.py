"""Addresses of machines that ask."""

from __future__ import annotations

from django.urls import path

from collage_web.api import views

__all__ = ["urlpatterns"]

urlpatterns = [
    path("api/v1/customers/<str:customer>", views.customer),
    path("api/v1/who", views.who),
]
