"""Who does not answer: by hand, against foreign numbers, under changes that must not matter, where truth is known."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from collage import experience, simulate
from collage.errors import UsageError
from collage.feedback import SHIFTS, Adjusted, Estimate, NonResponse, nonresponse
from collage.feedback.columns import as_invited, known
from collage.feedback.tipping import moved
from tests.core.feedback.asking import Population, asked, population

Numbers = npt.NDArray[np.float64]


def adjusted(found: NonResponse) -> Adjusted:
    assert found.adjusted is not None
    return found.adjusted


def numbers(found: Estimate) -> tuple[float | None, ...]:
    return found.value, found.low, found.high


def people(n: int) -> npt.NDArray[np.int64]:
    return np.arange(n)


def flat(score: Numbers, responded: npt.NDArray[np.bool_], **more: Any) -> pa.Table:
    """Return invitations of as many customers, whose experience says nothing."""
    return asked(people(score.size), score, responded, experience=np.zeros(score.size), **more)


# ---- by hand


def test_five_invitations_by_hand() -> None:
    responded = np.array([True, True, False, False, False])
    channel = ["email", "phone", "email", "email", "email"]
    found = nonresponse(flat(np.array([5.0, 3.0, 1.0, 1.0, 1.0]), responded, channel=channel))
    assert (found.verdict, found.n_invited, found.n_responded, found.n_customers) == ("too few", 5, 2, 5)
    # Wilson: (2 + 1.9207 ± 1.96·√(2·3/5 + .9604))/(5 + 3.8415)
    assert found.response is not None
    assert numbers(found.response) == pytest.approx((0.4, 0.1176, 0.7693), abs=1e-4)
    email, phone = found.responding
    assert (email.kind, email.value, email.invited, email.responded, email.share.value) == (
        "channel",
        "email",
        4,
        1,
        0.25,
    )
    assert (phone.value, phone.invited, phone.share.value, phone.share.high) == ("phone", 1, 1.0, 1.0)
    assert (found.scale, found.high_from) == ((1.0, 5.0), 4.0)
    assert (found.raw, found.adjusted, found.late) == (None, None, None)


def test_what_nobody_can_dispute_by_hand() -> None:
    score, responded = np.tile([5.0, 3.0, 1.0, 1.0], 5), np.tile([True, True, False, False], 5)
    raw = nonresponse(flat(score, responded), kinds=()).raw
    assert raw is not None
    assert (raw.mean.value, raw.high.value) == (4.0, 0.5)
    assert raw.high_bounds == (0.25, 0.75)  # half responded, half of these high
    assert raw.mean_bounds == (2.5, 4.5)  # half at 4, the others at 1 or at 5


def test_two_channels_weigh_as_they_were_invited_and_not_as_they_answered() -> None:
    # by email 100 of 500 answered, 4 on the average; by telephone 300 of 500, 3 on the average
    email = np.where(np.arange(500) % 2 == 0, 3.0, 5.0), np.arange(500) < 100
    phone = np.where(np.arange(500) % 2 == 0, 2.0, 4.0), np.arange(500) < 300
    table = flat(
        *(np.concatenate(both) for both in zip(email, phone, strict=True)), channel=["email"] * 500 + ["phone"] * 500
    )
    found = nonresponse(table)
    assert found.raw is not None
    assert (found.raw.mean.value, adjusted(found).known) == (3.25, ("channel",))
    assert adjusted(found).mean.value == pytest.approx(3.5, abs=1e-3)
    assert adjusted(found).high.value == pytest.approx(0.5, abs=1e-3)
    # weights 5 and 1/.6: (100·5 + 300·1.667)²/(100·25 + 300·2.778) = 300
    assert adjusted(found).effective == pytest.approx(300.0, rel=0.02)
    assert [row.shift for row in adjusted(found).tipping] == list(SHIFTS)
    # six in ten are silent: by email 400 who would give 3 or 5, by telephone 200 who would give 2 or 4
    silent = np.array([3.0, 5.0, 2.0, 4.0]), np.array([200.0, 200.0, 100.0, 100.0])
    for row in adjusted(found).tipping:
        assert row.mean.value == pytest.approx(adjusted(found).mean.value + 0.6 * row.shift)
        by = moved(*silent, high_from=4.0, by=row.shift).high
        assert row.high.value == pytest.approx(adjusted(found).high.value + 0.6 * by, abs=1e-3)


def test_nobody_speaks_for_more_than_ten_times_as_many_as_is_usual() -> None:
    # by email 500 of 1000 answered and stand for two each, by telephone 10 of 1000: they would stand for a hundred
    responded = np.concatenate([np.arange(1000) < 500, np.arange(1000) < 10])
    score = np.where(np.arange(2000) % 2 == 0, 3.0, 5.0) - (np.arange(2000) >= 1000)
    found = adjusted(nonresponse(flat(score, responded, channel=["email"] * 1000 + ["phone"] * 1000)))
    assert found.cut == 10
    assert found.effective == pytest.approx((500 * 2 + 10 * 20) ** 2 / (500 * 4 + 10 * 400), rel=0.01)
    # what is expected by the regression makes good what the cut takes, but for the ridge
    assert found.mean.value == pytest.approx(3.5, abs=0.05)


def test_who_had_to_be_reminded_stands_beside_the_others() -> None:
    score, responded = np.tile([5.0, 4.0, 3.0, 2.0, 1.0, 1.0], 60), np.tile([True] * 4 + [False] * 2, 60)
    late = [None if not did else bool(n % 6 >= 2) for n, did in enumerate(responded)]
    found = nonresponse(flat(score, responded, after_reminder=late), kinds=()).late
    assert found is not None
    assert (found.n_before, found.n_after, found.difference.value) == (120, 120, -2.0)
    # sd .5 in both, 240 customers: 2·.25/120·240/239, t at 239
    assert found.difference.high is not None
    assert found.difference.high + 2.0 == pytest.approx(1.96994 * np.sqrt(0.5 / 120 * 240 / 239), rel=1e-5)
    assert found.unexpected.value == pytest.approx(-2.0)  # of people of whom nothing is known, nothing is expected


def test_nine_who_were_reminded_are_too_few() -> None:
    score, responded = np.tile([5.0, 3.0, 1.0], 120), np.tile([True, True, False], 120)
    late = [bool(n in (0, 1, 3, 4, 6, 7, 9, 10, 12)) for n in range(360)]
    assert nonresponse(flat(score, responded, after_reminder=late), kinds=()).late is None
    assert nonresponse(flat(score, responded), kinds=()).late is None


def test_an_earlier_answer_counts_once_it_was_given() -> None:
    start, day = datetime(2026, 1, 1, tzinfo=UTC), timedelta(days=1)
    sent = [start, start + 10 * day, start + 20 * day, start]
    rated = [start + 15 * day, None, None, None]
    responded = np.array([True, False, False, False])
    table = flat(np.full(4, 3.0), responded, sent_at=sent, rated_at=pa.array(rated, pa.timestamp("us", "UTC")))
    table = table.set_column(0, "customer_id", [["a", "a", "a", "b"]])
    past = as_invited(table, kinds=()).past
    assert past is not None
    # drawn to a quarter, the share of all: 0 of none, 0 of one (not yet answered), 1 of two, 0 of none
    assert past.tolist() == pytest.approx([0.25, 0.125, 1.25 / 3, 0.25])


def test_what_is_known_of_everybody_has_how_far_experience_is_from_the_middle() -> None:
    table = population(np.random.default_rng(6), 500).invited
    names, columns = known(as_invited(table, kinds=()))
    far = np.abs(table["experience"].to_numpy() - table["experience"].to_numpy().mean())
    assert names == ("experience", "extremity")
    assert columns.shape == (500, 6)  # a constant, the spline's four, and this
    assert columns[:, 5] == pytest.approx((far - far.mean()) / far.std())


# ---- against other people's numbers


def test_the_raw_interval_is_that_of_statsmodels_for_clusters() -> None:
    sm = pytest.importorskip("statsmodels.api")
    made = population(np.random.default_rng(1), 3000, each=6)
    found = nonresponse(made.invited, kinds=()).raw
    answers = made.invited.filter(made.invited["responded"])
    score, who = answers["score"].to_numpy(), answers["customer_id"].to_numpy()
    foreign = sm.OLS(score, np.ones(score.size)).fit(cov_type="cluster", cov_kwds={"groups": who}, use_t=True)
    assert found is not None
    assert numbers(found.mean) == pytest.approx((foreign.params[0], *foreign.conf_int()[0]))


# ---- under changes that must not matter


def same(one: NonResponse, other: NonResponse) -> None:
    for mine, theirs in zip(figures(one), figures(other), strict=True):
        assert numbers(mine) == pytest.approx(numbers(theirs), abs=1e-7)


def figures(of: NonResponse) -> list[Estimate]:
    assert of.raw is not None
    found = [of.raw.mean, of.raw.high, adjusted(of).mean, adjusted(of).high]
    return found + [each for row in adjusted(of).tipping for each in (row.mean, row.high)]


def test_neither_the_order_of_rows_nor_the_names_of_customers_change_anything() -> None:
    rng = np.random.default_rng(2)
    table = population(rng, 2000, each=4).invited
    names = [f"user:{7 * number % 997}" for number in table["customer_id"].to_pylist()]
    table = table.append_column("evidence", [rng.random(2000)])
    other = table.set_column(0, "customer_id", [names]).take(rng.permutation(2000))
    same(nonresponse(table, kinds=()), nonresponse(other, kinds=()))


def test_a_scale_of_other_numbers_changes_the_means_alone() -> None:
    table = population(np.random.default_rng(3), 2000).invited
    moved = {
        name: pa.array(25.0 * (table[name].to_numpy() - 1.0), from_pandas=True)
        for name in ("score", "scale_low", "scale_high")
    }
    other = pa.table({name: moved.get(name, table[name]) for name in table.column_names})
    plain, found = (nonresponse(each, kinds=()) for each in (table, other))
    assert (found.scale, found.high_from) == ((0.0, 100.0), 75.0)
    for mine, theirs in zip(figures(plain), figures(found), strict=True):
        raised = 25.0 * (np.array(numbers(mine), float) - 1.0)
        expected = raised if theirs.value > 1.0 else np.array(numbers(mine), float)
        assert numbers(theirs) == pytest.approx(tuple(expected), abs=1e-6)


def test_every_invitation_twice_is_one_answer_of_each_customer_still() -> None:
    table = population(np.random.default_rng(4), 4000).invited
    once, twice = (nonresponse(each, kinds=()) for each in (table, pa.concat_tables([table, table])))
    assert twice.n_invited == 2 * once.n_invited
    assert once.raw is not None
    assert twice.raw is not None
    assert numbers(twice.raw.mean) == pytest.approx(numbers(once.raw.mean))
    # the ridge weighs half as much, the regressions have used up less
    assert numbers(adjusted(twice).mean) == pytest.approx(numbers(adjusted(once).mean), abs=5e-3)


def test_where_everybody_answers_nothing_is_adjusted() -> None:
    made = population(np.random.default_rng(5), 1000)
    every = asked(people(1000), made.would_score, np.ones(1000, bool), experience=made.invited["experience"])
    found = nonresponse(every, kinds=())
    assert found.raw is not None
    assert adjusted(found).mean.value == pytest.approx(found.raw.mean.value)
    assert {round(row.mean.value, 9) for row in adjusted(found).tipping} == {round(found.raw.mean.value, 9)}
    assert found.raw.high_bounds == (found.raw.high.value,) * 2


def test_answers_that_are_all_alike_tell_of_no_interval_and_of_nothing_to_tip() -> None:
    found = nonresponse(flat(np.full(400, 5.0), np.arange(400) % 4 == 0), kinds=())
    assert (numbers(adjusted(found).mean), adjusted(found).tipping) == ((5.0, None, None), ())
    assert numbers(adjusted(found).high) == (1.0, None, None)


# ---- what there is too little of, and what is refused


@pytest.mark.parametrize(
    ("invited", "answers", "verdict"), [(299, 60, "too few"), (300, 49, "too few"), (300, 50, "adjusted")]
)
def test_from_three_hundred_invited_and_fifty_answers_on_figures_are_adjusted(
    invited: int, answers: int, verdict: str
) -> None:
    score = (1 + np.arange(invited) % 5).astype(np.float64)
    found = nonresponse(flat(score, np.arange(invited) < answers), kinds=())
    assert (found.verdict, found.adjusted is not None, found.raw is not None) == (verdict, verdict == "adjusted", True)


def test_of_silence_alone_only_silence_is_told() -> None:
    found = nonresponse(flat(np.ones(400), np.zeros(400, bool), after_reminder=pa.nulls(400, pa.bool_())), kinds=())
    assert (found.verdict, found.n_responded, found.scale, found.high_from, found.raw) == (
        "too few",
        0,
        None,
        None,
        None,
    )
    assert nonresponse(flat(np.ones(0), np.zeros(0, bool)), kinds=()).response is None


def broken(**more: Any) -> pa.Table:
    table = flat(np.array([5.0, 3.0, 1.0]), np.array([True, True, False]))
    columns = {name: more.get(name, table[name]) for name in table.column_names}
    return pa.table({**columns, **more})


@pytest.mark.parametrize(
    ("table", "found"),
    [
        (broken().drop_columns("experience"), "no experience"),
        (broken(experience=[0.0, None, 1.0]), "experience is null 1 times"),
        (broken(experience=[0.0, float("nan"), 1.0]), "experience is no number"),
        (broken(evidence=[0.5, 0.5, None]), "evidence is null"),
        (broken(score=[5.0, None, None]), "no score on the scale"),
        (broken(score=[5.0, 6.0, None]), "no score on the scale"),
        (broken(scale_high=[5.0, 7.0, None]), "scales 1 to 5, 1 to 7"),
        (broken(scale_low=[None, 1.0, None]), "scales"),
        (broken(sent_at=[datetime(2026, 1, 1)] * 3, rated_at=pa.nulls(3, pa.timestamp("us"))), "rated_at is null"),  # noqa: DTZ001  # Arrow knows no zone either
    ],
)
def test_what_cannot_be_used_is_refused(table: pa.Table, found: str) -> None:
    with pytest.raises(UsageError, match=found):
        nonresponse(table, kinds=())
    with pytest.raises(UsageError, match="no channel"):
        nonresponse(broken())


# ---- where the truth is known: AC16


def off(made: Population, found: NonResponse) -> list[float]:
    """Return by how much the raw and the adjusted mean are off, and the raw and the adjusted share of high scores."""
    assert found.raw is not None
    means, shares = (found.raw.mean, adjusted(found).mean), (found.raw.high, adjusted(found).high)
    return [each.value - made.mean for each in means] + [each.value - made.high for each in shares]


def test_what_experience_tells_of_silence_is_put_right() -> None:
    rng = np.random.default_rng(16)
    every = [population(rng, 20_000) for _ in range(25)]
    raw_mean, mean, raw_high, high = np.mean([off(made, nonresponse(made.invited, kinds=())) for made in every], axis=0)
    assert raw_mean < -0.15
    assert raw_high < -0.04
    assert abs(mean) <= 0.1 * abs(raw_mean)
    assert abs(high) <= 0.1 * abs(raw_high)


def test_the_adjusted_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng, held = np.random.default_rng(17), []
    for _ in range(150):
        found = adjusted(nonresponse(population(rng, 2000, each=4).invited, kinds=()))
        for estimate, truth in ((found.mean, 4.14), (found.high, 0.79)):
            assert estimate.low is not None
            assert estimate.high is not None
            held.append(estimate.low <= truth <= estimate.high)
    assert np.mean(held) >= 0.92


def test_what_only_the_silent_know_is_not_put_right_but_lies_within_the_printed_table() -> None:
    rng = np.random.default_rng(18)
    for _ in range(20):
        made = population(rng, 20_000, residual=0.4)
        found = nonresponse(made.invited, kinds=())
        assert adjusted(found).mean.value < made.mean - 0.1  # nobody should think otherwise
        table = adjusted(found).tipping
        assert table[0].mean.value < made.mean < table[-1].mean.value
        assert table[0].high.value < made.high < table[-1].high.value
        assert found.raw is not None
        assert found.raw.high_bounds[0] < made.high < found.raw.high_bounds[1]
        assert found.raw.mean_bounds[0] < made.mean < found.raw.mean_bounds[1]


def company(duckdb: Any) -> Population:
    """Return who was asked in a simulated company, with the truth that is written beside it."""
    causes, size = simulate.Causes(), simulate.Size(1500, 365, date(2026, 1, 1))
    made = simulate.simulated(causes, size, seed=1, catalogue=experience.default(), ask=duckdb.to_pyarrow)
    truth = made.truth["invitations"].select(["invitation_id", "customer", "experience", "would_score", "answered"])
    every = truth.join(made.tables["invitations"].select(["invitation_id", "channel", "sent_at"]), "invitation_id")
    every = every.join(made.tables["ratings"].select(["invitation_id", "rated_at"]), "invitation_id")
    customer = every["customer"].combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
    score = every["would_score"].to_numpy().astype(float)
    responded = every["answered"].to_numpy(zero_copy_only=False).astype(bool)
    more = {name: every[name] for name in ("experience", "channel", "sent_at", "rated_at")}
    return Population(asked(customer, score, responded, **more), score)


@pytest.mark.slow
def test_in_a_simulated_company_the_adjusted_figures_are_nearer_to_the_truth(duckdb: Any) -> None:
    made = company(duckdb)
    found = nonresponse(made.invited)
    raw_mean, mean, raw_high, high = off(made, found)
    assert adjusted(found).known == ("experience", "extremity", "past", "channel")
    assert abs(mean) < 0.5 * abs(raw_mean)
    assert abs(high) < 0.5 * abs(raw_high)
