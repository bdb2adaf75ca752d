"""From the scale on which parts add up to the expected score: by a model its ordered probit, without one a line.

By a model: η = s·Σparts + instrument + customer, expected score g(η) = Σ j·P(Y = j), P(Y ≤ j) = Φ(τ_j - η). Without
one, or where it does not know the instrument: a line of slope 1 on the scale from 1 to 5.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pyarrow as pa
from scipy.special import ndtr

from collage.experience.learning import ordinal
from collage.experience.learning.mixed import grouped, variance
from collage.experience.learning.ratings import Flags, Numbers, Whole
from collage.experience.learning.usable import categories
from collage.experience.model import Model

__all__ = ["Link", "customers_level", "link_of"]


_ROUNDS: Final = 3
_NEAR: Final = 1e-6
_OTHER: Final = "other ways"
_ROOT: Final = float(np.sqrt(2.0 * np.pi))


@dataclass(frozen=True, slots=True)
class Link:
    """How each rating's η becomes its expected score.

    `rows` are the ratings that a model's cuts are known for, `answers` what was answered there. `per` is η by point of
    experience, `shift` that of the way of asking; `unit` points of the score by point on the scale from 1 to 5. Where
    there are no cuts, `base` is the line's value at η = 0.
    """

    rows: Flags
    answers: ordinal.Answers
    cuts: Numbers
    low: Numbers
    unit: Numbers
    per: Numbers
    shift: Numbers
    base: Numbers
    spread: float

    def expected(self, eta: Numbers) -> Numbers:
        """Return the expected score at η."""
        found = self.base + self.unit * eta
        found[self.rows] = self.low[self.rows] + self._step() * self._above(eta[self.rows], ndtr)
        return found

    def slope(self, eta: Numbers) -> Numbers:
        """Return by how much the expected score rises with η."""
        found = self.unit.copy()
        found[self.rows] = self._step() * self._above(eta[self.rows], _density)
        return found

    def by_point(self, eta: Numbers) -> Numbers:
        """Return (g(η) - g(0))/η: what a part of η is worth in points of the score (Aumann and Shapley)."""
        near = np.abs(eta) < _NEAR
        none = np.zeros_like(eta)
        risen = (self.expected(eta) - self.expected(none)) / np.where(near, 1.0, eta)
        return np.where(near, self.slope(none), risen)

    def _step(self) -> Numbers:
        counts = np.array(self.answers.categories, np.float64)[self.answers.instrument]
        found: Numbers = 4.0 * self.unit[self.rows] / (counts - 1.0)
        return found

    def _above(self, eta: Numbers, by: Callable[[Numbers], Numbers]) -> Numbers:
        """Return Σ by(η - τ_j) over the cuts of each rating's instrument."""
        found, begins = np.zeros_like(eta), self.answers.begins
        for each in range(len(self.answers.categories)):
            mine = self.answers.instrument == each
            for cut in self.cuts[begins[each] : begins[each + 1]].tolist():
                found[mine] += by(eta[mine] - cut)
        return found


def link_of(asked: pa.Table, model: Model | None) -> Link:
    """Return how these ratings are linked; the line's base is still to be found.

    Parameters
    ----------
    asked
        Ratings, with the columns of the contract that tell how was asked and what was answered.
    model
        Whose cuts count, where it was fitted and knows the instrument.
    """
    place, names, counts, category = categories(asked)
    low, high = (asked[name].to_numpy().astype(np.float64) for name in ("scale_low", "scale_high"))
    known = {} if model is None or not model.fitted else _known(names, counts, model)
    rows = np.isin(place, list(known))
    order = {each: number for number, each in enumerate(known)}
    instrument = np.array([order[each] for each in place[rows].tolist()], np.int64)
    answers = ordinal.Answers(category[rows], instrument, tuple(counts[each] for each in known), _weights(asked)[rows])
    per, spread = np.ones(place.size), 0.0
    shift = np.zeros(place.size)
    if model is not None and known:
        per[rows], spread = model.scale, model.sd_customer**2
        shift[rows] = _shifts(asked, model)[rows] * model.scale
    cuts = np.concatenate([np.array(each) for each in known.values()]) if known else np.zeros(0)
    return Link(rows, answers, cuts, low, (high - low) / 4.0, per, shift, np.zeros(place.size), spread)


def customers_level(link: Link, whole: Numbers, score: Numbers, customer: Whole) -> tuple[Link, Numbers]:
    """Return the link with the line's base, and û of each rating's customer by all their **other** ratings, in η.

    Parameters
    ----------
    link
        As `link_of` gives it.
    whole
        The parts of each rating, added up, in points of experience.
    score
        As it was given.
    customer
        Whose each rating is, in order from 0.
    """
    level, plain = np.zeros(score.size), ~link.rows
    if link.rows.any():
        eta = (link.per * whole + link.shift)[link.rows]
        level[link.rows] = _by_model(link, eta, customer[link.rows])
    if not plain.any():
        return link, level
    keys = np.stack([link.low[plain], link.unit[plain]])
    scale = np.unique(keys, axis=1, return_inverse=True)[1].reshape(-1)
    rest = score[plain] / link.unit[plain] - whole[plain]
    rest -= _means(rest, scale)
    level[plain] = _others(rest, np.ones(rest.size), customer[plain], _ratio(rest, customer[plain]))
    base = link.base.copy()
    base[plain] = _means(score[plain] - link.unit[plain] * (whole + level)[plain], scale)
    return replace(link, base=base), level


def _known(names: tuple[str, ...], counts: tuple[int, ...], model: Model) -> dict[int, tuple[float, ...]]:
    """Return the cuts of the instruments that a model knows, by their place."""
    found = {}
    for place, (name, count) in enumerate(zip(names, counts, strict=True)):
        for each in (name, name.rsplit(" ", 1)[0]):
            cuts = model.thresholds.get(each)
            if cuts is not None and len(cuts) == count - 1:
                found[place] = tuple(cuts)
                break
    return found


def _shifts(asked: pa.Table, model: Model) -> Numbers:
    """Return the shift of each rating's way of asking, in points of experience; ways that no fit has seen have none."""
    columns = [asked[name].fill_null("").to_pylist() for name in ("instrument", "item", "wording", "channel")]
    keys = [" · ".join(part for part in parts if part) or "rating" for parts in zip(*columns, strict=True)]
    other = model.instruments.get(_OTHER, 0.0)
    return np.array([model.instruments.get(key, other) for key in keys], np.float64)


def _weights(asked: pa.Table) -> Numbers:
    found: Numbers = asked["weight"].fill_null(1.0).to_numpy().astype(np.float64)
    return found


def _by_model(link: Link, eta: Numbers, customer: Whole) -> Numbers:
    """Return û by the working response of the ordered probit, about η with û of all the customer's ratings."""
    level = np.zeros_like(eta)
    for _ in range(_ROUNDS):
        response, weight = ordinal.working(link.answers, link.cuts, eta + level)
        rest = response - eta
        summed, size = (np.bincount(customer, each) for each in (weight * rest, weight))
        level = (link.spread * summed / (1.0 + link.spread * size))[customer]
    return _others(rest, weight, customer, link.spread)


def _others(rest: Numbers, weight: Numbers, customer: Whole, ratio: float) -> Numbers:
    """Return λS/(1 + λS) times the mean of a customer's other rows."""
    summed, size = (np.bincount(customer, each)[customer] - each for each in (weight * rest, weight))
    found: Numbers = ratio * summed / (1.0 + ratio * size)
    return found


def _ratio(rest: Numbers, customer: Whole) -> float:
    """Return τ²/σ² at which the rest is likeliest; 0 where hardly anybody rated twice."""
    begins = np.flatnonzero(np.diff(customer, prepend=-1))
    twice = float((np.diff(np.append(begins, customer.size)) > 1).mean())
    return variance(rest, grouped(begins, np.ones(rest.size), twice=twice), parameters=1).ratio


def _means(values: Numbers, group: Whole) -> Numbers:
    """Return the mean of each value's group."""
    found: Numbers = (np.bincount(group, values) / np.bincount(group))[group]
    return found


def _density(at: Numbers) -> Numbers:
    found: Numbers = np.exp(-0.5 * at * at) / _ROOT
    return found
