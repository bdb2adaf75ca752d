"""Every address."""

from __future__ import annotations

from django.urls import include, path

from collage_web.board.urls import urlpatterns as board
from collage_web.ingest.urls import urlpatterns as ingest

__all__ = ["urlpatterns"]

urlpatterns = [
    *ingest,
    path("accounts/", include("collage_web.design.urls")),
    *board,
]
