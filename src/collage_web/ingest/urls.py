"""Addresses for machines."""

from __future__ import annotations

from django.urls import path, re_path

from collage_web.ingest import health, views

__all__ = ["urlpatterns"]

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("version", health.version),
    path("metrics", health.metrics),
    path("api/v1/openapi.json", views.openapi_document),
    path("api/v1/touchpoints", views.touchpoints),
    path("v1/projects/<str:key>/settings", views.settings_of),
    re_path(r"^sourceConfig/?$", views.source_config),
    path("v1/pixel/<str:method>", views.pixel),
    path("v1/m", views.dropped),
    path("v1/<str:route>", views.segment_events),
]
