"""The estimators of the fit: by hand, against other people's implementations, and what must not matter to them."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import norm

from collage.experience.learning import ordinal
from collage.experience.learning.between import between
from collage.experience.learning.grid import KAPPAS, MULTIPLIERS, surface
from collage.experience.learning.histories import Borrowed, Histories, recalled
from collage.experience.learning.inherited import swapped, tenths
from collage.experience.learning.mixed import clusters, effects, levels, moments, variance
from collage.experience.learning.naive import naive
from collage.experience.learning.ratings import Kinds, Numbers, Ratings, Whole
from collage.experience.learning.weights import Reduced, reduced, solved

DAY = 86_400_000_000
TWO = Kinds(
    ("late", "settled"), ("everyday",) * 2, np.array([-0.4, 0.3]), np.array([60.0, 60.0]), np.array([0.25, 0.2])
)


def ratings(customer: Sequence[int], **columns: Sequence[float] | Whole) -> Ratings:
    n = len(customer)
    given = {name: np.asarray(column) for name, column in columns.items()}
    at = np.arange(n, dtype=np.int64) * DAY
    whole = {
        "rated_at": at,
        "started_at": at,
        "contact": np.full(n, -1),
        "score": np.full(n, 3.0),
        "category": np.full(n, 2),
        "instrument": np.zeros(n, np.int64),
        "way": np.zeros(n, np.int64),
        "weight": np.ones(n),
        "contacts": np.zeros(n),
        "contacts_year": np.zeros(n),
        **given,
    }
    fixed = {"instruments": ("csat",), "categories": (5,), "ways": ("csat",)}
    return Ratings(customer=np.asarray(customer, np.int64), **whole, **fixed)  # type: ignore[arg-type]  # columns by name


def panel(seed: int, n: int = 400) -> tuple[Ratings, Numbers, Numbers]:
    """Return ratings of about a third as many customers, columns, and a response with a random intercept."""
    rng = np.random.default_rng(seed)
    customer = np.sort(rng.integers(0, n // 3, n))
    customer = np.unique(customer, return_inverse=True)[1]
    x = np.column_stack([np.ones(n), rng.normal(size=(n, 2))])
    level = rng.normal(0.0, 0.7, customer.max() + 1)
    y = x @ [3.5, 0.4, -0.8] + level[customer] + rng.normal(0.0, 1.1, n)
    return ratings(customer.tolist()), x, y


def inverse(of: Ratings, ratio: float) -> Numbers:
    """Return V⁻¹·σ², written out."""
    same = of.customer[:, None] == of.customer[None, :]
    found: Numbers = np.linalg.inv(np.diag(1.0 / of.weight) + ratio * same)
    return found


@pytest.mark.parametrize("weighted", [False, True])
def test_moments_are_those_of_the_covariance_written_out(weighted: bool) -> None:  # noqa: FBT001  # both are asked
    of, x, y = panel(1, 60)
    if weighted:
        of = replace(of, weight=np.random.default_rng(2).uniform(0.3, 3.0, of.n))
    rows = np.column_stack([x, y])
    assert moments(rows, clusters(of), 0.37) == pytest.approx(rows.T @ inverse(of, 0.37) @ rows, rel=1e-10)


def test_the_random_intercept_is_that_of_statsmodels() -> None:
    sm = pytest.importorskip("statsmodels.regression.mixed_linear_model")
    of, x, y = panel(3)
    theirs = sm.MixedLM(y, x, groups=of.customer).fit(reml=False)
    ratio = float(theirs.cov_re[0, 0] / theirs.scale)
    square = moments(np.column_stack([x, y]), clusters(of), ratio)
    beta = np.linalg.solve(square[:3, :3], square[:3, 3])
    assert beta == pytest.approx(theirs.fe_params, abs=1e-8)
    ours = variance(y - x @ beta, clusters(of), parameters=0)
    assert ours.ratio == pytest.approx(ratio, rel=1e-3)
    assert ours.noise == pytest.approx(theirs.scale, rel=1e-3)
    level = levels(y - x @ beta, clusters(of), ratio)
    assert level == pytest.approx([float(theirs.random_effects[c].iloc[0]) for c in of.customer], abs=1e-6)


def test_the_ordered_probit_is_that_of_statsmodels() -> None:
    sm = pytest.importorskip("statsmodels.miscmodels.ordinal_model")
    rng = np.random.default_rng(4)
    x = rng.normal(size=(800, 2))
    category = np.searchsorted([-1.5, -0.4, 0.2, 1.1], x @ [0.6, -0.3] + rng.normal(size=800))
    theirs = sm.OrderedModel(category, x, distr="probit").fit(method="bfgs", disp=False, gtol=1e-8)
    answers = ordinal.Answers(category, np.zeros(800, np.int64), (5,), np.ones(800))
    ours = ordinal.fitted(answers, x, np.zeros(800))
    # half a rating in each category is all that lies between them
    assert ours.beta == pytest.approx(theirs.params[:2], abs=2e-3)
    assert ours.cuts == pytest.approx(theirs.model.transform_threshold_params(theirs.params)[1:-1], abs=1e-2)
    assert ours.log_likelihood == pytest.approx(theirs.llf, abs=0.05)


def test_two_instruments_have_cuts_of_their_own_and_one_slope() -> None:
    rng = np.random.default_rng(5)
    x, instrument = rng.normal(size=(6000, 1)), rng.integers(0, 2, 6000)
    cuts = (np.array([-1.0, 0.0, 1.0, 1.5]), np.array([-0.5, 0.5]))
    latent = 0.8 * x[:, 0] + rng.normal(size=6000)
    category = np.where(instrument == 0, np.searchsorted(cuts[0], latent), np.searchsorted(cuts[1], latent))
    found = ordinal.fitted(ordinal.Answers(category, instrument, (5, 3), np.ones(6000)), x, np.zeros(6000))
    assert found.cuts == pytest.approx(np.concatenate(cuts), abs=0.12)
    assert found.beta == pytest.approx([0.8], abs=0.06)


def test_an_answer_nobody_gave_leaves_finite_cuts_in_order() -> None:
    category = np.array([0, 1, 1, 4, 4, 4])
    found = ordinal.fitted(
        ordinal.Answers(category, np.zeros(6, np.int64), (5,), np.ones(6)), np.zeros((6, 0)), np.zeros(6)
    )
    assert np.all(np.diff(found.cuts) > 0)
    assert np.all(np.isfinite(found.cuts))


def test_the_working_response_stands_for_the_likelihood_about_where_it_was_taken() -> None:
    rng = np.random.default_rng(6)
    category, eta = rng.integers(0, 5, 200), rng.normal(size=200)
    answers = ordinal.Answers(category, np.zeros(200, np.int64), (5,), np.ones(200))
    cuts = np.array([-1.2, -0.3, 0.4, 1.0])
    response, weight = ordinal.working(answers, cuts, eta)
    step = 1e-5
    slope = (ordinal.log_loss(answers, cuts, eta - step) - ordinal.log_loss(answers, cuts, eta + step)) / (2 * step)
    assert weight * (response - eta) == pytest.approx(slope, abs=1e-6)
    assert np.all(weight > 0)


def moments_of(seed: int) -> tuple[Reduced, Numbers]:
    rng = np.random.default_rng(seed)
    a, o = rng.normal(size=(50, 2)), rng.normal(size=(50, 2)) * 0.3
    y = 2.0 + a @ [-0.5, 0.2] + 1.2 * (o @ [-0.5, 0.2]) + rng.normal(0, 0.5, 50)
    rows = np.column_stack([np.ones(50), a, o, y])
    return reduced(rows.T @ rows, free=1, marks=2), rows


def loss(rows: Numbers, own: float, given: Numbers) -> float:
    free, weight, times = given[0], given[1:3], given[3]
    residual = rows[:, -1] - free - (rows[:, 1:3] + own * rows[:, 3:5]) @ weight
    return float(residual @ residual + (((weight - times * TWO.weight) / TWO.spread) ** 2).sum())


@pytest.mark.parametrize(("seed", "own"), [*itertools.product(range(4), [0.0, 1.2])])
def test_weights_are_the_minimum_of_what_the_docs_say(seed: int, own: float) -> None:
    square, rows = moments_of(seed)
    found = solved(square, TWO, own=own)
    bounds = [(None, None), (None, 0.0), (0.0, None), (0.0, None)]
    theirs = minimize(partial(loss, rows, own), [0.0, -0.1, 0.1, 1.0], bounds=bounds, tol=1e-14)
    assert [*found.free, *found.weight, found.multiplier] == pytest.approx(theirs.x, abs=1e-4)


def test_a_weight_never_changes_its_sign() -> None:
    rng = np.random.default_rng(8)
    a = rng.normal(size=(500, 2))
    rows = np.column_stack([np.ones(500), a, np.zeros((500, 2)), a @ [0.9, -0.9] + rng.normal(size=500)])
    found = solved(reduced(rows.T @ rows, free=1, marks=2), TWO, own=0.0)
    assert found.weight.tolist() == [0.0, 0.0]


def test_the_extra_of_the_rated_contact_is_found_where_it_is() -> None:
    rng = np.random.default_rng(9)
    a, o = rng.normal(size=(20_000, 2)), rng.normal(size=(20_000, 2))
    y = a @ [-0.5, 0.4] + 1.7 * (o @ [-0.5, 0.4]) + rng.normal(size=20_000)
    rows = np.column_stack([np.ones(20_000), a, o, y])
    found = solved(reduced(rows.T @ rows, free=1, marks=2), TWO, own=None)
    assert found.own == pytest.approx(1.7, abs=0.1)
    assert found.weight == pytest.approx([-0.5, 0.4], abs=0.02)


def marks() -> Histories:
    """Two customers: one with three marks, one of them in the contact numbered 7, and one with a single mark."""
    return Histories(
        np.array([0, 3, 4]),
        np.array([0, 60, 119, 0]) * DAY,
        np.array([0, 60, 119, 0]) * DAY,
        np.array([0, 0, 1, 1]),
        np.array([1.0, 2.0, 1.0, 1.0]),
        np.array([1.0, 1.0, 1.0, 0.5]),
        np.array([-1, -1, 7, -1]),
    )


def asked() -> Ratings:
    rated = np.array([120, 60]) * DAY
    return ratings([0, 1], rated_at=rated, started_at=np.array([119, 60]) * DAY, contact=np.array([7, -1]))


def test_what_is_left_is_the_formula_on_paper() -> None:
    left = recalled(marks(), asked(), TWO, (1.0, 2.0))
    day = 2.0 ** (-1 / 60)
    assert left.whole[0] == pytest.approx(np.array([[0.25 + 2 * 0.5, day], [0.0, 0.5]]), abs=1e-12)
    assert left.whole[1] == pytest.approx(np.array([[0.5 + 2 * 0.5**0.5, day**0.5], [0.0, 0.5**0.5]]), abs=1e-12)
    assert left.own[0] == pytest.approx(np.array([[0.0, day], [0.0, 0.0]]), abs=1e-12)
    assert left.since.any() == False  # noqa: E712  # NumPy's own
    assert left.evidence[0] == pytest.approx(np.array([[day, 0.75], [0.25, 0.0]]), abs=1e-12)
    assert left.before[0] == pytest.approx(np.array([[0.0, 0.75], [0.25, 0.0]]), abs=1e-12)


def test_a_borrowed_history_is_the_lender_s_before_the_borrower_s_contact() -> None:
    left, evidence = Borrowed(marks(), asked(), TWO)(np.array([1, 0]))
    # customer 0 is asked on day 120 with the mark of day 0; customer 1 on day 60, contact begun then: only day 0 counts
    assert left == pytest.approx(np.array([[0.0, 0.25], [0.5, 0.0]]), abs=1e-12)
    assert evidence == pytest.approx([0.125, 0.5], abs=1e-12)


def test_the_plain_readings_by_hand() -> None:
    found = naive(marks(), asked(), TWO)
    assert found.undecayed_sum == pytest.approx([-0.4 - 0.8 + 0.3, 0.3])
    assert found.plain_average == pytest.approx([-0.9 / 3, 0.3])
    assert found.peak_end == pytest.approx([(-0.8 + 0.3) / 2, 0.3])


def test_between_two_multipliers_little_is_off() -> None:
    left = recalled(marks(), asked(), TWO, MULTIPLIERS)
    exact = recalled(marks(), asked(), TWO, (0.87, 3.1))
    near = between(left, 0.87, 3.1)
    assert near.whole == pytest.approx(exact.whole, rel=0.01)
    assert between(left, MULTIPLIERS[3]).whole[0] == pytest.approx(left.whole[3], abs=1e-12)


def test_earlier_ratings_alone_make_what_is_known_of_a_customer() -> None:
    residual = np.array([1.0, -0.5, 0.25, 2.0])
    found = effects(residual, clusters(ratings([0, 0, 0, 1])), 0.5)
    assert found == pytest.approx([0.0, 0.5 * 1.0 / 1.5, 0.5 * 0.5 / 2.0, 0.0])


def bowl(cell: tuple[int, ...], middle: Sequence[float], width: Sequence[float]) -> float:
    return -0.5 * sum(((place - at) / wide) ** 2 for place, at, wide in zip(cell, middle, width, strict=True))


def test_a_surface_gives_the_middle_and_the_interval_that_went_into_it() -> None:
    middle, width = (7.3, 9.6, 8.4), (1.1, 0.9, 1.4)
    places = [c for c in itertools.product(range(17), repeat=3) if all(p % 4 == 0 for p in c)]
    places += [c for c in itertools.product(range(5, 13), range(7, 13), range(5, 13)) if sum(c) % 2 == 0]
    found = surface({(x, y, z): bowl((x, y, z), middle, width) for x, y, z in places}, factor=1.5)
    step = np.log(MULTIPLIERS[1] / MULTIPLIERS[0])
    assert np.log(found.credit.value) == pytest.approx(np.log(MULTIPLIERS[0]) + 7.3 * step, abs=0.06 * step)
    assert found.strike.low is not None
    assert found.strike.high is not None
    half = np.log(found.strike.high / found.strike.low) / 2 / step
    assert half == pytest.approx(0.9 * np.sqrt(3.84 * 1.5), abs=0.3)
    assert np.log(found.kappa.value / KAPPAS[8]) / np.log(KAPPAS[9] / KAPPAS[8]) == pytest.approx(0.4, abs=0.1)


def test_a_bound_that_is_not_reached_is_open() -> None:
    cells = list(itertools.product(range(0, 17, 2), repeat=3))
    found = surface({(x, y, z): bowl((x, y, z), (15.0, 8.0, 8.0), (6.0, 1.0, 1.0)) for x, y, z in cells})
    assert found.credit.high is None
    assert found.strike.low is not None


def test_histories_are_swapped_within_their_tenth_and_nobody_is_lost() -> None:
    of = ratings(list(range(200)), contacts_year=np.arange(200.0).tolist())
    tenth = tenths(of)
    drawn = swapped(tenth, np.random.default_rng(0))
    assert sorted(drawn.tolist()) == list(range(200))
    assert (tenth[drawn] == tenth).all()
    assert np.bincount(tenth).tolist() == [20] * 10


def test_the_expected_score_rises_with_eta_as_its_slope_says() -> None:
    answers = ordinal.Answers(np.zeros(3, np.int64), np.zeros(3, np.int64), (5,), np.ones(3))
    cuts, eta, step = np.array([-1.0, -0.2, 0.5, 1.4]), np.array([-0.5, 0.0, 0.9]), 1e-5

    def expected(at: Numbers) -> Numbers:
        found: Numbers = 1.0 + norm.cdf(at[:, None] - cuts[None, :]).sum(axis=1)
        return found

    rise = (expected(eta + step) - expected(eta - step)) / (2 * step)
    assert ordinal.slope(answers, cuts, eta, width=[1.0]) == pytest.approx(rise, abs=1e-7)
