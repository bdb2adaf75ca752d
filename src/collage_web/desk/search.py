"""Who is calling: the search, what a telephone shows, and customers who are begun.

What is asked for is somebody's data. So it comes in bodies, never in addresses; the one address that has it, for
telephone systems that know nothing else, is answered by another without it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from collage import customers
from collage.errors import CollageError
from collage_web.actions.introducing import introduce
from collage_web.actions.leasing import Lost, Taken
from collage_web.bridge.due import due
from collage_web.bridge.found import Hit, briefly, found
from collage_web.desk.beginning import NewCustomerForm
from collage_web.desk.given import text
from collage_web.desk.opened import opened
from collage_web.records import gates
from collage_web.records.models import Company, Role

__all__ = ["find", "index", "new", "who"]

_ASKED: Final = "asked"  # of the session, until it is shown
_FIELDS: Final = ("phone", "email", "name")
_WIDE: Final = {Role.MANAGER, Role.ADMIN}  # whose work is the whole company


class _SeeOther(HttpResponseRedirect):
    """What was asked is answered elsewhere."""

    status_code = 303


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Show the search, what is due now, and whom one had open last."""
    user = gates.require(request.user, "see customers")
    department = "" if user.role in _WIDE else user.department
    return render(
        request,
        "desk/index.html",
        {
            "due": due(now=datetime.now(UTC), department=department),
            "department": department,
            "opened": briefly(opened(request)),
            "zone": get_current_timezone(),
        },
    )


def _region(company: Company) -> str | None:
    return company.region or None


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def find(request: HttpRequest) -> HttpResponse:
    """Show who may be meant; where it can be but one, their page."""
    gates.require(request.user, "see customers")
    if request.method != "POST":
        return redirect("desk")
    asked = text(request.POST, "q")
    company = gates.company()
    hits = found(asked, region=_region(company))
    more: dict[str, Any] = {"asked": asked, "hits": hits, "zone": get_current_timezone()}
    if getattr(request, "htmx", False):
        return render(request, "desk/find.html#list", more)
    if not asked.strip():
        return _SeeOther(reverse("desk"))
    if len(hits) == 1:
        return _SeeOther(reverse("customer", args=[hits[0].customer]))
    return render(request, "desk/find.html", {**more, "form": _begun(request, {"q": asked}, company)})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def who(request: HttpRequest) -> HttpResponse:
    """Lead to whoever calls; where nobody or several are known so, show that."""
    if request.method == "POST":
        gates.require(request.user, "see customers")
        return _led(request, _asked(request.POST))
    if request.GET:
        response = _led(request, _asked(request.GET)) if gates.may(request.user, "see customers") else _plain()
        response["Referrer-Policy"] = "no-referrer"  # the address has somebody's number in it
        return response
    gates.require(request.user, "see customers")
    asked: dict[str, str] = request.session.pop(_ASKED, {})
    company = gates.company()
    more = {
        "asked": asked,
        "said": " · ".join(asked.values()),
        "hits": _hits(asked, company),
        "zone": get_current_timezone(),
        "form": _begun(request, asked, company),
    }
    return render(request, "desk/who.html", more)


def _plain() -> HttpResponse:
    return _SeeOther(reverse("who"))


def _asked(given: Mapping[str, Any]) -> dict[str, str]:
    found_ = {name: text(given, name) for name in _FIELDS}
    # in an address + is a blank, unless whoever made it knew
    if found_["phone"][:1].isdecimal() and str(given.get("phone", "")).startswith(" "):
        found_["phone"] = f"+{found_['phone']}"
    return {name: value for name, value in found_.items() if value}


def _led(request: HttpRequest, asked: dict[str, str]) -> HttpResponse:
    """Lead to the one who is meant, or to the page that says who may be; what was asked goes by the session."""
    hits = _hits(asked, gates.company())
    if len(hits) == 1 and hits[0].why != "name":  # many have the name of somebody who is not known yet
        return _SeeOther(reverse("customer", args=[hits[0].customer]))
    request.session[_ASKED] = asked
    return _plain()


def _hits(asked: Mapping[str, str], company: Company) -> list[Hit]:
    """Return who may be meant: by a number or an address where they are known by it, else by the name."""
    tried = (found(asked[name], region=_region(company)) for name in _FIELDS if name in asked)
    return next((hits for hits in tried if hits), [])


def _begun(request: HttpRequest, asked: Mapping[str, str], company: Company) -> NewCustomerForm | None:
    """Return the form that begins a customer, filled with what was asked; None for those who may not."""
    if not gates.may(request.user, "serve customers"):
        return None
    region, texts = _region(company), list(asked.values())
    known = next((text for text in texts if customers.meant(text, region=region)), "")
    name = asked.get("name") or next((text for text in texts if text != known and any(map(str.isalpha, text))), "")
    return NewCustomerForm(initial={"identifier": known, "name": name})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Begin a customer, and show their page."""
    by = gates.require(request.user, "serve customers")
    form = NewCustomerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            customer, is_new = introduce(
                form.cleaned_data["identifier"],
                form.cleaned_data["name"],
                region=_region(gates.company()),
                by=by,
                clock=lambda: datetime.now(UTC),
                chance=random.SystemRandom(),
            )
        except CollageError as error:
            form.add_error("identifier", error.in_short)
        except (Taken, Lost):
            form.add_error(None, _("Much is being taken in just now, and nothing was changed: try again."))
        else:
            if not is_new:
                messages.info(request, _("They are known already."))
            return _SeeOther(reverse("customer", args=[customer]))
    return render(request, "desk/new.html", {"form": form})
