"""What a colleague tells: what happened, what a customer said about themselves, what they allow."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from collage import customers
from collage.errors import CollageError
from collage_web.actions import claiming, consenting, correcting, recording
from collage_web.bridge.profiled import consented, profiled
from collage_web.design.spoken import CHANNELS
from collage_web.desk.forms import AboutForm, ConsentForm, ContactForm, ReasonForm, RecordForm
from collage_web.desk.whom import Whom, address, caught_up, done, matters, now, refused, shown, whom
from collage_web.desk.wording import happened
from collage_web.records import gates
from collage_web.records.models import Consent, Identifier
from collage_web.records.numbers import number_of

__all__ = ["about", "consent", "record", "take_back"]

_TOLD = {field.name for field in fields(recording.Told)}


@require_http_methods(["GET", "HEAD", "POST"])
def record(request: HttpRequest, customer: str) -> HttpResponse:
    """Record a call, a visit or a note."""
    of = whom(request, customer)
    form = RecordForm(request.POST or None, identifiers=of.identifiers, issues=matters(of), zone=of.zone)
    if request.method == "POST" and form.is_valid():
        given = {name: value for name, value in form.cleaned_data.items() if name in _TOLD}
        try:
            made = recording.record(of.customer, recording.Told(**given), by=of.by, now=now())
        except CollageError as error:
            form.add_error(None, error.in_short)
        else:
            undo = address("take_back", of, i=f"t{made.pk}")
            return done(request, of, _("Recorded."), undo=(_("Take it back"), undo))
    return shown(request, "desk/record.html", of, form=form)


@require_http_methods(["GET", "HEAD", "POST"])
def take_back(request: HttpRequest, customer: str) -> HttpResponse:
    """Take back what was recorded at the desk."""
    of, key = whom(request, customer), request.POST.get("i") or request.GET.get("i", "")
    found = gates.recorded(request.user, of.customer, key)
    own = recording.recorded_by(found) == of.by.pk
    form = ReasonForm(request.POST if request.method == "POST" else None)
    form.fields["reason"].required = not own
    if request.method == "POST" and form.is_valid():
        try:
            recording.take_back(found, by=of.by, now=now(), reason=form.cleaned_data["reason"])
        except CollageError as error:
            return refused(request, of, error)
        return done(request, of, _("Taken back, as if it had never been recorded."))
    return shown(request, "desk/take_back.html", of, form=form, found=found, key=key, words=happened(found.kind))


@require_http_methods(["GET", "HEAD", "POST"])
def about(request: HttpRequest, customer: str) -> HttpResponse:
    """Put right at which numbers and addresses a customer is found, and what they told us about themselves."""
    of = whom(request, customer)
    known = {name: said.value for name, said in profiled(of.identifiers).items()}
    what = request.POST.get("do", "")
    said = AboutForm(request.POST if what == "say" else None, initial=known)
    contact = ContactForm(request.POST if what == "add" else None)
    if what == "say" and said.is_valid():
        return _said(request, of, said, known)
    if what == "add" and contact.is_valid():
        answer = _added(request, of, contact)
        if answer is not None:
            return answer
    number = request.POST.get("remove") if what == "remove" else request.GET.get("remove")
    if number is not None:
        return _removed(request, of, gates.identifier(request.user, of.customer, number_of(number)))
    rows = Identifier.objects.filter(customer=of.customer).order_by("id")
    return shown(request, "desk/about.html", of, said=said, contact=contact, rows=rows, only=len(of.identifiers) == 1)


def _said(request: HttpRequest, of: Whom, form: AboutForm, known: dict[str, str]) -> HttpResponse:
    try:
        new = correcting.say(of.customer, form.cleaned_data, known, by=of.by, now=now())
    except CollageError as error:
        return refused(request, of, error)
    return done(request, of, _("Kept.") if new else _("Nothing was new."))


def _added(request: HttpRequest, of: Whom, form: ContactForm) -> HttpResponse | None:
    given = form.cleaned_data
    try:
        identifier = correcting.written(given["namespace"], given["value"], region=gates.company().region or None)
        correcting.add(of.customer, identifier, by=of.by, now=now(), reason=given["reason"])
    except correcting.SomebodyElses as error:
        return shown(request, "desk/same_offer.html", of, error=error.in_short, other=error.customer, status=409)
    except CollageError as error:
        form.add_error("value", error.in_short)
        return None
    caught_up([*of.identifiers, identifier])
    return done(request, of, _("Added."))


def _removed(request: HttpRequest, of: Whom, identifier: Identifier) -> HttpResponse:
    form = ReasonForm(request.POST if request.method == "POST" else None, label=_("How do you know?"))
    if request.method == "POST" and form.is_valid():
        try:
            correcting.remove(identifier, by=of.by, now=now(), reason=form.cleaned_data["reason"])
        except CollageError as error:
            return refused(request, of, error)
        caught_up(list(of.identifiers))
        return done(request, of, _("Removed: what came under it is another customer's now."))
    ties = correcting.ties(identifier)
    change = claiming.preview_apart(ties, of.customer, at=now()) if ties else None
    return shown(request, "desk/remove.html", of, form=form, identifier=identifier, change=change)


@require_http_methods(["GET", "HEAD", "POST"])
def consent(request: HttpRequest, customer: str) -> HttpResponse:
    """Keep what a customer allows or refuses."""
    of = whom(request, customer)
    form = ConsentForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            consenting.say(
                of.customer, given["purpose"], given["channel"], given=given["given"], basis=given["basis"],
                by=of.by, now=now(),
            )  # fmt: skip
        except CollageError as error:
            form.add_error(None, error.in_short)
        else:
            return done(request, of, _("Kept: from now on it is so."))
    return shown(request, "desk/consent.html", of, form=form, rows=_holding(of))


def _holding(of: Whom) -> list[dict[str, Any]]:
    """Return each purpose with what holds of it, also where nothing was said."""
    holds = customers.consents(consented(of.identifiers))
    return [
        {
            "words": purpose.label,
            "said": [
                {
                    "given": one.given,
                    "channel": CHANNELS.get(one.channel, one.channel),
                    "at": one.at,
                    "basis": one.basis,
                }
                for (which, _by), one in holds.items()
                if which == purpose
            ],
        }
        for purpose in Consent.Purpose
    ]
