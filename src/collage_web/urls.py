"""Every address."""

from __future__ import annotations

from django.urls import include, path

from collage_web.api.urls import urlpatterns as api
from collage_web.board.urls import urlpatterns as board
from collage_web.desk.urls import urlpatterns as desk
from collage_web.ingest.urls import urlpatterns as ingest

__all__ = ["urlpatterns"]

urlpatterns = [
    *ingest,
    *api,
    path("accounts/", include("collage_web.design.urls")),
    *desk,
    *board,
]
