"""Strikes that are wrong or made good: contested, decided on, healed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import get_current_timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from collage.errors import CollageError
from collage_web.actions import contesting, healing
from collage_web.bridge.foreseen import Back
from collage_web.bridge.strikes import in_words, keys_of
from collage_web.design.spoken import CHANNELS
from collage_web.desk.forms import DecideForm, ReasonForm
from collage_web.desk.given import text
from collage_web.desk.whom import Whom, address, done, now, refused, shown, whom
from collage_web.records import gates, verdicts
from collage_web.records.models import Colleague, Correction, Mark, Role

__all__ = ["contest", "contested", "decide", "heal"]

_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class _Strike:
    """A strike as the address names it: the key of its touchpoint, its mark (None: gone), what was said of it last."""

    key: str
    name: str
    touchpoint_id: str
    mark: Mark | None
    said: Correction | None
    words: str

    @property
    def channel(self) -> str:
        """Return where it happened, in words."""
        name = (self.mark and self.mark.channel) or ""
        return str(CHANNELS.get(name, name))


def _strike(request: HttpRequest, of: Whom) -> _Strike:
    asked = request.POST if "i" in request.POST else request.GET
    key, name = text(asked, "i"), text(asked, "mark")
    touchpoint = gates.touchpoint_id(request.user, of.customer, key)
    said = verdicts.latest([touchpoint]).get((touchpoint, name))
    if said is not None:  # also where it was struck out, and so is no mark any more
        mark = Mark.objects.filter(customer=of.customer, touchpoint_id=touchpoint, mark=name).first()
    else:
        mark = gates.strike(request.user, of.customer, key, name)
    words = in_words([mark], language=_language())[0] if mark is not None else name
    return _Strike(key, name, touchpoint, mark, said, words)


def _language() -> str:
    return "de" if (get_language() or "").startswith("de") else "en"


@require_http_methods(["GET", "HEAD", "POST"])
def contest(request: HttpRequest, customer: str) -> HttpResponse:
    """Say that a strike is wrong; or, where one said so oneself, that it is not."""
    of = whom(request, customer)
    strike = _strike(request, of)
    form = ReasonForm(request.POST if request.method == "POST" else None, label=_("What is wrong with it?"))
    own = strike.said is not None and strike.said.verdict == verdicts.CONTESTED and strike.said.by == _by(of)
    if own:
        form.fields["reason"].label = _("Why is it right after all?")
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            if own and strike.said is not None and request.POST.get("do") == "withdraw":
                contesting.withdraw(strike.said, of.customer, by=of.by, now=now(), reason=reason)
                return done(request, of, _("Withdrawn: nobody contests the strike any more."))
            contesting.contest(strike.touchpoint_id, strike.name, of.customer, by=of.by, now=now(), reason=reason)
        except CollageError as error:
            return refused(request, of, error)
        undo = address("contest", of, i=strike.key, mark=strike.name)
        return done(request, of, _("Contested. It counts until it is decided."), undo=(_("Withdraw that"), undo))
    return shown(request, "desk/contest.html", of, form=form, strike=strike, own=own)


def _by(of: Whom) -> str:
    return verdicts.said_by(of.by)


@require_http_methods(["GET", "HEAD", "POST"])
def decide(request: HttpRequest, customer: str) -> HttpResponse:
    """Decide on a strike that is contested; as a manager, withdraw a decision."""
    gates.require(request.user, "decide")
    of = whom(request, customer)
    strike = _strike(request, of)
    if strike.said is not None and strike.said.verdict != verdicts.CONTESTED:
        return _decided(request, of, strike, strike.said)
    bar = verdicts.barred(of.by, strike.mark, strike.said) if strike.mark is not None else ""
    if bar:
        found, do = map(_, contesting.BARRED[bar])
        return shown(request, "desk/decide.html", of, strike=strike, barred=f"{found}: {do}.", status=403)
    form = DecideForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            contesting.decide(
                strike.touchpoint_id, strike.name, of.customer, given["verdict"], by=of.by, now=now(),
                reason=given["reason"],
            )  # fmt: skip
        except CollageError as error:
            return refused(request, of, error)
        kept = given["verdict"] == verdicts.UPHELD
        return done(request, of, _("Decided: the strike stays.") if kept else _("Decided: the strike is gone."))
    return shown(request, "desk/decide.html", of, form=form, strike=strike)


def _decided(request: HttpRequest, of: Whom, strike: _Strike, said: Correction) -> HttpResponse:
    """Show a decision; a manager may withdraw it."""
    form = ReasonForm(request.POST if request.POST.get("do") == "withdraw" else None)
    if request.method == "POST" and not form.is_bound:  # a colleague was quicker
        error = contesting.ContestError(
            "", _("a strike that a colleague has just decided on"), _("look at what they wrote")
        )
        return refused(request, of, error)
    if request.method == "POST" and form.is_valid():
        try:
            contesting.withdraw(said, of.customer, by=of.by, now=now(), reason=form.cleaned_data["reason"])
        except CollageError as error:
            return refused(request, of, error)
        return done(request, of, _("Withdrawn: the strike is contested again, and to be decided anew."))
    may = of.by.role == Role.MANAGER and not verdicts.named(of.by, said)
    return shown(request, "desk/decided.html", of, form=form if may else None, strike=strike)


@require_http_methods(["GET", "HEAD", "POST"])
def heal(request: HttpRequest, customer: str) -> HttpResponse:
    """Record that the customer confirmed that it was made good, after showing what that takes back."""
    of, asked = whom(request, customer), request.POST if "i" in request.POST else request.GET
    key = text(asked, "i")
    touchpoint = gates.touchpoint_id(request.user, of.customer, key)
    form = ReasonForm(
        request.POST if request.method == "POST" else None, label=_("What was done, and how did the customer take it?")
    )
    try:
        if request.method == "POST" and form.is_valid():
            made = healing.confirm(touchpoint, of.customer, by=of.by, now=now(), reason=form.cleaned_data["reason"])
            undo = address("take_back", of, i=f"t{made.pk}")
            return done(request, of, _("Healed: most of what it cost has come back."), undo=(_("Take it back"), undo))
        found = healing.preview(touchpoint, of.customer, at=now())
    except CollageError as error:
        return refused(request, of, error)
    backs = list(zip(found.strikes, _words(of, found.strikes), strict=True))
    return shown(request, "desk/heal.html", of, form=form, key=key, found=found, backs=backs)


def _words(of: Whom, backs: Sequence[Back]) -> list[str]:
    """Return strikes that would be taken back, in words."""
    rows = Mark.objects.filter(customer=of.customer, touchpoint_id__in={back.touchpoint_id for back in backs})
    there = {(row.touchpoint_id, row.mark): row for row in rows}
    known = [there[pair] for back in backs if (pair := (back.touchpoint_id, back.mark)) in there]
    said = dict(
        zip(((row.touchpoint_id, row.mark) for row in known), in_words(known, language=_language()), strict=True)
    )
    return [said.get((back.touchpoint_id, back.mark), back.mark) for back in backs]


@require_safe
def contested(request: HttpRequest) -> HttpResponse:
    """List what is contested and waits for this colleague to decide."""
    waiting = gates.contested(request.user)[:_MOST]
    marks = [mark for _said, mark in waiting]
    keys = keys_of({mark.touchpoint_id for mark in marks})
    names = _names([said.by for said, _mark in waiting])
    rows = [
        {
            "customer": mark.customer, "key": keys.get(mark.touchpoint_id), "mark": mark, "said": said, "words": words,
            "by": names.get(said.by or "", ""),
        }
        for (said, mark), words in zip(waiting, in_words(marks, language=_language()), strict=True)
    ]  # fmt: skip
    return render(request, "desk/contested.html", {"rows": rows, "zone": get_current_timezone()})


def _names(by: Sequence[str | None]) -> dict[str, str]:
    """Return what colleagues are called, by how they stand in `by`."""
    numbers = {each: verdicts.colleague_of(each) for each in by if each is not None}
    called = dict(Colleague.objects.filter(pk__in=filter(None, numbers.values())).values_list("pk", "name"))
    return {each: called[number] for each, number in numbers.items() if number in called}
