"""A rating shared out: what was inherited and from whom, the contact, its process, its agent, what nobody explains.

    score = base + Σ parts + unexplained

exactly. Parts add up on η; in points each counts (g(η) - g(0))/(η) times (Aumann and Shapley, Values of Non-Atomic
Games, 1974; Friedman and Moulin, Journal of Economic Theory 87 (1999) 275-312). Source: model.md §1.11, 10.9.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from collage.experience.attribution.links import Link, customers_level, link_of
from collage.experience.attribution.parts import Parts
from collage.experience.attribution.staff import Served, effects
from collage.experience.learning.ratings import Numbers, Whole
from collage.experience.model import Model

__all__ = ["Credits", "credited"]

_PARTS: Final = ("inherited_self", "contact_other", "contact_process", "own_agent", "since", "customer", "instrument")


@dataclass(frozen=True, slots=True)
class Credits:
    """Ratings taken apart, in points of their own scales.

    `asked` are the ratings, with who served. `inherited` has a column for each of `owners`, `parts` one number a rating
    for each part; `before` is the experience when the contact began, `queued` what waiting for somebody free added,
    `rest` the score less what is expected without department and agent, all on the scale from 1 to 5.
    """

    asked: pa.Table
    owners: tuple[str, ...]
    inherited: Numbers
    parts: dict[str, Numbers]
    base: Numbers
    before: Numbers
    queued: Numbers
    rest: Numbers

    @property
    def score(self) -> Numbers:
        """Return the ratings as they were given."""
        found: Numbers = self.asked["score"].to_numpy().astype(np.float64)
        return found

    @property
    def unit(self) -> Numbers:
        """Return how many points of its own scale a point on the scale from 1 to 5 is, for each rating."""
        low, high = (self.asked[name].to_numpy().astype(np.float64) for name in ("scale_low", "scale_high"))
        found: Numbers = (high - low) / 4.0
        return found

    @property
    def expected(self) -> Numbers:
        """Return the base and all parts together."""
        found: Numbers = self.base + self.inherited.sum(axis=1) + np.sum(list(self.parts.values()), axis=0)
        return found

    def table(self) -> pa.Table:
        """Return a row for each rating, by `rating_id`. Source: tables.md "attribute --by rating".

        Returns
        -------
        pyarrow.Table
            `rating_id`, `score`, `base`, `expected`, `inherited` (a struct with a field for each department, or
            ``unknown``), `inherited_self`, `contact_other`, `contact_process`, `own_agent`, `since`, `customer`,
            `instrument`, `unexplained`. The parts, `base` and `unexplained` add up to `score`.
        """
        expected = self.expected
        inherited = pa.StructArray.from_arrays([pa.array(each) for each in self.inherited.T], list(self.owners))
        columns = {
            "rating_id": self.asked["rating_id"],
            "score": self.score,
            "base": self.base,
            "expected": expected,
            "inherited": inherited,
            **self.parts,
            "unexplained": self.score - expected,
        }
        return pa.table(columns).sort_by("rating_id")

    def by_department(self) -> pa.Table:
        """Return what ratings of each department's service are made of, on the average.

        Returns
        -------
        pyarrow.Table
            By name of who served: `department`, `n`, `mean` (the rating, from 1 to 5), and in points from 1 to 5 with
            their 95 % intervals (`…_low`, `…_high`; null for fewer than two customers): `inherited` (of all
            departments, its own past too), `own` (its process and its agents) and `others` (others in the contact).
            Ratings of one customer are not taken for independent.
        """
        inherited = self.inherited.sum(axis=1) + self.parts["inherited_self"]
        own = self.parts["contact_process"] + self.parts["own_agent"]
        shown = {"inherited": inherited, "own": own, "others": self.parts["contact_other"]}
        score = 1.0 + (self.score - self.asked["scale_low"].to_numpy()) / self.unit
        rows = []
        names = np.asarray(self.asked["department"].to_pylist(), object)
        customer = self.asked["customer"].to_numpy()
        for name in sorted(set(names[names != None].tolist())):  # noqa: E711  # by element
            mine = names == name
            row: dict[str, object] = {"department": name, "n": int(mine.sum()), "mean": float(score[mine].mean())}
            for part, values in shown.items():
                row |= _mean_of(part, (values / self.unit)[mine], customer[mine])
            rows.append(row)
        columns = [f"{part}{end}" for part in shown for end in ("", "_low", "_high")]
        fields = [("department", pa.string()), ("n", pa.int64()), ("mean", pa.float64())]
        return pa.Table.from_pylist(rows, pa.schema([*fields, *((name, pa.float64()) for name in columns)]))


def credited(asked: pa.Table, parts: Parts, model: Model | None) -> Credits:
    """Return ratings shared out.

    Parameters
    ----------
    asked
        Ratings, one customer's after another's, with `customer` from 0, and `department` and `agent` who served.
    parts
        What marks add to each.
    model
        By which they add it; None: the line.
    """
    whole = parts.whole
    score = asked["score"].to_numpy().astype(np.float64)
    link, level = customers_level(link_of(asked, model), whole, score, asked["customer"].to_numpy())
    eta = link.per * whole + link.shift + level
    rest = (score - link.expected(eta)) / link.unit
    of_department, of_agent = _staff(asked, rest, link, eta)
    eta += of_department + of_agent
    times = link.by_point(eta)
    by_part = {name: getattr(parts, name) * link.per for name in _PARTS[:5]}
    by_part |= {"customer": level, "instrument": link.shift}
    by_part["contact_process"] = by_part["contact_process"] + of_department
    by_part["own_agent"] = by_part["own_agent"] + of_agent
    return Credits(
        asked=asked,
        owners=parts.owners,
        inherited=parts.inherited * (link.per * times)[:, None],
        parts={name: by_part[name] * times for name in _PARTS},
        base=link.expected(np.zeros_like(eta)),
        before=parts.before,
        queued=parts.queued,
        rest=rest,
    )


def _mean_of(name: str, values: Numbers, customer: Whole) -> dict[str, float | None]:
    """Return a mean with its interval; each customer's ratings are taken together."""
    mean = float(values.mean())
    away = np.bincount(np.unique(customer, return_inverse=True)[1], values - mean)
    if away.size <= 1:
        return {name: mean, f"{name}_low": None, f"{name}_high": None}
    reach = 1.96 * float(np.sqrt((away**2).sum() * away.size / (away.size - 1.0))) / values.size
    return {name: mean, f"{name}_low": mean - reach, f"{name}_high": mean + reach}


def _staff(asked: pa.Table, rest: Numbers, link: Link, eta: Numbers) -> tuple[Numbers, Numbers]:
    """Return what department and agent add to each rating beyond the marks, in η."""
    found = effects(Served.of(asked), rest)
    steep = link.slope(eta) / link.unit
    return found.of_department / steep.mean(), found.of_agent / steep.mean()
