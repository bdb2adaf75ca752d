"""Addresses of the board."""

from __future__ import annotations

from django.urls import path

from collage_web.board import (
    colleagues,
    company,
    company_settings,
    csvs,
    figure,
    hooks,
    quarantine,
    read_keys,
    sources,
    uploads,
)

__all__ = ["urlpatterns"]

urlpatterns = [
    path("", colleagues.home, name="home"),
    path("board/", company.show, name="board"),
    path("board/age", company.age, name="board_age"),
    path("board/ask", company.ask, name="board_ask"),
    path("board/own", figure.own, name="board_own"),
    path("board/figure/<slug:figure>", figure.define, name="board_figure"),
    path("board/strikes/<slug:mark>", figure.strike, name="board_strike"),
    path("board/strikes/<slug:mark>.csv", csvs.export_rows, name="board_strike_csv"),
    path("board/export/<slug:figure>.csv", csvs.export, name="board_csv"),
    path("settings/company", company_settings.change, name="company_settings"),
    path("settings/own", company_settings.mine, name="my_settings"),
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
    path("hooks/", hooks.index, name="hooks"),
    path("hooks/new", hooks.new, name="hook_new"),
    path("hooks/<int:number>", hooks.show, name="hook"),
    path("hooks/<int:number>/revoke", hooks.revoke, name="hook_revoke"),
    path("hooks/<int:number>/again", hooks.again, name="hook_again"),
    path("read-keys/", read_keys.index, name="read_keys"),
    path("read-keys/new", read_keys.new, name="read_key_new"),
    path("read-keys/<slug:name>/revoke", read_keys.revoke, name="read_key_revoke"),
    path("audit/", colleagues.audit, name="audit"),
]
