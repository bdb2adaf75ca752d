"""What the report says of who did not answer: the library's numbers, and what nobody can know."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from collage import experience, feedback, store
from collage.cli.opening import last, marked
from collage.feedback import Adjusted, Estimate, Late, NonResponse, Raw
from collage.report import Figures, page
from collage.report.silence import Silence, silence, with_experience
from tests.core.report.earning import EN, Earning, said, section

pytestmark = pytest.mark.xdist_group("report")  # the company is made once, not once a worker


def test_the_silent_are_those_of_the_library(earning: Earning) -> None:
    found = earning.figures.silence
    assert found is not None
    sent = found.found
    text = section(earning.html)
    assert sent.response is not None
    assert f"{EN.share(sent.response.value)} ({EN.shares(sent.response.low, sent.response.high)}) of" in text
    assert sent.raw is not None
    assert sent.adjusted is not None
    assert f"who answered, n {EN.number(sent.n_responded)} {EN.number(sent.raw.mean.value, 2)}" in text
    assert f"likely, n {EN.number(sent.n_invited)} {EN.number(sent.adjusted.mean.value, 2)}" in text
    assert f"all, whatever the silent think {EN.between(*sent.raw.mean_bounds, 2)}" in text
    for row in sent.adjusted.tipping:
        assert f"{EN.signed(row.shift, 1)} {EN.number(row.mean.value, 2)}" in text
    assert "What the silent think beyond what their experience tells, nobody can know." in text


def test_their_experience_is_that_of_the_score_when_the_invitation_was_sent(earning: Earning) -> None:
    engine = store.connect()
    try:
        dataset = store.open_dataset(earning.company, engine)
        tables, at = marked(dataset, None), last(dataset)
        marks, who = engine.kept(tables.marks), tables.customers
        invited = feedback.invited(dataset.table("invitations"), dataset.table("ratings"), who, at=at)
        keys = who.select(known=who.identifier, key=who.number)
        some = (
            invited.inner_join(keys, invited.identifier == keys.known).drop("known").order_by("invitation_id").limit(40)
        )
        found = with_experience(some.to_pyarrow(), marks, who, tables.catalogue, ask=lambda table: table.to_pyarrow())
        for row in found.to_pylist()[::8]:
            score = experience.score(marks, tables.touchpoints, who, tables.catalogue, at=row["sent_at"])
            theirs = score.filter(score.customer_id == row["customer_id"]).to_pyarrow().to_pylist()
            assert row["experience"] == pytest.approx(theirs[0]["experience"] if theirs else 0.0, abs=1e-9)
            assert row["evidence"] == pytest.approx(theirs[0]["evidence"] if theirs else 0.0, abs=1e-9)
    finally:
        engine.close()


def test_the_question_asked_the_most_often_is_the_one_and_others_are_counted(earning: Earning, tmp_path: Path) -> None:
    folder = tmp_path / "two"
    folder.mkdir()
    for name in ("touchpoints", "claims", "promises", "ratings"):
        pq.write_table(pq.read_table(earning.company / f"{name}.parquet"), folder / f"{name}.parquet")
    asked = pq.read_table(earning.company / "invitations.parquet")
    names = ["nps" if at % 5 == 0 else name for at, name in enumerate(asked["instrument"].to_pylist())]
    place = asked.column_names.index("instrument")
    pq.write_table(asked.set_column(place, "instrument", [names]), folder / "invitations.parquet")
    engine = store.connect()
    try:
        dataset = store.open_dataset(folder, engine)
        tables, at = marked(dataset, None), last(dataset)
        invited = feedback.invited(dataset.table("invitations"), dataset.table("ratings"), tables.customers, at=at)
        found = silence(
            invited, tables.marks, tables.customers, tables.catalogue, ask=lambda table: table.to_pyarrow()
        )  # fmt: skip
    finally:
        engine.close()
    assert found is not None
    assert found.instrument == "csat"
    assert found.others + found.found.n_invited == earning.figures.silence.found.n_invited  # type: ignore[union-attr]  # there
    assert found.others > 100


def test_where_it_is_not_recorded_who_was_asked_it_is_said_what_to_do(earning: Earning) -> None:
    text = section(page(replace(earning.figures, silence=None), language="en"))
    assert "Who stays silent is not known: no invitation is recorded that was sent 14 days ago or earlier." in text
    assert "whatever the silent think" not in text


def of(found: NonResponse, base: Figures) -> str:
    """Return what is said of who did not answer."""
    return said(replace(base, silence=Silence("csat", 0, found)))


def test_it_is_said_whether_the_silent_are_more_content_or_less_or_hardly_differ(earning: Earning) -> None:
    assert earning.figures.silence is not None
    found = earning.figures.silence.found
    assert isinstance(found.adjusted, Adjusted)
    assert isinstance(found.raw, Raw)
    for raw, words in (
        (3.0, "likely more content."),
        (4.0, "the silent hardly differ."),
        (5.0, "likely less content."),
    ):
        mean = replace(found.adjusted, mean=Estimate(4.0, 3.9, 4.1))
        text = of(replace(found, raw=replace(found.raw, mean=Estimate(raw, 2.0, 5.0)), adjusted=mean), earning.figures)
        assert words in text
        assert f"Those who answered gave {EN.number(raw, 2)} (2.00 to 5.00) on average" in text


def test_those_who_had_to_be_reminded_are_told_apart(earning: Earning) -> None:
    assert earning.figures.silence is not None
    late = Late(300, 40, Estimate(-0.3, -0.5, -0.1), Estimate(-0.2, -0.4, 0.0))
    text = of(replace(earning.figures.silence.found, late=late), earning.figures)
    assert "40 answered only after a reminder: −0.30 (−0.50 to −0.10) points against those who needed none" in text


def test_of_too_few_nothing_is_claimed(earning: Earning) -> None:
    assert earning.figures.silence is not None
    few = replace(earning.figures.silence.found, verdict="too few", adjusted=None, late=None)
    text = of(few, earning.figures)
    assert "Nothing is claimed about the silent before 300 invitations were sent and 50 answered." in text
    assert "Certain, whatever they think" in text
    assert "If they all score" not in text
    nobody = replace(few, raw=None, scale=None, high_from=None, n_responded=0)
    assert "Certain" not in of(nobody, earning.figures)
    whole = page(replace(earning.figures, silence=Silence(None, 0, nobody)), language="de")
    assert 'data-silent="adjusted"' not in whole
