"""Invitations beside the ratings that they led to: by hand, and the same on both engines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collage.errors import UsageError
from collage.feedback import invited, response
from tests.core.feedback.asking import table_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SENT, DAY, US = datetime(2026, 3, 1, 9, tzinfo=UTC), timedelta(days=1), timedelta(microseconds=1)
AT = SENT + 30 * DAY


def asked(name: str, **more: Any) -> dict[str, Any]:
    of_all = {"identifier": f"user:{name}", "instrument": "csat", "channel": "email", "sent_at": SENT}
    return {"invitation_id": name, **of_all, **more}


def rated(name: str, score: float = 4.0, **more: Any) -> dict[str, Any]:
    of_all = {"identifier": f"user:{name}", "instrument": "csat", "scale_low": 1.0, "scale_high": 5.0}
    given = {"rating_id": f"r{name}", "rated_at": SENT + DAY, "invitation_id": name, "score": score}
    return {**of_all, **given, **more}


def tables(
    invitations: list[dict[str, Any]], ratings: list[dict[str, Any]], who: dict[str, str] | None = None
) -> dict[str, pa.Table]:
    people = [{"customer_id": name, "identifier": each, "state": "plain"} for each, name in (who or {}).items()]
    return {
        "invitations": table_of("invitations", invitations),
        "ratings": table_of("ratings", ratings),
        "customers": table_of("customers", people),
    }


def found(rows: dict[str, pa.Table], **how: Any) -> list[dict[str, Any]]:
    made: ir.Table = invited(*(ibis.memtable(rows[name]) for name in rows), **{"at": AT, **how})
    told: list[dict[str, Any]] = made.order_by("invitation_id").to_pyarrow().to_pylist()
    return told


def answered(invitations: list[dict[str, Any]], ratings: list[dict[str, Any]], **how: Any) -> dict[str, float | None]:
    return {row["invitation_id"]: row["score"] for row in found(tables(invitations, ratings), **how)}


def test_who_was_invited_answers_or_is_silent() -> None:
    rows = tables([asked("a"), asked("b")], [rated("a")], {"user:a": "customer a"})
    one, other = found(rows)
    assert (one["customer_id"], one["responded"], one["score"], one["after_reminder"]) == (
        "customer a",
        True,
        4.0,
        False,
    )
    assert (one["rated_at"], one["scale_low"], one["scale_high"]) == (SENT + DAY, 1.0, 5.0)
    assert (other["customer_id"], other["responded"]) == ("user:b", False)
    assert {other[name] for name in ("rated_at", "score", "scale_low", "scale_high", "after_reminder")} == {None}


def test_what_was_not_sent_was_no_invitation() -> None:
    assert answered([asked("a", sent_at=None, suppressed="cap"), asked("b")], [rated("a")]) == {"b": None}


def test_an_invitation_is_open_for_a_fortnight_to_the_microsecond() -> None:
    close = SENT + 14 * DAY
    invitations = [asked(name) for name in "abc"]
    times = zip("abc", (SENT - US, close, close + US), strict=True)
    ratings = [rated(name, rated_at=at) for name, at in times]
    assert answered(invitations, ratings) == {"a": None, "b": 4.0, "c": None}
    assert answered(invitations, ratings, open_days=15) == {"a": None, "b": 4.0, "c": 4.0}


def test_an_invitation_that_is_still_open_does_not_count() -> None:
    close = SENT + 14 * DAY
    assert answered([asked("a"), asked("b", sent_at=SENT + US)], [rated("b")], at=close) == {"a": None}


def test_a_rating_answers_the_question_that_was_asked() -> None:
    invitations = [asked("a"), asked("b", instrument=None), asked("c"), asked("d")]
    ratings = [
        *(rated("a", instrument="nps"), rated("b", instrument="nps"), rated("c", instrument=None)),
        *(rated("d", 9.0), rated("x", invitation_id=None)),
    ]
    assert answered(invitations, ratings) == {"a": None, "b": 4.0, "c": 4.0, "d": None}


def test_of_two_answers_the_first_counts_and_of_two_questions_the_one_that_is_meant() -> None:
    later = {"rated_at": SENT + DAY + US}
    ratings = [
        rated("a", 1.0, rating_id="r1", item="company", **later),
        rated("a", 2.0, rating_id="r2", item="contact"),
        rated("a", 3.0, rating_id="r3", item="contact"),
        rated("b", 5.0),
    ]
    invitations = [asked("a"), asked("b")]
    assert answered(invitations, ratings) == {"a": 2.0, "b": 5.0}
    assert answered(invitations, ratings, item="company") == {"a": 1.0, "b": 5.0}
    assert answered(invitations, ratings, item="contact") == {"a": 2.0, "b": 5.0}


def test_who_answers_once_reminded_is_known() -> None:
    reminded = {"reminded_at": SENT + 3 * DAY}
    invitations = [asked("a", **reminded), asked("b", **reminded), asked("c", **reminded)]
    ratings = [rated("a"), rated("b", rated_at=SENT + 3 * DAY)]
    rows = found(tables(invitations, ratings))
    assert [row["after_reminder"] for row in rows] == [False, True, None]


def test_a_customer_who_is_asked_twice_is_one() -> None:
    who = {"user:a": "customer", "email:a@example.org": "customer"}
    rows = tables([asked("a"), asked("b", identifier="email:a@example.org")], [], who)
    assert [row["customer_id"] for row in found(rows)] == ["customer", "customer"]


@pytest.mark.parametrize("how", [{"at": datetime(2026, 3, 1)}, {"open_days": 0}])  # noqa: DTZ001  # that is what is refused
def test_a_moment_without_a_zone_and_no_time_to_answer_are_refused(how: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="say who answered"):
        found(tables([], []), **how)


# ---- how many answered


def shares(invitations: list[dict[str, Any]], ratings: list[dict[str, Any]], **how: Any) -> list[dict[str, Any]]:
    made = invited(*(ibis.memtable(table) for table in tables(invitations, ratings).values()), at=AT)
    told: list[dict[str, Any]] = response(made, **how).to_pyarrow().to_pylist()
    return told


def test_five_invitations_by_hand() -> None:
    invitations = [
        *(asked("a", trigger="contact.ended"), asked("b", trigger="agent"), asked("c", trigger="agent.chosen")),
        *(asked("d", trigger="agents_day"), asked("e")),
    ]
    (row,) = shares(invitations, [rated("a"), rated("b")], by=())
    assert (row["invited"], row["responded"], row["share"], row["agent_triggered"]) == (5, 2, 0.4, 0.5)
    # Wilson: (2 + 1.9207 ± 1.96·√(2·3/5 + .9604))/(5 + 3.8415)
    assert (row["low"], row["high"]) == (pytest.approx(0.1176, abs=1e-4), pytest.approx(0.7693, abs=1e-4))


def test_channels_stand_apart_and_unknown_triggers_say_nothing() -> None:
    found = shares([asked("a"), asked("b", channel="sms"), asked("c", channel="sms")], [rated("b")])
    by_channel = {row["channel"]: (row["invited"], row["share"], row["agent_triggered"]) for row in found}
    assert by_channel == {"email": (1, 0.0, None), "sms": (2, 0.5, None)}


def test_of_no_invitation_no_share_is_told() -> None:
    assert shares([], []) == []
    (row,) = shares([], [], by=())
    assert (row["invited"], row["responded"], row["share"], row["low"]) == (0, 0, None, None)


def test_a_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match="by colour"):
        shares([], [], by=["colour"])


@pytest.mark.spark
@pytest.mark.slow
def test_duckdb_and_spark_agree(duckdb: Any, spark: SparkSession, tmp_path: Path) -> None:
    random = Random(3)
    some = range(500)
    times = [random.choice([None, SENT, SENT + 20 * DAY, SENT + DAY / 3]) for _ in some]
    triggers = [random.choice([None, "agent", "contact.ended"]) for _ in some]
    invitations = [
        asked(f"{n}", sent_at=times[n], trigger=triggers[n], reminded_at=random.choice([None, SENT + DAY]))
        for n in some
    ]
    ratings = [
        rated(f"{random.choice(some)}", random.randint(1, 5), rating_id=f"r{n}", rated_at=SENT + n * DAY / 30)
        for n in some
    ]
    who = {f"user:{n}": f"user:{n // 2}" for n in some if n % 3}
    for name, table in tables(invitations, ratings, who).items():
        pq.write_table(table, tmp_path / f"{name}.parquet")
    both = []
    for backend in (duckdb, ibis.pyspark.connect(spark)):
        read = [backend.read_parquet(str(file)) for file in (tmp_path / f"{name}.parquet" for name in tables([], []))]
        sent = invited(*read, at=AT)
        counted = backend.to_pyarrow(response(sent, by=("trigger",))).sort_by("trigger").to_pylist()
        both.append((backend.to_pyarrow(sent).sort_by("invitation_id").to_pylist(), counted))
    assert len(both[0][0]) > 200
    assert both[0][0] == both[1][0]
    assert all(one == pytest.approx(other) for one, other in zip(both[0][1], both[1][1], strict=True))
