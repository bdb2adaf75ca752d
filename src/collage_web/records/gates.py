"""Gates: the only way from a colleague to objects. Each takes whoever asks, and gives what they may have or refuses."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404

from collage_web.records import verdicts
from collage_web.records.models import (
    Arrival,
    AuditEntry,
    Claim,
    Colleague,
    Company,
    Correction,
    Hook,
    Identifier,
    Mark,
    Promise,
    ReadKey,
    Role,
    Source,
    Touchpoint,
    Upload,
)
from collage_web.records.numbers import number_of

__all__ = [
    "arrival",
    "audit",
    "claim",
    "claims",
    "colleague",
    "colleagues",
    "company",
    "contested",
    "customer",
    "customer_of",
    "departments",
    "heard",
    "hook",
    "hooks",
    "identifier",
    "identifiers",
    "issues",
    "may",
    "of_agents",
    "promise",
    "read_key",
    "read_key_of",
    "read_keys",
    "recorded",
    "require",
    "set_aside",
    "source",
    "source_of_key",
    "sources",
    "strike",
    "touchpoint_id",
    "upload",
    "uploads",
    "zone",
]

_Row = TypeVar("_Row", bound=Model)
_MET: Final = 400  # touchpoints that are looked through, the last ones
_CHOSEN: Final = 25
_LONGEST: Final = 120  # characters of a department
_SURE: Final = 0.95  # from here on a claim counts
_BECAME: Final = ("made", "kept", "broken", "exceeded")
_ROLES: Final[dict[str, Collection[str]]] = {
    "see sources": {Role.MANAGER, Role.ANALYST, Role.ADMIN},
    "change sources": {Role.ADMIN},
    "replay": {Role.MANAGER, Role.ADMIN},
    "import": {Role.MANAGER, Role.ADMIN},
    "merge": {Role.AGENT, Role.LEAD, Role.MANAGER, Role.ADMIN},
    "see customers": {Role.AGENT, Role.LEAD, Role.MANAGER, Role.ADMIN},
    "serve customers": {Role.AGENT, Role.LEAD, Role.MANAGER, Role.ADMIN},
    "decide": {Role.LEAD, Role.MANAGER},
    "see board": {Role.LEAD, Role.MANAGER, Role.ANALYST, Role.ADMIN},
    "change company": {Role.ADMIN},
    "tell others": {Role.ADMIN},
    "choose own": set(Role),
    "ask for figures": {Role.MANAGER, Role.ADMIN},
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


def customer(user: Any, customer_id: str, what: str = "see customers") -> str:
    """Return the id of a customer whom somebody may see, for something that is to be done."""
    require(user, what)
    if Identifier.objects.filter(customer=customer_id).exists():
        return customer_id
    # the id of somebody who turned out to be one with another leads to whoever they are now
    now = Identifier.objects.filter(home=customer_id).values_list("customer", flat=True).first()
    if now is None:
        raise Http404
    return now


def identifiers(user: Any, customer_id: str, what: str = "see customers") -> dict[str, str]:
    """Return the identifiers of a customer whom somebody may see, known longest first, with their states.

    Empty: nobody has this id now; `customer` leads on.
    """
    require(user, what)
    theirs = Identifier.objects.filter(customer=customer_id).order_by("id")
    return dict(theirs.values_list("value", "state"))


def customer_of(user: Any, identifier: str, what: str = "see customers") -> str | None:
    """Return the id of the customer who has an identifier; None: nobody has."""
    require(user, what)
    return Identifier.objects.filter(value=identifier).values_list("customer", flat=True).first()


def identifier(user: Any, customer_id: str, number: int) -> Identifier:
    """Return one identifier of a customer, to change something about it."""
    return _one(Identifier.objects.filter(customer=customer(user, customer_id, "serve customers"), id=number))


def touchpoint_id(user: Any, customer_id: str, key: str, what: str = "serve customers") -> str:
    """Return the id of the touchpoint of a customer that a key names.

    Parameters
    ----------
    user, customer_id, what
        Who asks, about whom, what for.
    key
        ``t12`` is a touchpoint, ``p3.broken`` what came of a promise, by the numbers of their rows.
    """
    theirs = list(_of(customer(user, customer_id, what)))
    kind, (number, _, became) = key[:1], key[1:].partition(".")
    if kind == "t" and not became:
        return _one(Touchpoint.objects.filter(id=number_of(number), identifier__in=theirs)).touchpoint_id
    if kind == "p" and became in _BECAME:
        made = _one(Promise.objects.filter(id=number_of(number), identifier__in=theirs))
        return f"promise:{made.promise_id}:promise.{became}"
    raise Http404


def recorded(user: Any, customer_id: str, key: str) -> Touchpoint:
    """Return a touchpoint that was recorded at the desk."""
    found = touchpoint_id(user, customer_id, key)
    return _one(Touchpoint.objects.filter(touchpoint_id=found, source="desk"))


def strike(user: Any, customer_id: str, key: str, mark: str) -> Mark:
    """Return what a touchpoint left behind, to say something about it."""
    found = touchpoint_id(user, customer_id, key)
    return _one(Mark.objects.filter(customer=customer(user, customer_id), touchpoint_id=found, mark=mark))


def contested(user: Any) -> list[tuple[Correction, Mark]]:
    """Return what is contested and waits for this colleague to decide."""
    by = require(user, "decide")
    return [(said, mark) for said, mark in verdicts.open_ones() if not verdicts.barred(by, mark, said)]


def promise(user: Any, customer_id: str, number: int) -> Promise:
    """Return a promise to a customer, to do something about it."""
    theirs = list(_of(customer(user, customer_id, "serve customers")))
    return _one(Promise.objects.filter(id=number, identifier__in=theirs))


def claims(user: Any, customer_id: str) -> QuerySet[Claim]:
    """Return the claims that hold a customer together, the newest first."""
    theirs = list(_of(customer(user, customer_id, "serve customers")))
    standing = Claim.objects.filter(withdrawn_at=None, confidence__gte=_SURE)
    return standing.filter(one__in=theirs, other__in=theirs).order_by("-claimed_at", "-id")


def claim(user: Any, customer_id: str, number: int) -> Claim:
    """Return one of these claims."""
    return _one(claims(user, customer_id).filter(id=number))


def _of(customer_id: str) -> QuerySet[Identifier, str]:
    return Identifier.objects.filter(customer=customer_id).values_list("value", flat=True)


def read_key_of(digest: str) -> ReadKey | None:
    """Return the key that reads, by its digest; None: there is none, or no longer."""
    return ReadKey.objects.filter(key_digest=digest, revoked_at=None).first()


def hooks(user: Any) -> QuerySet[Hook]:
    """Return the addresses that are told of what happens."""
    require(user, "tell others")
    return Hook.objects.order_by("-id")


def hook(user: Any, number: int) -> Hook:
    """Return one such address."""
    return _one(hooks(user).filter(id=number))


def read_keys(user: Any) -> QuerySet[ReadKey]:
    """Return the keys of systems that may read about customers."""
    require(user, "tell others")
    return ReadKey.objects.all()


def read_key(user: Any, name: str) -> ReadKey:
    """Return one such key."""
    return _one(read_keys(user).filter(name=name))


def heard(user: Any) -> QuerySet[Source]:
    """Return the sources that are listened to, for how much of what they send is taken: no more of them than that."""
    require(user, "see board")
    return Source.objects.filter(revoked_at=None)


def of_agents(user: Any, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what somebody may know of agents' figures.

    An agent sees their own, a lead those of the own department, a manager all of them, an analyst all without names.

    Parameters
    ----------
    user
        Who asks.
    rows
        Each with `agent`, as the records call them, and `owner`, a department.
    """
    if user.role == Role.MANAGER:
        return [dict(row) for row in rows]
    if user.role == Role.LEAD and user.department:
        return [dict(row) for row in rows if row["owner"] == user.department]
    if user.role == Role.AGENT and user.agent:
        return [dict(row) for row in rows if row["agent"] == user.agent]
    return [{**row, "agent": None} for row in rows] if user.role == Role.ANALYST else []


def company() -> Company:
    """Return the company; whoever is logged in may know it."""
    return Company.objects.filter(pk=1).first() or Company(pk=1)


def zone() -> ZoneInfo:
    """Return where the company's clocks are: all times are shown and filled in as these show them."""
    try:
        return ZoneInfo(company().zone)
    except (ValueError, ZoneInfoNotFoundError):  # a name that this machine does not know
        return ZoneInfo("UTC")


def issues(user: Any, customer_id: str) -> list[tuple[str, str, datetime]]:
    """Return the issues of a customer, each with the kind and moment of its last touchpoint, the latest first.

    No more than a person would choose from.
    """
    theirs = list(_of(customer(user, customer_id)))
    met = Touchpoint.objects.filter(identifier__in=theirs, issue_id__isnull=False).order_by("-occurred_at")
    last: dict[str, tuple[str, str, datetime]] = {}
    for issue, kind, at in met.values_list("issue_id", "kind", "occurred_at")[:_MET]:
        last.setdefault(str(issue), (str(issue), kind, at))
    return list(last.values())[:_CHOSEN]


def departments(user: Any, customer_id: str) -> list[str]:
    """Return the departments of active colleagues and those that this customer met of late, by name."""
    theirs = Touchpoint.objects.filter(identifier__in=list(_of(customer(user, customer_id))))
    met = theirs.order_by("-occurred_at").values_list("department", flat=True)[:_MET]
    ours = Colleague.objects.filter(is_active=True).order_by("department").values_list("department", flat=True)
    found = {*met, *ours.distinct()} - {None, ""}
    return sorted((each for each in found if len(each) <= _LONGEST), key=str.casefold)


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
