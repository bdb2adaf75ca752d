"""Who serves and who is served, in the tests of the desk's verbs."""

from __future__ import annotations

from datetime import timedelta

from collage_web.bridge.whole import whole
from collage_web.records.models import Colleague, Identifier
from tests.web.conftest import House

MINUTE = timedelta(minutes=1)


def colleague(name: str, role: str = "agent", department: str = "Care", agent: str = "") -> Colleague:
    made: Colleague = Colleague.objects.create(
        email=f"{name}@example.org", name=name, role=role, department=department, agent=agent
    )
    return made


def customer_of(identifier: str) -> str:
    return Identifier.objects.get(value=identifier).customer


def index_of(house: House, customer: str) -> float | None:
    found = whole(customer, at=house.now)
    assert found is not None
    return None if found.standing is None else found.standing.index
