"""Requests that are stored in one transaction: each is told what became of its own, and nothing is there twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collage_web.actions import receiving
from collage_web.actions.receiving import Batch, Outcome, prepared
from collage_web.records.arriving import Arriving, Fault
from collage_web.records.models import Arrival, SourceHour
from tests.web.conftest import NOW, House

WRONG = Fault("kind", "is missing, and must be a text", "")


def stored(batches: Sequence[Batch]) -> list[Outcome]:
    return receiving.stored([prepared(each) for each in batches])


def batch(house: House, *names: str, wrong: str = "") -> Batch:
    """Return a request with arrivals of these names, at fault where `wrong` has the name in it."""
    arrivals = [Arriving(n, "touchpoint", NOW, None, "unknown", "{}", WRONG if n in wrong else None) for n in names]
    return Batch(house.source.id, NOW, arrivals)


def test_all_that_is_new_is_stored_and_those_at_fault_are_set_aside(house: House) -> None:
    outcomes = stored([batch(house, "a", "b", wrong="b"), batch(house, "c")])
    assert outcomes == [Outcome(1, 0, 1), Outcome(1, 0, 0)]
    aside = Arrival.objects.exclude(quarantined_at=None).values_list("message_id", flat=True)
    assert list(aside) == ["b"]


def test_whoever_brings_it_again_beside_others_is_told_so_and_the_others_are_not(house: House) -> None:
    stored([batch(house, "a")])
    outcomes = stored([batch(house, "b"), batch(house, "a", "c"), batch(house, "c", "d", "d")])
    assert outcomes == [Outcome(1, 0, 0), Outcome(1, 1, 0), Outcome(1, 2, 0)]
    assert sorted(Arrival.objects.values_list("message_id", flat=True)) == ["a", "b", "c", "d"]
    counted = SourceHour.objects.values_list("accepted", "duplicate", "quarantined", "refused")
    assert [sum(column) for column in zip(*counted, strict=True)] == [4, 3, 0, 0]


def test_of_many_of_which_the_last_is_known_all_others_are_stored(house: House) -> None:
    many = [str(n) for n in range(900)]  # more than one statement takes
    stored([batch(house, "899")])
    assert stored([batch(house, *many), batch(house, "900")]) == [Outcome(899, 1, 0), Outcome(1, 0, 0)]
    assert Arrival.objects.count() == 901


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])  # emptied at its beginning
@given(
    requests=st.lists(
        st.lists(st.tuples(st.integers(0, 4_000), st.booleans()), max_size=70).map(tuple), min_size=1, max_size=5
    )
)
def test_what_is_stored_together_is_what_would_be_stored_one_by_one(
    house: House, requests: list[tuple[tuple[int, bool], ...]]
) -> None:
    Arrival.objects.all().delete()
    batches = [
        Batch(house.source.id, NOW + timedelta(seconds=nth), [
            Arriving(str(n), "touchpoint", NOW, None, "unknown", "{}", WRONG if bad else None) for n, bad in these
        ])
        for nth, these in enumerate(requests)
    ]  # fmt: skip
    together = stored(batches)
    there = dict(Arrival.objects.values_list("message_id", "reason"))
    Arrival.objects.all().delete()
    assert together == [outcome for each in batches for outcome in stored([each])]
    assert {name: bool(reason) for name, reason in there.items()} == {
        name: bool(reason) for name, reason in Arrival.objects.values_list("message_id", "reason")
    }
