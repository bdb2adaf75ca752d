"""Customers who are one and the same person, and those who are not after all."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from collage.errors import CollageError
from collage_web.actions import claiming
from collage_web.bridge.found import Hit, found
from collage_web.desk.forms import ReasonForm, SameForm
from collage_web.desk.given import text
from collage_web.desk.whom import Whom, address, back, caught_up, done, now, refused, shown, whom
from collage_web.records import gates
from collage_web.records.models import Claim
from collage_web.records.numbers import number_of

__all__ = ["apart", "same"]

_MOST = 50


@require_http_methods(["GET", "HEAD", "POST"])
def same(request: HttpRequest, customer: str) -> HttpResponse:
    """Say that a customer is the same person as another: looked for, shown what changes, said with a reason."""
    of = whom(request, customer)
    other = text(request.POST, "other_id") or text(request.GET, "other")
    if other:
        return _joined(request, of, gates.customer(request.user, other, "serve customers"))
    form = SameForm(request.POST if request.method == "POST" else None)
    hits: list[Hit] | None = None
    if request.method == "POST" and form.is_valid():
        every = found(form.cleaned_data["other"], region=gates.company().region or None)
        hits = [hit for hit in every if hit.customer != of.customer]
        if len(hits) == 1 and hits[0].sure:
            return _joined(request, of, hits[0].customer, asked=True)
    return shown(request, "desk/same.html", of, form=form, hits=hits)


def _joined(request: HttpRequest, of: Whom, other: str, *, asked: bool = False) -> HttpResponse:
    saying = request.method == "POST" and not asked
    form = ReasonForm(request.POST if saying else None, label=_("How do you know?"))
    try:
        if saying and form.is_valid():
            claim = claiming.join(of.customer, other, by=of.by, now=now(), reason=form.cleaned_data["reason"])
            return _together(request, of, claim)
        change = claiming.preview(of.customer, other, at=now())
    except CollageError as error:
        return refused(request, of, error)
    return shown(request, "desk/same_preview.html", of, form=form, other=other, change=change)


def _together(request: HttpRequest, of: Whom, claim: Claim) -> HttpResponse:
    """Lead to whoever they are now: the id of one of the two is nobody's any more."""
    caught_up([claim.one, claim.other])
    undo = address("apart", of, claim=str(claim.pk))
    done(request, of, _("They are one customer now."), undo=(_("Take them apart again"), undo))
    return back(gates.customer_of(request.user, claim.one) or of.customer)


@require_http_methods(["GET", "HEAD", "POST"])
def apart(request: HttpRequest, customer: str) -> HttpResponse:
    """Say that identifiers are not the same person after all: the claim is withdrawn that held them together."""
    of = whom(request, customer)
    asked = text(request.POST, "claim") or text(request.GET, "claim")
    if not asked:
        claims = list(gates.claims(request.user, of.customer)[:_MOST])
        return shown(request, "desk/apart.html", of, claims=claims)
    claim = gates.claim(request.user, of.customer, number_of(asked))
    form = ReasonForm(request.POST if request.method == "POST" else None, label=_("How do you know?"))
    if request.method == "POST" and form.is_valid():
        try:
            claiming.unmerge(claim, by=of.by, now=now(), reason=form.cleaned_data["reason"])
        except CollageError as error:
            form.add_error(None, error.in_short)
        else:
            caught_up(list(of.identifiers))
            return done(request, of, _("Withdrawn: they are as they were before it was said."))
    change = claiming.preview_apart([claim], of.customer, at=now())
    return shown(request, "desk/apart_preview.html", of, form=form, claim=claim, change=change)
