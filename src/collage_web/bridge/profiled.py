"""What is known of a customer beside what happened, as the core takes it."""

from __future__ import annotations

from collections.abc import Collection

from collage import customers
from collage_web.records.models import Consent, Trait

__all__ = ["consented", "profiled"]


def profiled(identifiers: Collection[str]) -> dict[str, customers.Said]:
    """Return what holds of each thing that a customer, or a system, said about them.

    Parameters
    ----------
    identifiers
        All of theirs.
    """
    rows = Trait.objects.filter(identifier__in=identifiers).order_by("id")
    said = rows.values_list("name", "value", "said_at", "by")
    return customers.profile(customers.Said(name, value, at, by is not None) for name, value, at, by in said)


def consented(identifiers: Collection[str]) -> list[customers.Consented]:
    """Return all that a customer ever allowed or refused.

    Parameters
    ----------
    identifiers
        All of theirs.
    """
    rows = Consent.objects.filter(identifier__in=identifiers).order_by("at", "id")
    said = rows.values_list("purpose", "channel", "given", "at", "basis")
    return [customers.Consented(*each) for each in said]
