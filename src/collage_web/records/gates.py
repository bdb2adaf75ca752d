"""Gates: the only way from a colleague to objects. Each takes whoever asks, and gives what they may have or refuses."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final, TypeVar

from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404

from collage_web.records.models import Arrival, AuditEntry, Colleague, Role, Source, Upload

__all__ = [
    "arrival",
    "audit",
    "colleague",
    "colleagues",
    "may",
    "require",
    "set_aside",
    "source",
    "source_of_key",
    "sources",
    "upload",
    "uploads",
]

_Row = TypeVar("_Row", bound=Model)
_ROLES: Final[dict[str, Collection[str]]] = {
    "see sources": {Role.MANAGER, Role.ANALYST, Role.ADMIN},
    "change sources": {Role.ADMIN},
    "replay": {Role.MANAGER, Role.ADMIN},
    "import": {Role.MANAGER, Role.ADMIN},
    "merge": {Role.AGENT, Role.LEAD, Role.MANAGER, Role.ADMIN},
    "see colleagues": {Role.ADMIN},
    "see audit": {Role.MANAGER, Role.ADMIN},
}


def may(user: Any, what: str) -> bool:
    """Return whether somebody may do something.

    Parameters
    ----------
    user
        A colleague, or whoever is not logged in.
    what
        One of the deeds known here; KeyError otherwise.
    """
    roles = _ROLES[what]
    return bool(user.is_authenticated and user.is_active and user.role in roles)


def require(user: Any, what: str) -> Colleague:
    """Return the colleague, who may do something.

    Raises
    ------
    PermissionDenied
        When they may not.
    """
    if not may(user, what):
        raise PermissionDenied
    found: Colleague = user
    return found


def sources(user: Any) -> QuerySet[Source]:
    """Return the sources that somebody may see."""
    require(user, "see sources")
    return Source.objects.all()


def source(user: Any, name: str, what: str = "see sources") -> Source:
    """Return one source, for something that is to be done with it."""
    require(user, what)
    return _one(Source.objects.filter(name=name))


def source_of_key(digest: str) -> Source | None:
    """Return the source that has a key, by the key's digest; None: no source has it, or no longer."""
    return Source.objects.filter(key_digest=digest, revoked_at=None).first()


def arrival(user: Any, number: int) -> Arrival:
    """Return one arrival, as it came."""
    require(user, "see sources")
    return _one(Arrival.objects.select_related("source").filter(id=number))


def set_aside(user: Any) -> QuerySet[Arrival]:
    """Return what is in quarantine, newest first."""
    require(user, "see sources")
    return (
        Arrival.objects.filter(quarantined_at__isnull=False).select_related("source").order_by("-quarantined_at", "-id")
    )


def uploads(user: Any) -> QuerySet[Upload]:
    """Return all uploads, newest first."""
    require(user, "import")
    return Upload.objects.select_related("source", "by").order_by("-id")


def upload(user: Any, number: int) -> Upload:
    """Return one upload."""
    require(user, "import")
    return _one(Upload.objects.select_related("source", "by").filter(id=number))


def colleagues(user: Any) -> QuerySet[Colleague]:
    """Return all colleagues."""
    require(user, "see colleagues")
    found: QuerySet[Colleague] = Colleague.objects.order_by("name")
    return found


def colleague(user: Any, number: int) -> Colleague:
    """Return one colleague."""
    return _one(colleagues(user).filter(id=number))


def audit(user: Any) -> QuerySet[AuditEntry]:
    """Return the audit log, newest first."""
    require(user, "see audit")
    return AuditEntry.objects.select_related("by").order_by("-id")


def _one(found: QuerySet[_Row]) -> _Row:
    row = found.first()
    if row is None:
        raise Http404
    return row
