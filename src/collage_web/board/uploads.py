"""Files: uploaded, looked at, tried, taken in, taken out again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from collage.errors import CollageError
from collage_web.actions import importing, uploading
from collage_web.board.forms import NewUpload, Reason
from collage_web.records import gates
from collage_web.records.models import Upload

__all__ = ["begin", "discard", "index", "new", "quarantined", "show", "undo"]

_PAGE = 50
_CELL = 80
_AT_WORK = (Upload.State.WAITING, Upload.State.RUNNING)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List uploads, newest first."""
    page = Paginator(gates.uploads(request.user), _PAGE).get_page(request.GET.get("page"))
    return render(request, "board/uploads.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Take a file, and go on to what it would become."""
    by = gates.require(request.user, "import")
    form = NewUpload(request.POST or None, request.FILES or None)
    these = gates.sources(request.user).filter(revoked_at=None)
    form.fields["source"].queryset = these  # type: ignore[attr-defined]  # of a ModelChoiceField
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            made = uploading.keep(form.cleaned_data["source"], file.name, file.chunks(), by=by, now=datetime.now(UTC))
        except CollageError as error:
            form.add_error("file", error.in_short)
        else:
            return redirect("upload", made.pk)
    may_change = gates.may(request.user, "change sources")
    more = {"form": form, "has_sources": these.exists(), "may_change": may_change}
    return render(request, "board/upload_new.html", more)


@require_safe
def show(request: HttpRequest, number: int) -> HttpResponse:
    """Show how far an upload is: what it would become, how it goes, what it became."""
    found = gates.upload(request.user, number)
    seen, part = f"{found.state} {found.step}", getattr(request, "htmx", None)
    if part and request.GET.get("seen") == seen:
        return HttpResponse(status=204)  # nothing is swapped, and nothing is read out again
    more: dict[str, Any] = {"upload": found, "reason": Reason(), "seen": seen, "at_work": found.state in _AT_WORK}
    more["aside"] = uploading.quarantined(found) is not None
    if found.state == Upload.State.NEW:
        try:
            more["preview"] = seen_now = uploading.look_at(found, now=datetime.now(UTC))
            more["tables"] = [
                (name, table["columns"], [[_cell(value) for value in row] for row in table["rows"]])
                for name, table in seen_now.shown
            ]
        except CollageError as error:
            more["error"] = error
    return render(request, "board/upload.html#state" if part else "board/upload.html", more)


def _cell(value: object) -> str:
    """Return what stands in a table of any columns."""
    if value is None:
        return "–"
    told = f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else str(value)
    return told if len(told) <= _CELL else f"{told[:_CELL]}…"


@require_POST
def begin(request: HttpRequest, number: int) -> HttpResponse:
    """Let the worker take a file in, or only try to."""
    by, found = gates.require(request.user, "import"), gates.upload(request.user, number)
    try:
        uploading.begin(found, try_only=request.POST.get("how") == "try", by=by, now=datetime.now(UTC))
    except CollageError as error:
        messages.error(request, error.in_short)
    return redirect("upload", number)


@require_POST
def discard(request: HttpRequest, number: int) -> HttpResponse:
    """Throw away a file that was not taken in."""
    uploading.discard(gates.upload(request.user, number))
    messages.success(request, _("The file is gone; nothing of it was stored."))
    return redirect("uploads")


@require_POST
def undo(request: HttpRequest, number: int) -> HttpResponse:
    """Take out again what an upload brought."""
    by, found, form = gates.require(request.user, "import"), gates.upload(request.user, number), Reason(request.POST)
    if found.state != Upload.State.DONE:
        messages.error(request, _("Only what was taken in can be taken out."))
    elif form.is_valid():
        n = importing.take_out(found, by=by, now=datetime.now(UTC), reason=form.cleaned_data["reason"])
        messages.success(request, ngettext("%(n)d row was taken out.", "%(n)d rows were taken out.", n) % {"n": n})
    else:
        messages.error(request, _("Say why: others will want to know."))
    return redirect("upload", number)


@require_safe
def quarantined(request: HttpRequest, number: int) -> HttpResponseBase:
    """Give the rows that were set aside, a JSON object a line."""
    place = uploading.quarantined(gates.upload(request.user, number))
    if place is None:
        raise Http404
    return FileResponse(place.open("rb"), as_attachment=True, filename=f"quarantine-{number}.jsonl")
