"""Keys of systems that may read about customers."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from collage.errors import CollageError
from collage_web.actions import keying
from collage_web.board.forms import Reason
from collage_web.records import gates
from collage_web.records.keys import new_read_key
from collage_web.records.models import ReadKey

__all__ = ["ReadKeyForm", "index", "new", "revoke"]


class ReadKeyForm(forms.Form):
    """A key that reads, to be made."""

    name = forms.SlugField(
        label=gettext_lazy("Name"),
        max_length=40,
        help_text=gettext_lazy("Of the system that will have it, in lower-case letters, digits, - and _."),
    )


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List the keys that read."""
    keys = gates.read_keys(request.user).select_related("by")
    return render(request, "board/read_keys.html", {"keys": keys, "reason": Reason()})


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Make a key that reads, and show it this once."""
    by, form = gates.require(request.user, "tell others"), ReadKeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made, secret = keying.create(
                form.cleaned_data["name"], by=by, now=datetime.now(UTC), new_key=lambda: new_read_key(os.urandom)
            )
        except CollageError as error:
            form.add_error("name", error.in_short)
        else:
            return _with_key(request, made, secret)
    return render(request, "board/read_keys_new.html", {"form": form})


def _with_key(request: HttpRequest, key: ReadKey, secret: str) -> HttpResponse:
    """Show a key. It stands in no address, and no browser keeps the page."""
    more = {"key": key, "secret": secret, "url": request.build_absolute_uri("/").rstrip("/")}
    response = render(request, "board/read_keys_secret.html", more)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
def revoke(request: HttpRequest, name: str) -> HttpResponse:
    """Answer a key no more."""
    key, form = gates.read_key(request.user, name), Reason(request.POST)
    by = gates.require(request.user, "tell others")
    if form.is_valid():
        try:
            keying.revoke(key, by=by, now=datetime.now(UTC), reason=form.cleaned_data["reason"])
            messages.success(request, _("Revoked. It is answered no more."))
        except CollageError as error:
            messages.error(request, error.in_short)
    else:
        messages.error(request, _("Say why: others will want to know."))
    return redirect("read_keys")
