"""What arrives becomes marks on the right customer, whatever the order, however often, whoever is killed in between."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from collage_web.actions import deriving, importing, rebuilding, sourcing
from collage_web.actions.catching_up import WORKER, catch_up
from collage_web.actions.digesting import digest
from collage_web.actions.leasing import Taken, there, turn
from collage_web.bridge.derived import known
from collage_web.bridge.mapped import mapped
from collage_web.records.models import Arrival, Identifier, Mark, Promise, Score, SourceHour, Stale, Touchpoint
from tests.web.conftest import NOW, House, touchpoint

WAIT: dict[str, Any] = {"wait_s": 400, "contact_id": "c1"}


def marks_of(identifier: str) -> list[tuple[str, str]]:
    customer = Identifier.objects.get(value=identifier).customer
    return sorted(Mark.objects.filter(customer=customer).values_list("touchpoint_id", "mark"))


def test_a_touchpoint_becomes_a_mark_on_its_customer(house: House) -> None:
    told = house.send(touchpoint(1, "user:4711", **WAIT))
    assert told == {"success": True, "accepted": 1, "duplicate": 0, "quarantined": 0, "refused": 0}
    assert house.digest() == 1
    assert marks_of("user:4711") == [("till:1", "long_wait")]
    score = Score.objects.get()
    assert score.experience < 0 < score.evidence
    assert score.n_marks == 1
    assert not Stale.objects.exists()


def test_the_same_again_changes_nothing(house: House) -> None:
    house.send(touchpoint(1, "user:4711", **WAIT))
    house.digest()
    before = list(Mark.objects.values())
    told = house.send(touchpoint(1, "user:4711", **WAIT), touchpoint(1, "user:4711", **WAIT))
    assert (told["accepted"], told["duplicate"]) == (0, 2)
    assert house.digest() == 0
    assert list(Mark.objects.values()) == before
    hour = SourceHour.objects.values_list("accepted", "duplicate", "quarantined", "refused")
    assert [sum(column) for column in zip(*hour, strict=True)] == [1, 2, 0, 0]


def test_what_comes_late_counts_where_it_belongs(house: House) -> None:
    answered = touchpoint(3, "user:1", issue_id="i", contact_id="c2", days=1.0)
    resolved = touchpoint(2, "user:1", "issue.resolved", issue_id="i", days=2.0)
    house.send(answered)
    house.digest()
    assert ("till:3", "came_back") not in marks_of("user:1")
    house.send(resolved)
    house.digest()
    assert ("till:3", "came_back") in marks_of("user:1")


def test_a_touchpoint_that_breaks_the_contract_is_set_aside_and_seen(house: House) -> None:
    told = house.send(touchpoint(1, "user:1", wait_s=-5), touchpoint(2, "user:1", **WAIT), {"touchpoint_id": "3"})
    assert (told["accepted"], told["quarantined"]) == (2, 1)
    house.digest()
    aside = {
        each.message_id: (each.column, each.reason) for each in Arrival.objects.filter(quarantined_at__isnull=False)
    }
    assert set(aside) == {"1", "3"}
    assert aside["1"][0] == "wait_s"
    assert Touchpoint.objects.count() == 1
    hour = SourceHour.objects.values_list("accepted", "duplicate", "quarantined", "refused")
    assert [sum(column) for column in zip(*hour, strict=True)] == [1, 0, 2, 0]


def test_an_id_used_twice_with_another_content_is_set_aside(house: House) -> None:
    house.send(touchpoint(1, "user:1", **WAIT))
    house.digest()
    Arrival.objects.update(message_id="another")  # as a map that makes ids of something else would have it
    house.send(touchpoint(1, "user:2", **WAIT))
    house.digest()
    assert Touchpoint.objects.get().identifier == "user:1"
    assert Arrival.objects.get(message_id="1").reason == "is an id used twice, with another content"


ANSWERED = """
name = "till"
[[rows]]
[[rows.emit]]
into = "touchpoints"
touchpoint_id = "{touchpoint_id}"
identifier = "{identifier}"
occurred_at = "{occurred_at}"
kind = "contact.answered"
"""
PROMISED = """
[[rows.emit]]
into = "promises"
promise_id = "{contact_id}"
identifier = "{identifier}"
kind = "{channel}"
made_at = "2026-01-01T00:00:00Z"
due_at = "2027-01-01T00:00:00Z"
"""  # whose id several may share


def mapped_by(house: House, text: str) -> None:
    """Give the source a map of its own."""
    sourcing.change(
        house.source, map_=text, origins="", rate=10, most_bytes=1000, quiet_after_s=None, by=None, now=house.now
    )


def test_the_same_said_by_several_is_there_once_and_another_content_is_set_aside(house: House) -> None:
    mapped_by(house, ANSWERED + PROMISED)
    same = {"contact_id": "p1", "channel": "callback"}
    house.send(touchpoint(1, "user:1", **same), touchpoint(2, "user:1", **same))
    house.send(touchpoint(3, "user:1", **{**same, "channel": "refund"}))
    house.digest()
    assert sorted(Touchpoint.objects.values_list("touchpoint_id", flat=True)) == ["till:1", "till:2"]
    assert [each.kind for each in Promise.objects.all()] == ["callback"]
    assert [each.message_id for each in Arrival.objects.exclude(quarantined_at=None)] == ["3"]


def test_where_the_second_table_meets_what_is_there_nothing_of_the_first_try_is_left(house: House) -> None:
    mapped_by(house, ANSWERED + PROMISED)
    house.send(touchpoint(1, "user:1", contact_id="p1", channel="callback"))
    house.digest()
    house.send(touchpoint(2, "user:1", contact_id="p1", channel="refund"))
    house.send(touchpoint(3, "user:2", contact_id="p3", channel="refund"))
    assert house.digest() == 2
    assert sorted(Touchpoint.objects.values_list("touchpoint_id", flat=True)) == ["till:1", "till:3"]
    assert sorted(Promise.objects.values_list("kind", flat=True)) == ["callback", "refund"]
    assert Arrival.objects.get(message_id="2").reason == "is an id used twice, with another content"
    assert not Stale.objects.exists()


def test_claims_bring_customers_together_and_apart_again(house: House) -> None:
    house.send(touchpoint(1, "user:1", **WAIT), touchpoint(2, "email:a@example.org", **WAIT), touchpoint(3, "user:9"))
    house.digest()
    first = {
        value: (customer, home) for value, customer, home in Identifier.objects.values_list("value", "customer", "home")
    }
    scores = {each.customer: each.experience for each in Score.objects.all()}
    assert first["user:1"][0] != first["email:a@example.org"][0]

    from collage_web.actions.claiming import merge, unmerge

    claim = merge("user:1", "email:a@example.org", by=None, now=house.now, reason="the same voice")
    house.digest()
    whose = dict(Identifier.objects.values_list("value", "customer"))
    longest = Identifier.objects.filter(value__in=["user:1", "email:a@example.org"]).earliest("id")
    assert whose["user:1"] == whose["email:a@example.org"] == longest.home
    assert len(marks_of("user:1")) == 2
    assert Score.objects.count() == 2

    unmerge(claim, by=None, now=house.now, reason="a brother")
    house.digest()
    assert {
        value: (customer, home) for value, customer, home in Identifier.objects.values_list("value", "customer", "home")
    } == first
    assert {each.customer: each.experience for each in Score.objects.all()} == pytest.approx(scores, abs=1e-12)
    assert rebuilding.differing(at=house.now).n == 0


def test_a_map_that_changes_is_applied_to_what_came_before_it(house: House) -> None:
    house.send({**touchpoint(1, "user:1", **WAIT), "kind": "ring"})
    house.digest()
    assert marks_of("user:1") == []
    mapped_by(house, ANSWERED + 'wait_s = "{wait_s}"')
    assert sourcing.replay(house.source, by=None, now=house.now, everything=True) == 1
    house.digest()
    assert marks_of("user:1") == [("till:1", "long_wait")]
    assert Touchpoint.objects.count() == 1


def test_what_is_in_quarantine_is_taken_up_when_the_map_can_read_it(house: House) -> None:
    house.send(touchpoint(1, "user:1", wait_s=-5))
    house.digest()
    assert Arrival.objects.get().reason
    Arrival.objects.update(body=Arrival.objects.get().body.replace("-5", "400"))
    assert sourcing.replay(house.source, by=None, now=house.now) == 1
    house.digest()
    assert Arrival.objects.get().quarantined_at is None
    assert marks_of("user:1") == [("till:1", "long_wait")]
    hour = SourceHour.objects.values_list("accepted", "duplicate", "quarantined", "refused")
    assert [sum(column) for column in zip(*hour, strict=True)] == [1, 0, 0, 0]


def test_only_one_digests_at_a_time_and_another_takes_over_when_it_dies(house: House) -> None:
    with turn("derive", clock=house.clock), pytest.raises(Taken), turn("derive", clock=house.clock):
        pass
    dead = turn("derive", clock=house.clock)
    mine = dead.__enter__()  # and is killed
    house.now += timedelta(seconds=11)
    with turn("derive", clock=house.clock):
        from collage_web.actions.leasing import Lost

        with pytest.raises(Lost), mine.writing():
            pass


def test_the_audit_log_cannot_be_changed(house: House) -> None:  # noqa: ARG001  # a source was made: an entry
    from django.db import Error, transaction

    from collage_web.actions.auditing import broken_at
    from collage_web.records.models import AuditEntry

    assert broken_at() is None
    for change in ("UPDATE records_auditentry SET verb = 'x'", "DELETE FROM records_auditentry"):
        with pytest.raises(Error, match="only ever added to"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)
    assert AuditEntry.objects.get().verb == "source.create"


def test_of_whom_much_is_known_few_are_derived_at_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deriving, "_ROWS", 4)
    whose = [1, 2, 2, 2, 3, 4, 5, 5, 5, 5, 5]  # the last has more than may be derived at once
    house.send(*(touchpoint(n, f"user:{who}", **WAIT) for n, who in enumerate(whose)))
    with turn(deriving.NAME, clock=house.clock) as mine:
        assert digest(mine) == len(whose)
        assert [deriving.derive(mine, chance=house.chance) for _ in range(4)] == [2, 2, 1, 0]
    assert Mark.objects.count() == len(whose)
    assert not Stale.objects.exists()


def test_a_customer_is_brought_up_to_date_when_somebody_looks(house: House) -> None:
    house.send(touchpoint(1, "user:1", **WAIT), touchpoint(2, "user:2", **WAIT))
    assert catch_up(["user:1"], clock=house.clock, chance=house.chance)
    assert marks_of("user:1") == [("till:1", "long_wait")]
    assert list(Stale.objects.values_list("identifier", flat=True)) == ["user:2"]


def test_who_looks_waits_for_the_worker_a_moment_and_does_not_do_its_work(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    there(WORKER, now=house.now)
    house.send(touchpoint(1, "user:1", **WAIT))
    looked: list[int] = []

    def meanwhile(_: float) -> None:
        looked.append(house.digest())  # what a worker does
        house.send(touchpoint(2, "user:2", **WAIT))  # there is always one more

    monkeypatch.setattr("collage_web.actions.catching_up.sleep", meanwhile)
    assert catch_up(["user:1"], clock=house.clock, chance=house.chance)
    assert looked == [1]
    assert marks_of("user:1") == [("till:1", "long_wait")]
    assert Arrival.objects.filter(digested_at=None).count() == 1


def test_who_looks_does_not_wait_for_what_names_others(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def waiting(_: float) -> None:
        raise AssertionError("waited for somebody else's")

    monkeypatch.setattr("collage_web.actions.catching_up.sleep", waiting)
    there(WORKER, now=house.now)
    house.send(touchpoint(1, "user:47112", **WAIT), touchpoint(2, "user:2", text="asked for 4711", **WAIT))
    assert catch_up(["user:4711"], clock=house.clock, chance=house.chance)
    assert Arrival.objects.filter(digested_at=None).count() == 2  # the worker's to do


def test_where_the_worker_is_more_than_two_seconds_behind_it_is_said(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collage_web.actions.catching_up._WORKER_S", 0.0)
    house.send(touchpoint(1, "user:1", **WAIT))
    came = Arrival.objects.get().received_at
    there(WORKER, now=came)
    for seconds, is_in_time in ((1.9, True), (2.1, False)):
        house.now = came + timedelta(seconds=seconds)
        assert catch_up(["user:1"], clock=house.clock, chance=house.chance) is is_in_time
    assert Arrival.objects.get().digested_at is None


def test_what_was_done_at_the_desk_counts_at_once_though_the_worker_is_busy(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collage_web.actions.catching_up._WORKER_S", 0.0)
    house.send(touchpoint(1, "user:1", **WAIT))
    with turn(deriving.NAME, clock=house.clock) as mine:
        assert digest(mine) == 1  # and not derived yet
    there(WORKER, now=house.now)
    house.send(touchpoint(2, "user:2", **WAIT))
    assert catch_up(["user:1"], clock=house.clock, chance=house.chance)
    assert marks_of("user:1") == [("till:1", "long_wait")]
    assert Arrival.objects.filter(digested_at=None).count() == 1


def test_where_the_worker_has_gone_its_work_is_done_by_who_looks(house: House) -> None:
    there(WORKER, now=house.now - timedelta(seconds=10))
    house.send(touchpoint(1, "user:1", **WAIT))
    assert catch_up(["user:1"], clock=house.clock, chance=house.chance)
    assert marks_of("user:1") == [("till:1", "long_wait")]


def test_what_makes_us_stumble_is_set_aside_alone(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    as_it_is = mapped

    def stumbling(map_: Any, arrived: Any, **more: Any) -> Any:
        if any("poison" in each.body for each in arrived):
            raise RuntimeError("poison")
        return as_it_is(map_, arrived, **more)

    monkeypatch.setattr("collage_web.actions.digesting.mapped", stumbling)
    house.send(*(touchpoint(each, "user:1", text="poison" if each == 5 else "", **WAIT) for each in range(12)))
    house.digest()
    assert Touchpoint.objects.count() == 11
    aside = Arrival.objects.get(quarantined_at__isnull=False)
    assert (aside.message_id, aside.reason) == ("5", "could not be read, by a mistake of ours")


def test_whoever_makes_us_stumble_keeps_nobody_waiting(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    as_it_is = known

    def stumbling(whose: Any) -> Any:
        if "user:5" in whose:
            raise RuntimeError("poison")
        return as_it_is(whose)

    monkeypatch.setattr("collage_web.actions.deriving.known", stumbling)
    house.send(*(touchpoint(each, f"user:{each}", **WAIT) for each in range(12)))
    house.digest()
    assert Score.objects.count() == 11
    assert list(Stale.objects.values_list("identifier", flat=True)) == ["user:5"]
    monkeypatch.undo()
    with turn("derive", clock=house.clock) as mine:
        assert deriving.derive(mine, chance=house.chance) == 1
    assert Score.objects.count() == 12


def test_a_score_is_as_of_the_moment_it_was_derived(house: House) -> None:
    house.send(touchpoint(1, "user:1", **WAIT))
    house.digest()
    assert Score.objects.get().at == NOW


def test_after_an_import_postgresql_looks_how_rows_are_spread(db: None, tmp_path: Path) -> None:  # noqa: ARG001  # db: pytest-django's, for what it does
    (tmp_path / "touchpoints.jsonl").write_text(
        '{"touchpoint_id": "till:1", "identifier": "a:1", "kind": "note.made", "occurred_at": "2026-01-01T00:00Z"}\n',
        encoding="utf-8",
    )
    with CaptureQueriesContext(connection) as asked:
        importing.take_in(tmp_path, by=None, now=NOW)
    assert [each["sql"] for each in asked if each["sql"] == "ANALYZE"] == ["ANALYZE"] * (connection.vendor != "sqlite")
