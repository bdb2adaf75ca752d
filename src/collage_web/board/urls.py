"""Addresses of the board."""

from __future__ import annotations

from django.urls import path

from collage_web.board import colleagues, quarantine, sources, uploads

__all__ = ["urlpatterns"]

urlpatterns = [
    path("", colleagues.home, name="home"),
    path("sources/", sources.index, name="sources"),
    path("sources/new", sources.new, name="source_new"),
    path("sources/<slug:name>", sources.show, name="source"),
    path("sources/<slug:name>/change", sources.change, name="source_change"),
    path("sources/<slug:name>/key", sources.key, name="source_key"),
    path("sources/<slug:name>/revoke", sources.revoke, name="source_revoke"),
    path("sources/<slug:name>/replay", sources.replay, name="source_replay"),
    path("quarantine/", quarantine.index, name="quarantine"),
    path("arrivals/<int:number>", quarantine.arrival, name="arrival"),
    path("arrivals/<int:number>/replay", quarantine.replay, name="arrival_replay"),
    path("uploads/", uploads.index, name="uploads"),
    path("uploads/new", uploads.new, name="upload_new"),
    path("uploads/<int:number>", uploads.show, name="upload"),
    path("uploads/<int:number>/begin", uploads.begin, name="upload_begin"),
    path("uploads/<int:number>/discard", uploads.discard, name="upload_discard"),
    path("uploads/<int:number>/undo", uploads.undo, name="upload_undo"),
    path("uploads/<int:number>/quarantine", uploads.quarantined, name="upload_quarantine"),
    path("colleagues/", colleagues.index, name="colleagues"),
    path("colleagues/new", colleagues.new, name="colleague_new"),
    path("colleagues/<int:number>", colleagues.change, name="colleague"),
    path("audit/", colleagues.audit, name="audit"),
]
