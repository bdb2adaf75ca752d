"""The verbs of the desk: each does one thing, says who did it, and can be undone where that makes sense."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from collage_web.actions import contesting, healing, promising, recording
from collage_web.actions.promising import Promised
from collage_web.actions.recording import Told
from collage_web.bridge.strikes import in_words
from collage_web.records import verdicts
from collage_web.records.models import (
    AuditEntry,
    Catalogue,
    Correction,
    Mark,
    Promise,
    Role,
    Score,
    Stale,
    Touchpoint,
)
from tests.web.actions.served import MINUTE, colleague, customer_of, index_of
from tests.web.conftest import NOW, House, touchpoint

QUOTING = """
[[mark]]
name = "quoting"
class = "lasting"
weight = -0.1
when = { kind = "complaint.filed" }
cause = "process"
says = { en = "said {text}" }
source = "assumption"
"""


@pytest.fixture
def late(house: House) -> str:
    """A customer with a late parcel of the department Logistics, of an order, and a long wait of no matter."""
    house.send(
        touchpoint(1, "user:1", "delivery.arrived", department="Logistics", agent="joe", issue_id="o1", late_s=300_000),
        touchpoint(2, "user:1", "contact.answered", department="Care", wait_s=1500, contact_id="c1", days=2),
    )
    house.digest()
    return customer_of("user:1")


def strike_of(customer: str, touchpoint_id: str = "till:1") -> Mark:
    marks = Mark.objects.filter(customer=customer, touchpoint_id=touchpoint_id)
    return next(mark for mark in marks if contesting.is_strike(mark))


def again(house: House, after: timedelta = MINUTE) -> None:
    """Let time pass, and derive."""
    house.now += after
    house.digest()


# ---- what happened


def test_a_call_is_recorded_for_the_customer_by_whoever_tells_it(house: House, late: str) -> None:
    by = colleague("ada", agent="ada")
    told = Told("call", "wants the parcel", outcome="unresolved", issue="o1", sensitive=True)
    made = recording.record(late, told, by=by, now=NOW)
    again(house)
    row = Touchpoint.objects.get(touchpoint_id=made.touchpoint_id)
    assert (row.identifier, row.kind, row.channel, row.source) == ("user:1", "contact.answered", "phone", "desk")
    assert (row.department, row.agent, row.issue_id, row.outcome) == ("Care", "ada", "o1", "unresolved")
    assert (row.occurred_at, row.text, row.contact_id) == (NOW, "wants the parcel", row.touchpoint_id)
    assert json.loads(row.properties or "")["sensitive"] is True
    assert row.touchpoint_id.startswith("desk:")
    entry = AuditEntry.objects.latest("id")
    assert (entry.verb, entry.subject, entry.by) == ("touchpoint.record", row.touchpoint_id, by)
    assert "parcel" not in json.dumps(entry.details) + entry.reason
    assert Score.objects.get(customer=late).last_touchpoint_at == NOW


@pytest.mark.parametrize(
    ("told", "found"),
    [
        (Told("dance"), "no call, visit or note"),
        (Told("note"), "without a text"),
        (Told("call", occurred_at=NOW + timedelta(minutes=6)), "lies ahead"),
        (Told("call", occurred_at=NOW.replace(year=1999)), "lies ahead"),
        (Told("call", identifier="user:2"), "not theirs"),
        (Told("call", issue="somebody's"), "not theirs"),
    ],
)
def test_what_cannot_have_happened_is_not_recorded(house: House, late: str, told: Told, found: str) -> None:
    before = Touchpoint.objects.count()
    with pytest.raises(recording.RecordError) as error:
        recording.record(late, told, by=colleague("ada"), now=NOW)
    assert found in error.value.found
    assert (Touchpoint.objects.count(), house.now) == (before, NOW)


def test_what_nobody_could_read_is_not_recorded(house: House, late: str) -> None:
    with pytest.raises(recording.RecordError, match="of no department"):
        recording.record(late, Told("note", "x", sensitive=True), by=colleague("ada", department=""), now=house.now)


def test_what_was_said_in_confidence_is_not_quoted_where_strikes_are_listed(house: House, late: str) -> None:
    text = f'version = "x"\nextends = "default"\n{QUOTING}'
    Catalogue.objects.create(version="x", digest="d" * 64, text=text, since=NOW)
    for n, more in enumerate(({}, {"properties": {"sensitive": True}})):
        house.send(touchpoint(f"q{n}", "user:1", "complaint.filed", text="my illness", **more))
    house.digest()
    marks = [Mark.objects.get(customer=late, touchpoint_id=f"till:q{n}", mark="quoting") for n in range(2)]
    open_, confidential = in_words(marks, language="en")
    assert "my illness" in open_
    assert "illness" not in confidential


def test_a_note_leaves_no_mark_and_a_new_matter_is_one_of_the_customers(house: House, late: str) -> None:
    by, n = colleague("ada"), Mark.objects.count()
    made = recording.record(late, Told("note", "likes tea", issue="new"), by=by, now=NOW)
    again(house)
    assert Mark.objects.count() == n
    assert (made.channel, made.contact_id) == (None, None)
    other = recording.record(late, Told("visit", issue=made.issue_id or ""), by=by, now=NOW + MINUTE)
    assert other.issue_id == made.issue_id is not None


def test_who_recorded_it_takes_it_back_within_a_day_and_a_lead_later_with_a_reason(house: House, late: str) -> None:
    ada, bob, lead = colleague("ada"), colleague("bob"), colleague("lea", Role.LEAD)
    before = Touchpoint.objects.count()
    first = recording.record(late, Told("call"), by=ada, now=NOW)
    with pytest.raises(recording.RecordError, match="somebody else"):
        recording.take_back(first, by=bob, now=NOW, reason="mine")
    recording.take_back(first, by=ada, now=NOW + timedelta(hours=23), reason="")
    with pytest.raises(recording.RecordError, match="taken back already"):
        recording.take_back(first, by=ada, now=NOW + MINUTE, reason="")
    second = recording.record(late, Told("call"), by=ada, now=NOW)
    with pytest.raises(recording.RecordError, match="more than a day ago"):
        recording.take_back(second, by=ada, now=NOW + timedelta(hours=25), reason="wrong")
    with pytest.raises(recording.RecordError, match="no reason"):
        recording.take_back(second, by=lead, now=NOW + MINUTE, reason=" ")
    recording.take_back(second, by=lead, now=NOW + timedelta(days=9), reason="of another customer")
    assert Touchpoint.objects.count() == before
    with pytest.raises(recording.RecordError, match="a system sent"):
        recording.take_back(Touchpoint.objects.get(touchpoint_id="till:1"), by=lead, now=house.now, reason="wrong")


# ---- promises


def test_a_promise_is_broken_at_its_due_time_and_kept_when_it_was_settled_before(house: House, late: str) -> None:
    by = colleague("ada", agent="ada")
    kept = promising.make(late, Promised("callback", NOW + 2 * MINUTE), by=by, now=NOW)
    broken = promising.make(late, Promised("Send a  sample", NOW + 3 * MINUTE, department="Sales"), by=by, now=NOW)
    assert (broken.kind, broken.department, kept.department, kept.agent) == ("send-a-sample", "Sales", "Care", "ada")
    assert promising.settle(kept, "kept", by=by, now=NOW + MINUTE) is True
    again(house, timedelta(minutes=4))
    marks = set(Mark.objects.filter(customer=late).values_list("touchpoint_id", "mark"))
    assert (f"promise:{kept.promise_id}:promise.kept", "promise_kept") in marks
    assert (f"promise:{broken.promise_id}:promise.broken", "promise_broken") in marks
    assert promising.settle(broken, "exceeded", by=by, now=house.now) is False
    again(house)
    assert Mark.objects.filter(customer=late, mark="promise_broken").exists()
    assert Promise.objects.get(pk=broken.pk).outcome == "kept"


def test_of_two_who_settle_a_promise_one_wins_and_the_other_is_told(house: House, late: str) -> None:
    ada, bob = colleague("ada"), colleague("bob")
    made = promising.make(late, Promised("refund", NOW + timedelta(days=1)), by=ada, now=house.now)
    theirs = Promise.objects.get(pk=made.pk)  # as both saw it
    promising.settle(made, "kept", by=ada, now=NOW + MINUTE)
    with pytest.raises(promising.PromiseError, match="settled already"):
        promising.settle(theirs, "exceeded", by=bob, now=NOW + MINUTE)
    with pytest.raises(promising.PromiseError, match="settled already"):
        promising.withdraw(theirs, by=bob, now=NOW + MINUTE, reason="not needed")
    assert Promise.objects.get().outcome == "kept"


def test_a_promise_is_withdrawn_before_it_is_due_and_not_after(house: House, late: str) -> None:
    by = colleague("ada")
    made = promising.make(late, Promised("repair", NOW + MINUTE), by=by, now=NOW)
    with pytest.raises(promising.PromiseError, match="no reason"):
        promising.withdraw(made, by=by, now=NOW, reason="")
    with pytest.raises(promising.PromiseError, match="due already and is broken"):
        promising.withdraw(made, by=by, now=NOW + 2 * MINUTE, reason="late")
    promising.withdraw(made, by=by, now=NOW + MINUTE, reason="the customer wants none")
    again(house, timedelta(hours=1))
    assert not Mark.objects.filter(customer=late, mark__startswith="promise").exists()


def test_who_settled_the_wrong_promise_opens_it_again_within_a_day(house: House, late: str) -> None:
    ada, bob = colleague("ada"), colleague("bob")
    made = promising.make(late, Promised("answer", NOW + timedelta(days=9)), by=ada, now=NOW)
    with pytest.raises(promising.PromiseError, match="is open"):
        promising.reopen(made, by=ada, now=house.now)
    promising.settle(made, "kept", by=ada, now=NOW)
    made.refresh_from_db()
    with pytest.raises(promising.PromiseError, match="somebody else settled"):
        promising.reopen(made, by=bob, now=NOW)
    with pytest.raises(promising.PromiseError, match="more than a day ago"):
        promising.reopen(made, by=ada, now=NOW + timedelta(hours=25))
    promising.reopen(made, by=ada, now=NOW + timedelta(hours=23))
    made.refresh_from_db()
    assert (made.settled_at, made.outcome) == (None, None)


@pytest.mark.parametrize(
    ("promised", "found"),
    [
        (Promised("callback", NOW), "due already"),
        (Promised("callback", NOW + timedelta(days=4000)), "ten years"),
        (Promised("; DROP", NOW + MINUTE), "no word"),
        (Promised("", NOW + MINUTE), "no word"),
    ],
)
def test_what_cannot_be_kept_is_not_promised(house: House, late: str, promised: Promised, found: str) -> None:
    with pytest.raises(promising.PromiseError) as error:
        promising.make(late, promised, by=colleague("ada"), now=house.now)
    assert found in error.value.found
    assert not Promise.objects.exists()


# ---- contested


def test_a_contested_strike_counts_until_it_is_struck_out_and_again_when_that_is_withdrawn(
    house: House, late: str
) -> None:
    ada, lead, boss = colleague("ada"), colleague("lea", Role.LEAD, "Logistics"), colleague("max", Role.MANAGER, "")
    strike, before = strike_of(late), index_of(house, late)
    contesting.contest(strike.touchpoint_id, strike.mark, late, by=ada, now=NOW, reason="it came in time")
    house.digest()
    assert index_of(house, late) == before
    said = contesting.decide(
        strike.touchpoint_id, strike.mark, late, "struck_out", by=lead, now=NOW, reason="the scan was wrong"
    )
    house.digest()
    assert not Mark.objects.filter(touchpoint_id=strike.touchpoint_id, mark=strike.mark).exists()
    after = index_of(house, late)
    assert before is not None
    assert after is not None
    assert after > before
    with pytest.raises(contesting.Barred):
        contesting.withdraw(said, late, by=lead, now=NOW + MINUTE, reason="no")
    contesting.withdraw(said, late, by=boss, now=NOW + MINUTE, reason="the scan was right")
    house.digest()
    assert index_of(house, late) == before
    (waiting,) = verdicts.open_ones()
    assert waiting[0].verdict == "contested"


def test_only_who_answers_for_the_department_and_is_not_concerned_decides(house: House, late: str) -> None:
    strike = strike_of(late)
    which = (strike.touchpoint_id, strike.mark, late)
    ada, other = colleague("ada"), colleague("oda", Role.LEAD, "Billing")
    contesting.contest(*which, by=other, now=NOW, reason="it came in time")
    joe = colleague("joe", Role.LEAD, "Logistics", agent="joe")
    boss = colleague("max", Role.MANAGER, "", agent="joe")
    nobody = colleague("ned", Role.LEAD, "")
    admin = colleague("adm", Role.ADMIN, "Logistics")
    for by in (ada, other, joe, boss, nobody, admin):
        with pytest.raises(contesting.Barred):
            contesting.decide(*which, "struck_out", by=by, now=house.now, reason="mine")
    assert Correction.objects.count() == 1
    contesting.decide(*which, "upheld", by=colleague("lea", Role.LEAD, "Logistics"), now=NOW, reason="it did not")


def test_who_contested_a_strike_does_not_decide_on_it_even_as_a_manager(house: House, late: str) -> None:
    strike, boss = strike_of(late), colleague("max", Role.MANAGER)
    which = (strike.touchpoint_id, strike.mark, late)
    said = contesting.contest(*which, by=boss, now=NOW, reason="it came in time")
    with pytest.raises(contesting.Barred, match="contested yourself"):
        contesting.decide(*which, "struck_out", by=boss, now=house.now, reason="it did")
    contesting.withdraw(said, late, by=boss, now=NOW + MINUTE, reason="it did not")
    assert not verdicts.open_ones()


def test_of_two_who_decide_one_wins_and_the_other_is_told(house: House, late: str) -> None:
    strike = strike_of(late)
    which = (strike.touchpoint_id, strike.mark, late)
    with pytest.raises(contesting.ContestError, match="nobody contests"):
        contesting.decide(*which, "upheld", by=colleague("max", Role.MANAGER), now=NOW, reason="so it was")
    contesting.contest(*which, by=colleague("ada"), now=NOW, reason="it came in time")
    with pytest.raises(contesting.ContestError, match="contested already"):
        contesting.contest(*which, by=colleague("bob"), now=NOW, reason="it came in time")
    contesting.decide(*which, "upheld", by=colleague("lea", Role.LEAD, "Logistics"), now=NOW, reason="so it was")
    with pytest.raises(contesting.ContestError, match="just decided"):
        contesting.decide(*which, "struck_out", by=colleague("moe", Role.MANAGER), now=house.now, reason="no")
    with pytest.raises(contesting.ContestError, match="decided already"):
        contesting.contest(*which, by=colleague("eve"), now=NOW, reason="it came in time")
    # said at the same moment: the decision is the later word
    assert verdicts.latest()[strike.touchpoint_id, strike.mark].verdict == "upheld"


def test_what_is_no_strike_of_this_customer_cannot_be_contested(house: House, late: str) -> None:
    house.send(touchpoint(3, "user:2", "contact.answered", wait_s=1500), touchpoint(4, "user:1", "appreciation.sent"))
    house.digest()
    by = colleague("ada")
    other = strike_of(customer_of("user:2"), "till:3")
    for touchpoint_id, mark in [("till:3", other.mark), ("till:1", "no_such"), ("till:4", "thanked"), ("till:4", "x")]:
        with pytest.raises(contesting.ContestError):
            contesting.contest(touchpoint_id, mark, late, by=by, now=NOW, reason="wrong")
    praised = Mark.objects.get(touchpoint_id="till:4")
    with pytest.raises(contesting.ContestError, match="does not count against us"):
        contesting.contest("till:4", praised.mark, late, by=by, now=NOW, reason="wrong")
    with pytest.raises(contesting.ContestError, match="no reason"):
        contesting.contest("till:1", strike_of(late).mark, late, by=by, now=NOW, reason=" ")
    assert not Correction.objects.exists()


# ---- healed


def test_a_preview_says_what_a_recovery_then_does_and_writes_nothing(house: House, late: str) -> None:
    before, n = index_of(house, late), (Touchpoint.objects.count(), Stale.objects.count(), Mark.objects.count())
    foreseen = healing.preview("till:1", late, at=NOW)
    assert (Touchpoint.objects.count(), Stale.objects.count(), Mark.objects.count()) == n
    assert {back.touchpoint_id for back in foreseen.strikes} == {"till:1"}  # the wait is of no matter, and stays
    made = healing.confirm("till:1", late, by=colleague("ada"), now=NOW, reason="sent a new one, was glad")
    house.digest()
    assert made.issue_id == "o1"
    assert (foreseen.before, foreseen.after) == pytest.approx((before, index_of(house, late)), abs=1e-9)
    assert foreseen.after is not None
    assert foreseen.before is not None
    assert foreseen.after > foreseen.before
    assert all(back.points > 0 for back in foreseen.strikes)
    with pytest.raises(healing.HealError, match="taken back already"):
        healing.confirm("till:1", late, by=colleague("bob"), now=NOW + MINUTE, reason="once more")
    recording.take_back(made, by=colleague("lea", Role.LEAD), now=NOW + MINUTE, reason="was not glad")
    house.digest()
    assert index_of(house, late) == pytest.approx(before, abs=1e-9)


def test_a_strike_of_no_matter_is_healed_with_every_other_and_the_preview_says_so(house: House, late: str) -> None:
    foreseen = healing.preview("till:2", late, at=NOW)
    assert {back.touchpoint_id for back in foreseen.strikes} == {"till:1", "till:2"}
    healing.confirm("till:2", late, by=colleague("ada"), now=NOW, reason="said sorry")
    house.digest()
    backs = Mark.objects.filter(customer=late, mark="recovered").values_list("about", "weighs_as")
    assert set(backs) == {(back.touchpoint_id, back.mark) for back in foreseen.strikes}


def test_what_is_no_strike_or_nobody_said_how_cannot_be_healed(house: House, late: str) -> None:
    with pytest.raises(healing.HealError, match="no such strike"):
        healing.preview("till:99", late, at=house.now)
    with pytest.raises(healing.HealError, match="no reason"):
        healing.confirm("till:1", late, by=colleague("ada"), now=NOW, reason="  ")
    with pytest.raises(healing.HealError, match="still to come"):
        healing.preview("till:1", late, at=NOW - timedelta(days=5))


def test_a_strike_that_was_upheld_can_be_healed(house: House, late: str) -> None:
    strike = strike_of(late)
    which = (strike.touchpoint_id, strike.mark, late)
    contesting.contest(*which, by=colleague("ada"), now=NOW, reason="it came in time")
    contesting.decide(*which, "upheld", by=colleague("max", Role.MANAGER), now=NOW, reason="it did not")
    again(house)
    healing.confirm("till:1", late, by=colleague("bob"), now=house.now, reason="sent a new one")
    again(house)
    assert Mark.objects.filter(customer=late, mark="recovered", about="till:1", weighs_as=strike.mark).exists()


def test_of_two_who_heal_one_wins_and_the_other_is_told_whosever_clock_was_behind(late: str) -> None:
    ada, bob = colleague("ada"), colleague("bob")
    healing.confirm("till:1", late, by=ada, now=NOW + MINUTE, reason="sent flowers")
    for now in (NOW, NOW + MINUTE, NOW + 2 * MINUTE):
        with pytest.raises(healing.HealError, match="taken back already"):
            healing.confirm("till:1", late, by=bob, now=now, reason="called them")
    assert Touchpoint.objects.filter(kind="recovery.confirmed").count() == 1


def test_who_is_named_in_a_strike_withdraws_no_decision_on_it_and_no_contest_of_another(
    house: House, late: str
) -> None:
    strike, ada = strike_of(late), colleague("ada")
    which = strike.touchpoint_id, strike.mark, late
    joe = colleague("joe", "manager", "Logistics", agent="joe")
    boss = colleague("boss", "manager", "")
    contested = contesting.contest(*which, by=ada, now=NOW, reason="wrong")
    with pytest.raises(contesting.Barred, match="about yourself"):
        contesting.withdraw(contested, late, by=joe, now=NOW + MINUTE, reason="no")
    decided = contesting.decide(*which, verdicts.STRUCK_OUT, by=boss, now=NOW + MINUTE, reason="so it was")
    again(house, 2 * MINUTE)
    assert not Mark.objects.filter(touchpoint_id=strike.touchpoint_id, mark=strike.mark).exists()
    with pytest.raises(contesting.Barred, match="about yourself"):
        contesting.withdraw(decided, late, by=joe, now=house.now, reason="no")
    contesting.withdraw(decided, late, by=boss, now=house.now, reason="looked again")
    contesting.withdraw(contested, late, by=boss, now=house.now, reason="looked again")
    again(house)
    own = contesting.contest(*which, by=joe, now=house.now, reason="wrong")
    contesting.withdraw(own, late, by=joe, now=house.now + MINUTE, reason="it was right")
