"""When a source was heard last, in words."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

__all__ = ["heard"]


def heard(last_at: datetime | None, *, now: datetime) -> str:
    """Return how long ago something was heard: the largest unit alone, since nobody needs the seconds of days."""
    if last_at is None:
        return _("never heard")
    minutes = int((now - last_at).total_seconds()) // 60
    if minutes < 1:
        return _("heard just now")
    hours, days = minutes // 60, minutes // (24 * 60)
    if days:
        return ngettext("last heard %(n)d day ago", "last heard %(n)d days ago", days) % {"n": days}
    if hours:
        return ngettext("last heard %(n)d hour ago", "last heard %(n)d hours ago", hours) % {"n": hours}
    return ngettext("last heard %(n)d minute ago", "last heard %(n)d minutes ago", minutes) % {"n": minutes}
