"""Sources: made, given another key or map, revoked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from collage import reading
from collage.errors import CollageError
from collage_web.actions.auditing import note
from collage_web.actions.counting import moved
from collage_web.bridge.mapped import map_of
from collage_web.records.keys import digest
from collage_web.records.models import Arrival, Colleague, Source

__all__ = ["OriginError", "SourceError", "change", "create", "new_key_for", "replay", "revoke"]

_HINT: Final = 4
_ORIGINS: Final = ("http://", "https://")


class SourceError(CollageError):
    """A source cannot be as it was asked to be."""


class OriginError(SourceError):
    """What was given as a web page's origin is none."""


def create(
    name: str, kind: str, *, by: Colleague | None, now: datetime, new_key: Callable[[], str]
) -> tuple[Source, str]:
    """Make a source.

    Parameters
    ----------
    name
        Lower-case letters, digits, ``-`` and ``_``: the first part of its ids, for ever.
    kind
        ``segment``, ``native`` or ``files``.
    by
        Who makes it; None: whoever has the machine.
    now
        When.
    new_key
        Gives a key.

    Returns
    -------
    tuple of Source and str
        The source, and its key, which nobody is told again: only its digest is kept.

    Raises
    ------
    SourceError
        When there is such a source, or the name or kind is none.
    """
    asked = f"make the source {name!r}"
    if kind not in Source.Kind.values:
        raise SourceError(asked, f"the kind {kind!r}", f"the kinds are {', '.join(Source.Kind.values)}")
    _checked_map(name, kind, "", asked)
    key = new_key()
    with transaction.atomic():
        if Source.objects.filter(name=name).exists():
            raise SourceError(asked, _("a source of this name"), _("choose another name"))
        made = Source.objects.create(name=name, kind=kind, created_at=now, **_kept(key))
        note("source.create", name, by=by, now=now, details={"kind": kind})
    return made, key


def _kept(key: str) -> dict[str, str]:
    return {"key_digest": digest(key), "key_hint": key[-_HINT:]}


def _checked_map(name: str, kind: str, text: str, asked: str) -> None:
    try:
        map_ = map_of(name, kind, text)
        if text and kind != Source.Kind.FILES:  # the ready ones are known to be fit for single records
            reading.live(map_)
    except CollageError as error:
        raise SourceError(asked, error.found, error.do) from error


def new_key_for(source: Source, *, by: Colleague | None, now: datetime, new_key: Callable[[], str]) -> str:
    """Give a source another key; the one it had is refused from now on (within seconds)."""
    key = new_key()
    with transaction.atomic():
        Source.objects.filter(id=source.id).update(revoked_at=None, **_kept(key))
        note("source.new_key", source.name, by=by, now=now)
    return key


def revoke(source: Source, *, by: Colleague | None, now: datetime, reason: str) -> None:
    """Take nothing from a source any more (within seconds); what it sent stays."""
    with transaction.atomic():
        Source.objects.filter(id=source.id).update(revoked_at=now)
        note("source.revoke", source.name, by=by, now=now, reason=reason)


def change(  # noqa: PLR0913  # what a source can have changed
    source: Source,
    *,
    map_: str,
    origins: str,
    rate: int,
    most_bytes: int,
    quiet_after_s: int | None,
    by: Colleague | None,
    now: datetime,
) -> None:
    """Change how a source is read.

    Parameters
    ----------
    map_
        TOML; nothing: the ready map of its kind.
    origins
        Web pages that may send, one a line, such as ``https://shop.example``; nothing: any.
    rate
        Requests a second.
    most_bytes
        Of one touchpoint.
    quiet_after_s
        After how many seconds of silence it is flagged; None: never.

    Raises
    ------
    SourceError
        When the map is none.
    OriginError
        When an origin is no web address.
    """
    asked = f"change the source {source.name!r}"
    if map_:
        _checked_map(source.name, source.kind, map_, asked)
    odd = next((line for line in origins.split() if not line.startswith(_ORIGINS) or line.count("/") > 2), None)  # noqa: PLR2004  # those of ://
    if odd is not None:
        raise OriginError(
            asked,
            _("the origin %(name)s") % {"name": repr(odd)},
            _("give scheme and host alone, such as https://shop.example"),
        )
    new = {
        "map": map_,
        "origins": "\n".join(origins.split()),
        "rate": rate,
        "most_bytes": most_bytes,
        "quiet_after_s": quiet_after_s,
    }
    before = {name: getattr(source, name) for name in new}
    changed = sorted(name for name in new if new[name] != before[name])
    with transaction.atomic():
        Source.objects.filter(id=source.id).update(**new)
        note("source.change", source.name, by=by, now=now, details={"changed": changed})


def replay(
    source: Source, *, by: Colleague | None, now: datetime, only: int | None = None, everything: bool = False
) -> int:
    """Let arrivals be digested again: those in quarantine, one of them, or all of the source.

    Parameters
    ----------
    source
        Of which.
    by, now
        Who, and when.
    only
        The id of one arrival.
    everything
        Also what was digested, since the map has changed.

    Returns
    -------
    int
        How many.
    """
    these = Arrival.objects.filter(source=source)
    if only is not None:
        these = these.filter(id=only)
    aside = these.filter(quarantined_at__isnull=False)
    if not everything:
        these = aside
    with transaction.atomic():
        moved(source.id, aside.values_list("received_at", flat=True).iterator(), into="accepted")
        n = these.update(digested_at=None, quarantined_at=None, column="", reason="", found="")
        note("source.replay", source.name, by=by, now=now, details={"arrivals": n, "everything": everything})
    return int(n)
