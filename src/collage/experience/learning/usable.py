"""Which ratings a fit can use, and what it needs to know of each.

Usable is a rating with a known scale, up to the moment of asking, whose customer had a mark by then (model.md §10.10).
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Final

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collage.experience.index import double
from collage.experience.learning.ratings import Numbers, Ratings, Whole
from collage.experience.packed import microseconds
from collage.experience.people import keyed
from collage.experience.rated import by_customer, first_contacts, rated

__all__ = ["as_ratings", "categories", "effective", "index_sd", "usable", "ways"]

_YEAR_US: Final = 365 * 86_400_000_000
_FEWEST: Final = 30  # of a way of asking, to tell its shift
_MOST_CATEGORIES: Final = 11
_HEAVIEST: Final = 10.0
_OFTEN: Final = 0.05  # of scores between the steps, before a scale is taken for a finer one
_FAINT, _ALIKE = 0.2, 1e-6
_OTHER: Final = "other ways"


def usable(ratings: ir.Table, marks: ir.Table, touchpoints: ir.Table, customers: ir.Table, *, at: datetime) -> ir.Table:
    """Return the ratings that can be used.

    Parameters
    ----------
    ratings, marks, touchpoints, customers
        By the contracts of these names.
    at
        The moment of asking, with its zone: later ratings are not there.

    Returns
    -------
    Table
        `rating_id`, `customer_id` (as `people.keyed` gives it), `rated_us`, `started_us` (when the rated contact began:
        as told, else its first touchpoint, else the rating itself), `contact_id`, `score`, `scale_low`, `scale_high`,
        `instrument`, `item`, `wording`, `channel`, `weight`, `contacts` (different contacts of the customer up to the
        rating) and `contacts_year` (in the 365 days before it).

    Raises
    ------
    UsageError
        When `at` has no zone.
    """
    firsts = first_contacts(touchpoints, customers)
    own = marks if "customer_id" in marks.columns else marks.join(keyed(customers), "identifier")
    first_marks = own.group_by("customer_id").agg(marked_us=microseconds(own.occurred_at.min()))
    met = rated(ratings, firsts, customers, at=at).join(first_marks, "customer_id")
    met = met.filter(met.marked_us <= met.rated_us)
    met = met.mutate(weight=met.weight.fill_null(double(1.0)))
    names = ("rating_id", "customer_id", "rated_us", "started_us", "contact_id", "score", "scale_low", "scale_high")
    met = met.filter(met.weight > double(0.0)).select(*names, "instrument", "item", "wording", "channel", "weight")
    return _with_contacts(met, firsts)


def index_sd(scores: ir.Table, otherwise: float) -> float:
    """Return the spread of experience over customers with evidence of .2 or more (model.md §10.7).

    Parameters
    ----------
    scores
        By the contract ``scores``, at one moment.
    otherwise
        What is returned where there are fewer than two such customers, or they are all alike.
    """
    some = scores.filter(scores.evidence >= double(_FAINT))
    found = some.aggregate(sd=some.experience.std(how="sample")).to_pyarrow()["sd"][0].as_py()
    return float(found) if found and found > _ALIKE else otherwise


def _with_contacts(met: ir.Table, firsts: ir.Table) -> ir.Table:
    """Return ratings with how many contacts their customers had by then."""
    pairs = met.select("rating_id", "customer_id", "rated_us").join(firsts, "customer_id")
    pairs = pairs.filter(pairs.first_us <= pairs.rated_us)
    recent = pairs.first_us > pairs.rated_us - _YEAR_US
    counted = pairs.group_by("rating_id", "customer_id").agg(contacts=pairs.count(), contacts_year=recent.sum())
    both = met.left_join(counted, ["rating_id", "customer_id"]).drop("rating_id_right", "customer_id_right")
    none = ibis.literal(0, type="int64")
    names = ("contacts", "contacts_year")
    return both.mutate(**{name: both[name].cast("int64").fill_null(none) for name in names})


def as_ratings(found: pa.Table) -> tuple[Ratings, pa.Table]:
    """Return usable ratings as columns of numbers, and as `features` and `histories` ask for them.

    Parameters
    ----------
    found
        The rows of `usable`, in any order.
    """
    found, customer = by_customer(found)
    instrument, instruments, counts, category = categories(found)
    way, names = ways(found)
    contacts = pc.unique(found["contact_id"].combine_chunks()).drop_null()
    contact = _whole(pc.index_in(found["contact_id"], value_set=contacts).fill_null(-1))
    low, high, score, weight = (
        found[name].to_numpy().astype(np.float64) for name in ("scale_low", "scale_high", "score", "weight")
    )
    ratings = Ratings(
        customer=customer,
        rated_at=_whole(found["rated_us"]),
        started_at=_whole(found["started_us"]),
        contact=contact,
        score=1.0 + 4.0 * (score - low) / (high - low),
        category=category,
        instrument=instrument,
        way=way,
        weight=effective(weight),
        contacts=found["contacts"].to_numpy().astype(np.float64),
        contacts_year=found["contacts_year"].to_numpy().astype(np.float64),
        instruments=instruments,
        categories=counts,
        ways=names,
    )
    place = pa.array(np.arange(ratings.n))
    asked = found.select(["customer_id", "rated_us", "started_us", "contact_id"])
    return ratings, asked.append_column("place", place).append_column("customer", pa.array(customer))


def effective(weight: Numbers) -> Numbers:
    """Return sampling weights, none above ten times the median, that add up to the effective number (Kish 1965)."""
    if not weight.size:
        return weight
    kept = np.minimum(weight, _HEAVIEST * float(np.median(weight)))
    found: Numbers = kept * (kept.sum() / (kept**2).sum())
    return found


def categories(found: pa.Table) -> tuple[Whole, tuple[str, ...], tuple[int, ...], Whole]:
    """Return what was answered.

    Parameters
    ----------
    found
        Ratings, with `instrument`, `score`, `scale_low` and `scale_high`.

    Returns
    -------
    tuple
        The place of each rating's instrument, the names of all (with the scale where a name has several), how many
        categories each has, and the nearest category of each rating.
    """
    low, high = found["scale_low"].to_numpy(), found["scale_high"].to_numpy()
    named = found["instrument"].fill_null("rating").to_pylist()
    keys = [f"{name} {a:g}–{b:g}" for name, a, b in zip(named, low.tolist(), high.tolist(), strict=True)]
    place, whole = _by_number(keys)
    steps = dict(zip(keys, (high - low).tolist(), strict=True))
    off = (found["score"].to_numpy() - low) % 1.0 != 0.0  # a mean of several answers, say
    counted, between_ = Counter(keys), Counter(key for key, each in zip(keys, off.tolist(), strict=True) if each)
    between = {key for key, n in between_.items() if n >= _OFTEN * counted[key]}
    counts = tuple(
        int(steps[key]) + 1 if _counts(steps[key]) and key not in between else _MOST_CATEGORIES for key in whole
    )
    last = np.array(counts, np.float64)[place] - 1.0
    share = (found["score"].to_numpy() - low) / (high - low)
    # halves go up, as people round
    category = np.floor(share * last + 0.5).astype(np.int64)
    plain = [key.rsplit(" ", 1)[0] for key in whole]
    names = tuple(name if plain.count(name) == 1 else key for name, key in zip(plain, whole, strict=True))
    return place, names, counts, category


def _counts(width: float) -> bool:
    """Return whether the steps of a scale are its categories."""
    return float(width).is_integer() and 1 <= width < _MOST_CATEGORIES


def ways(found: pa.Table) -> tuple[Whole, tuple[str, ...]]:
    """Return how each was asked, the commonest way first; ways met too seldom are one.

    Parameters
    ----------
    found
        Ratings, with `instrument`, `item`, `wording` and `channel`.
    """
    columns = [found[name].fill_null("").to_pylist() for name in ("instrument", "item", "wording", "channel")]
    keys = [" · ".join(part for part in parts if part) or "rating" for parts in zip(*columns, strict=True)]
    counts = Counter(keys)
    return _by_number([key if counts[key] >= _FEWEST or len(counts) == 1 else _OTHER for key in keys])


def _by_number(keys: list[str]) -> tuple[Whole, tuple[str, ...]]:
    """Return the place of each key, the commonest first, and the keys in this order."""
    if not keys:
        return np.zeros(0, np.int64), ()
    names, inverse, counts = np.unique(np.array(keys), return_inverse=True, return_counts=True)
    order = np.lexsort((names, -counts))
    rank = np.empty(order.size, np.int64)
    rank[order] = np.arange(order.size)
    return rank[inverse], tuple(names[order].tolist())


def _whole(column: pa.ChunkedArray) -> Whole:
    found: Whole = column.to_numpy().astype(np.int64)
    return found
