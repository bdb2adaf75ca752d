"""The company's settings, and how each colleague wants to read."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import available_timezones

import phonenumbers
from babel import Locale
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dates import WEEKDAYS
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from collage_web.actions import settling_in
from collage_web.actions.settling_in import SettingError
from collage_web.records import gates
from collage_web.records.models import Company

__all__ = ["change", "mine"]

_DAYS: Final = range(7)
_BETWEEN: Final = re.compile(r"\s*[-–—]\s*")


class CompanyForm(forms.Form):
    """What can be set about the company."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120, required=False)
    zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        help_text=gettext_lazy("All times are shown in it, but to colleagues who chose another for themselves."),
    )
    region = forms.ChoiceField(
        label=gettext_lazy("Country of phone numbers"),
        required=False,
        help_text=gettext_lazy("Of numbers that are written without one, such as 030 123456."),
    )

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.fields["zone"].choices = _zones()  # type: ignore[attr-defined]  # a choice field has them
        self.fields["region"].choices = [("", _("none")), *_regions()]  # type: ignore[attr-defined]  # as above
        for day in _DAYS:
            self.fields[f"opens_{day}"] = forms.CharField(label=WEEKDAYS[day], max_length=120, required=False)
        self.fields["opens_0"].help_text = _(
            "When somebody is there, such as 09:00-12:00, 13:00-17:00. Empty: nobody is."
        )

    def opens(self) -> dict[int, list[list[str]]]:
        """Return what was filled in as business hours, by weekday."""
        told = {day: str(self.cleaned_data[f"opens_{day}"]) for day in _DAYS}
        return {
            day: [_BETWEEN.split(each.strip()) for each in text.split(",") if each.strip()]
            for day, text in told.items()
        }


class OwnForm(forms.Form):
    """How somebody wants to read."""

    language = forms.ChoiceField(label=gettext_lazy("Language"), required=False)
    zone = forms.ChoiceField(label=gettext_lazy("Time zone"), required=False)

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.fields["language"].choices = [("", _("as my browser asks for")), *settings.LANGUAGES]  # type: ignore[attr-defined]  # as above
        self.fields["zone"].choices = [("", _("the company's")), *_zones()]  # type: ignore[attr-defined]  # as above


def _zones() -> list[tuple[str, str]]:
    """Return time zones as one writes them: those of places, and UTC."""
    names = sorted(each for each in available_timezones() if "/" in each and not each.startswith(("Etc/", "posix/")))
    return [(each, each.replace("_", " ")) for each in ("UTC", *names)]


def _regions() -> list[tuple[str, str]]:
    """Return countries by their names in the reader's language."""
    called = Locale.parse((get_language() or "en").replace("-", "_")).territories
    names = [(code, str(called.get(code, code))) for code in phonenumbers.SUPPORTED_REGIONS]
    return sorted(names, key=lambda each: each[1])


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest) -> HttpResponse:
    """Show the company's settings, and change them."""
    by, company = gates.require(request.user, "change company"), gates.company()
    form = CompanyForm(request.POST or None, initial=_told(company))
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            settling_in.set_up_company(
                name=given["name"],
                zone=given["zone"],
                region=given["region"],
                opens=form.opens(),
                by=by,
                now=datetime.now(UTC),
            )
        except SettingError as error:
            form.add_error(error.field, error.in_short)
        else:
            messages.success(request, _("Changed. Within seconds all pages show it."))
            return redirect("company_settings")
    return render(request, "board/company_settings.html", {"form": form})


def _told(company: Company) -> dict[str, str]:
    opens = {f"opens_{day}": ", ".join("-".join(each) for each in company.opens.get(str(day), ())) for day in _DAYS}
    return {"name": company.name, "zone": company.zone, "region": company.region, **opens}


@require_http_methods(["GET", "HEAD", "POST"])
def mine(request: HttpRequest) -> HttpResponse:
    """Show how somebody wants to read, and change it."""
    by = gates.require(request.user, "choose own")
    form = OwnForm(request.POST or None, initial={"language": by.language, "zone": by.zone})
    if request.method == "POST" and form.is_valid():
        try:
            settling_in.choose(by, **form.cleaned_data, now=datetime.now(UTC))
        except SettingError as error:
            form.add_error(error.field, error.in_short)
        else:
            messages.success(request, _("Changed."))
            return redirect("my_settings")
    return render(request, "board/company_mine.html", {"form": form})
