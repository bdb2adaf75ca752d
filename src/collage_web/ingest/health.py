"""Whether the server lives, can store, and keeps up: for whoever watches it."""

from __future__ import annotations

import os
import secrets
import shutil
from datetime import UTC, datetime
from typing import Any, Final

from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from collage import __version__
from collage_web.bridge import standing
from collage_web.ingest import counters

__all__ = ["healthz", "metrics", "readyz", "version"]

_LEAST_FREE: Final = 100 * 2**20  # bytes of disk
_LOCAL: Final = ("127.0.0.1", "::1")


@csrf_exempt
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001  # Django's signature
    """Say that the process answers."""
    return JsonResponse({"alive": True})


@csrf_exempt
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001  # as above
    """Say whether what arrives can be stored, and how far behind the digest is."""
    told: dict[str, Any] = {}
    try:
        told = {"tables": standing.migrated(), **standing.waiting(datetime.now(UTC))}
    except Error:
        told = {"tables": False}
    told["disk"] = shutil.disk_usage(settings.VAR).free >= _LEAST_FREE
    ready = bool(told["tables"] and told["disk"])
    return JsonResponse({"ready": ready, **told}, status=200 if ready else 503)


@csrf_exempt
@require_safe
def version(request: HttpRequest) -> HttpResponse:  # noqa: ARG001  # as above
    """Say which version it is."""
    return JsonResponse({"version": __version__})


@csrf_exempt
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Give the counters: to this machine, or to whoever has the token in COLLAGE_METRICS_TOKEN."""
    token = os.environ.get("COLLAGE_METRICS_TOKEN", "")
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    here = request.META.get("REMOTE_ADDR") in _LOCAL and "X-Forwarded-For" not in request.headers
    if not (secrets.compare_digest(given.encode(), token.encode()) if token else here):
        return JsonResponse(
            {"code": "forbidden", "message": "Set COLLAGE_METRICS_TOKEN and send it as Bearer."}, status=403
        )
    try:
        now = standing.counted(datetime.now(UTC))
    except Error:
        now = {}
    return HttpResponse(counters.exposed(now), content_type="text/plain; version=0.0.4; charset=utf-8")
