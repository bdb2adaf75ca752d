"""The truth: contributions sum, parts sum, and every switch of a rating does what it says."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pytest

from collage import customers, experience, promises
from collage.simulate import Causes, Ratings, Size, simulated
from collage.simulate.folding import Ask, faded
from collage.simulate.rating import PARTS, Rated, asked, rated
from collage.simulate.rows import CHANNELS, DAY, DEPARTMENTS
from tests.core.simulate.conftest import END, Remembered

INHERITED = slice(0, len(DEPARTMENTS) + 2)
CONTACT = slice(len(DEPARTMENTS) + 2, len(DEPARTMENTS) + 5)
OWN_AND_PROCESS = slice(len(DEPARTMENTS) + 2, len(DEPARTMENTS) + 4)

# what is remembered of a company is worked out once, by one of the workers
pytestmark = pytest.mark.xdist_group("truth")


def answers(remembered: Remembered, **causes: Any) -> Rated:
    """Return what would be answered by other causes of ratings, by the same chance."""
    ratings = replace(Ratings(), **causes)
    company = replace(remembered.company, causes=replace(remembered.company.causes, ratings=ratings))
    rng = np.random.default_rng(7)
    return rated(rng, company, asked(rng, company), remembered.marks, remembered.catalogue)


def correlation(one: Any, other: Any) -> float:
    return float(np.corrcoef(one, other)[0, 1])


@pytest.fixture(scope="module")
def usual(remembered: Remembered) -> Rated:
    return answers(remembered)


def test_the_parts_of_every_answer_sum(usual: Rated) -> None:
    whole = usual.parts.sum(axis=1) + usual.u + usual.mode + usual.noise
    assert np.abs(whole - usual.eta).max() < 1e-9
    assert usual.parts.shape[1] == len(DEPARTMENTS) + 1 + len(PARTS)


def test_experience_has_the_spread_that_was_asked_for_and_scores_their_shares(usual: Rated) -> None:
    assert usual.experience.std() == pytest.approx(0.6)
    for most, below in enumerate(Ratings().below, start=1):
        assert (usual.score <= most).mean() == pytest.approx(below, abs=0.002)
    assert usual.noise.std() == pytest.approx(1.0, abs=0.03)


def test_true_weights_lie_between_the_factors(remembered: Remembered) -> None:
    shipped = {mark.name: mark.weight for mark in experience.default().weighing}
    factors = np.array([mark.weight / shipped[mark.name] for mark in remembered.catalogue.weighing])
    assert factors.min() >= 0.9
    assert factors.max() <= 1.7
    assert factors.std() > 0.1


@pytest.mark.parametrize("kappa", [0.0, 0.5, 4.0, math.inf])
@pytest.mark.parametrize("peak", [0.0, 0.3])
def test_contributions_sum_to_experience_by_hand(remembered: Remembered, kappa: float, peak: float) -> None:
    ratings = Ratings(kappa=kappa, peak=peak, kernel="signs", credit_days=45.0, strike_days=120.0)
    marks, rules = remembered.marks, remembered.catalogue.weighing
    for customer in (3, 77, 2_600):
        at = int(marks.at[marks.customer == customer].max()) - 20 * DAY
        (left,) = faded(marks, Ask(np.array([customer]), np.array([at])), remembered.catalogue, ratings)
        total, evidence, worst = 0.0, 0.0, 0.0
        for place in np.flatnonzero((marks.customer == customer) & (marks.at <= at)).tolist():
            rule = rules[int(marks.weighs[place])]
            half = 120.0 if rule.weight < 0 else 45.0
            kernel = 2.0 ** (-(at - int(marks.fades_from[place])) / DAY / half)
            value = rule.weight * float(marks.severity[place]) * kernel
            total, evidence = total + value, evidence + float(marks.evidence[place]) * kernel
            worst += value**4 if rule.weight < 0 and marks.severity[place] > 0 else 0.0
        e = total if math.isinf(kappa) else (kappa + 1) * total / (kappa + evidence)
        assert left.phi.sum() == pytest.approx(e - peak * worst**0.25, abs=1e-9)


def test_however_many_customers_there_are_each_is_found(remembered: Remembered) -> None:
    everybody, many = np.arange(300), 1_000_000
    at = np.full(everybody.size, remembered.company.span.end - 30 * DAY)
    found = []
    for first in (0, many):
        marks = replace(remembered.marks, customer=remembered.marks.customer + first)
        (left,) = faded(marks, Ask(everybody + first, at), remembered.catalogue, Ratings())
        found.append(np.bincount(left.ask, left.phi, everybody.size))
    one, other = found
    assert np.array_equal(one, other)
    assert np.abs(one).max() > 0.1


def test_kernels_forget_as_they_say(remembered: Remembered) -> None:
    def halves(**causes: Any) -> dict[str, float]:
        """Return the mean share of strikes and of credits that is left 60 days after the last of them."""
        marks, everybody = remembered.marks, np.arange(200)
        ratings, found = replace(Ratings(), kappa=math.inf, **causes), {}
        weight = np.array([rule.weight for rule in remembered.catalogue.weighing])[marks.weighs]
        (left,) = faded(marks, Ask(everybody, np.full(200, remembered.company.span.end)), remembered.catalogue, ratings)
        new = weight[left.mark] * marks.severity[left.mark]  # 0 where the cap of its issue left nothing of a strike
        share = np.divide(left.phi, new, out=np.zeros_like(new), where=new != 0.0)
        age = (remembered.company.span.end - marks.fades_from[left.mark]) / DAY
        near = (np.abs(age - 60.0) < 1.0) & (new != 0.0)
        for name, which in (("strikes", weight[left.mark] < 0), ("credits", weight[left.mark] > 0)):
            found[name] = float(share[near & which].mean())
        return found

    signs = halves(kernel="signs", credit_days=45.0, strike_days=120.0)
    assert signs["strikes"] == pytest.approx(2 ** (-60 / 120), abs=0.01)
    assert signs["credits"] == pytest.approx(2 ** (-60 / 45), abs=0.01)
    equal = halves(kernel="signs", credit_days=90.0, strike_days=90.0)
    assert equal["strikes"] == pytest.approx(equal["credits"], abs=0.01)
    assert halves(kernel="power")["strikes"] == pytest.approx((1 + 60 / 20) ** -0.7, abs=0.01)
    assert halves(kernel="classes")["credits"] != pytest.approx(signs["credits"], abs=0.02)


def test_without_carry_over_nothing_is_inherited_and_a_rating_knows_nothing_of_the_past(
    remembered: Remembered, usual: Rated
) -> None:
    alone = answers(remembered, carry_over=False)
    assert np.abs(alone.parts[:, INHERITED]).max() == 0.0
    past = usual.parts[:, INHERITED].sum(axis=1)
    assert abs(correlation(past, alone.score)) < 0.06
    assert correlation(past, usual.score) > 0.2


def test_the_contact_counts_for_more_the_larger_rho_is(remembered: Remembered) -> None:
    def inherited(own: float) -> float:
        found = answers(remembered, own=own, agent_sd=0.0)
        past, contact = (found.parts[:, part].sum(axis=1).var() for part in (INHERITED, CONTACT))
        return float(past / (past + contact))

    least, middle, most = (inherited(own) for own in (0.0, 1.0, 4.0))
    assert least > middle > most
    assert most < 0.5 < least


def test_answers_on_the_telephone_are_kinder_by_the_mode_shift(remembered: Remembered, usual: Rated) -> None:
    by_phone = usual.asked.channel == CHANNELS.index("phone")
    assert usual.mode[by_phone].tolist() == [0.15] * int(by_phone.sum())
    assert usual.mode[~by_phone].max() == 0.0
    assert np.abs(answers(remembered, phone_shift=0.0).mode).max() == 0.0


def test_who_answers_depends_on_experience_and_on_nothing_else_unless_it_should(
    remembered: Remembered, usual: Rated
) -> None:
    residual = answers(remembered, residual=0.8)
    for found, strong in ((usual, False), (residual, True)):
        far = np.abs(found.experience - found.experience.mean())
        assert correlation(found.answered, far) > 0.05
        assert (abs(correlation(found.answered, found.noise)) > 0.06) == strong
    assert usual.answered.mean() == pytest.approx(0.145, abs=0.03)
    # the extremely unhappy answer more, so that answers are worse than what all would have said
    assert usual.score[usual.answered].mean() < usual.score.mean() - 0.08
    assert residual.score[residual.answered].mean() < usual.score[usual.answered].mean()


def test_nobody_is_asked_twice_within_the_cap_nor_who_does_not_want_to_be(remembered: Remembered) -> None:
    every = asked(np.random.default_rng(3), remembered.company)
    sent = every.fate == 0
    same = np.diff(every.customer[sent]) == 0
    assert np.diff(every.at[sent])[same].min() >= 30 * DAY
    refusing = np.unique(every.customer[every.fate == 2]).size / np.unique(every.customer).size
    assert refusing == pytest.approx(0.05, abs=0.02)
    assert (every.fate == 1).sum() > 100


def test_where_the_truth_is_the_shipped_catalogue_the_score_of_the_dataset_is_the_truth(
    ask: Callable[[Any], pa.Table],
) -> None:
    shipped = experience.default()
    causes = Causes(ratings=Ratings(kernel="classes", kappa=shipped.kappa, weight_least=1.0, weight_most=1.0))
    made = simulated(causes, Size(60, 200, END), seed=1, catalogue=shipped, ask=ask)
    touchpoints, claims, promised = (ibis.memtable(made.tables[name]) for name in ("touchpoints", "claims", "promises"))
    every = touchpoints.union(promises.touchpoints(promised))
    who = ibis.memtable(ask(customers.customers(touchpoints, ibis.memtable(ask(claims)))))
    at = max(made.tables["touchpoints"]["occurred_at"].to_pylist())
    scores = experience.score(experience.marks(every, who, shipped), every, who, shipped, at=at)
    found = dict(zip(*ask(scores.select("customer_id", "experience")).to_pydict().values(), strict=True))
    truth, names = made.truth["customers"].to_pydict(), made.truth["identifiers"].to_pydict()
    scale = made.truth["marks"]["weight"][0].as_py() / made.truth["marks"]["shipped"][0].as_py()
    expected = dict(zip(truth["customer"], truth["experience"], strict=True))
    of = dict(zip(names["identifier"], names["customer"], strict=True))
    assert {of[name]: e for name, e in found.items()} == pytest.approx(
        {of[name]: expected[of[name]] / scale for name in found}, abs=1e-9
    )
    assert len(found) > 50


def test_an_agent_and_a_department_add_to_an_answer_what_they_are(remembered: Remembered, usual: Rated) -> None:
    staff = remembered.company.staff
    even = replace(staff, alpha=np.zeros_like(staff.alpha), effect=np.zeros_like(staff.effect))
    without = answers(replace(remembered, company=replace(remembered.company, staff=even)))
    contacts = remembered.company.contacts.some(usual.asked.contact)
    own, process = (usual.parts - without.parts)[:, OWN_AND_PROCESS].T
    assert own == pytest.approx(staff.alpha[contacts.agent])
    assert process == pytest.approx(staff.effect[contacts.department])
