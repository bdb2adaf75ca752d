"""How the company is set up, and how each colleague wants to read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import available_timezones

import phonenumbers
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from collage.errors import CollageError
from collage_web.actions.auditing import note
from collage_web.records.models import Colleague, Company

__all__ = ["SettingError", "choose", "set_up_company"]

_TIME: Final = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d|24:00")
_DAYS: Final = 7

Hours = Sequence[Sequence[str]]


class SettingError(CollageError):
    """Something cannot be set as it was asked; `field` is what."""

    def __init__(self, field: str, asked: str, found: str, do: str) -> None:
        super().__init__(asked, found, do)
        self.field = field


def set_up_company(
    *, name: str, zone: str, region: str, opens: Mapping[int, Hours], by: Colleague, now: datetime
) -> None:
    """Say what the company is called, where its clocks are, how its phone numbers are dialled, when it is there.

    Parameters
    ----------
    name
        As colleagues call it; may be empty.
    zone
        A name of the time zone database, such as ``Europe/Berlin``.
    region
        Country of phone numbers written without one, by ISO 3166-1; empty: none.
    opens
        Weekday (0 is Monday) → from when until when, such as ``[["09:00", "12:00"], ["13:00", "17:00"]]``.
    by, now
        Who, and when.

    Raises
    ------
    SettingError
        When the zone or the country is none, or hours are not in order.
    """
    asked = "change the company's settings"
    _check_zone(zone, asked)
    if region and region not in phonenumbers.SUPPORTED_REGIONS:
        raise SettingError(
            "region", asked, _("the country %(name)s") % {"name": repr(region)}, _("choose one of the list")
        )
    for day, hours in opens.items():
        _check_hours(day, hours, asked)
    new = {
        "name": name.strip(),
        "zone": zone,
        "region": region,
        "opens": {str(day): [list(each) for each in hours] for day, hours in sorted(opens.items()) if hours},
    }
    with transaction.atomic():
        company = Company.objects.select_for_update().filter(pk=1).first() or Company(pk=1)
        changed = sorted(field for field, value in new.items() if getattr(company, field) != value)
        for field, value in new.items():
            setattr(company, field, value)
        company.save()
        note("company.change", "company", by=by, now=now, details={"changed": changed})


def choose(colleague: Colleague, *, language: str, zone: str, now: datetime) -> None:
    """Say in which language and time zone somebody wants to read; empty: as the browser asks, as the company has it.

    Raises
    ------
    SettingError
        When there is no such language or zone.
    """
    asked = "change how pages are read"
    if zone:
        _check_zone(zone, asked)
    if language and language not in dict(settings.LANGUAGES):
        raise SettingError(
            "language", asked, _("the language %(name)s") % {"name": repr(language)}, _("choose one of the list")
        )
    with transaction.atomic():
        Colleague.objects.filter(pk=colleague.pk).update(language=language, zone=zone)
        note("colleague.choose", f"colleague {colleague.pk}", by=colleague, now=now)


def _check_zone(zone: str, asked: str) -> None:
    if zone not in available_timezones():
        raise SettingError(
            "zone", asked, _("the time zone %(name)s") % {"name": repr(zone)}, _("choose one such as Europe/Berlin")
        )


def _check_hours(day: int, hours: Hours, asked: str) -> None:
    field = f"opens_{day}"
    if not 0 <= day < _DAYS:
        raise SettingError(field, asked, f"the weekday {day}", "weekdays are 0 (Monday) to 6")
    last = ""
    for each in hours:
        if len(each) != 2 or not all(_TIME.fullmatch(time) for time in each):  # noqa: PLR2004  # from, until
            raise SettingError(
                field, asked, _("the hours %(hours)s") % {"hours": "-".join(each)}, _("write them such as 09:00-17:00")
            )
        begin, end = each
        if not last <= begin < end:  # texts of this form are in order as times are
            raise SettingError(
                field, asked, f"{begin}-{end}", _("each begins before it ends, and after the one before has ended")
            )
        last = end
