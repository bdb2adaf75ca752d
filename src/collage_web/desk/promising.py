"""Promises at the desk: made, settled, withdrawn."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from collage.errors import CollageError
from collage_web.actions import promising
from collage_web.desk.forms import PromiseForm, ReasonForm, SettleForm
from collage_web.desk.whom import back, done, matters, now, refused, shown, whom
from collage_web.records import gates

__all__ = ["make", "settle", "withdraw"]


@require_http_methods(["GET", "HEAD", "POST"])
def make(request: HttpRequest, customer: str) -> HttpResponse:
    """Make a promise."""
    of = whom(request, customer)
    form = PromiseForm(
        request.POST or None, initial=PromiseForm.usual(now()), issues=matters(of), zone=of.zone,
        department=of.by.department, departments=gates.departments(request.user, of.customer),
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        promised = promising.Promised(given["kind"], given["due_at"], given["issue"], given["department"])
        try:
            made = promising.make(of.customer, promised, by=of.by, now=now())
        except CollageError as error:
            form.add_error(None, error.in_short)
        else:
            undo = reverse("promise_withdraw", args=[of.customer, made.pk])
            return done(request, of, _("Promised. It is broken when it is due, unless it is settled by then."),
                        undo=(_("Withdraw it"), undo))  # fmt: skip
    return shown(request, "desk/promise.html", of, form=form)


@require_http_methods(["GET", "HEAD", "POST"])
def settle(request: HttpRequest, customer: str, number: int) -> HttpResponse:
    """Say that a promise was kept; or open it again."""
    of, found = whom(request, customer), gates.promise(request.user, customer, number)
    form = SettleForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        outcome = form.cleaned_data["outcome"]
        again = reverse("promise_settle", args=[of.customer, number])
        try:
            if outcome == "open":
                promising.reopen(found, by=of.by, now=now())
                return done(request, of, _("The promise is open again."))
            in_time = promising.settle(found, outcome, by=of.by, now=now())
        except CollageError as error:
            return refused(request, of, error)
        if in_time:
            return done(request, of, _("Settled: the promise was kept."), undo=(_("Open it again"), again))
        messages.warning(request, _("Settled. It was due before, so it stays broken; what is done late can be healed."))
        return back(of.customer)
    return shown(request, "desk/settle.html", of, form=form, promise=found, late=now() > found.due_at)


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, customer: str, number: int) -> HttpResponse:
    """Withdraw a promise before it is due."""
    of, found = whom(request, customer), gates.promise(request.user, customer, number)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            promising.withdraw(found, by=of.by, now=now(), reason=form.cleaned_data["reason"])
        except CollageError as error:
            return refused(request, of, error)
        again = reverse("promise_settle", args=[of.customer, number])
        return done(request, of, _("Withdrawn: nothing comes of it."), undo=(_("Open it again"), again))
    return shown(request, "desk/withdraw.html", of, form=form, promise=found, late=now() > found.due_at)
