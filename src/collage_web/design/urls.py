"""Addresses under ``accounts/``."""

from __future__ import annotations

from django.urls import include, path, re_path

from collage_web.design.login import LogIn, closed

__all__ = ["urlpatterns"]

# an administrator makes colleagues and gives new passwords, and no mail is sent: what allauth has for that is closed
_CLOSED = "signup|email|confirm-email|password/reset|password/set|login/code|reauthenticate/code"

urlpatterns = [
    path("login/", LogIn.as_view(), name="account_login"),
    re_path(rf"^(?:{_CLOSED})(?:/.*)?$", closed),
    path("", include("allauth.urls")),
]
