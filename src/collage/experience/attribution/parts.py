"""What each mark adds to a rating, by whose it is and where it stands: one expression on either engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from collage.experience.catalogue import Catalogue
from collage.experience.fold import weighing
from collage.experience.index import double
from collage.experience.learning.design import per_evidence
from collage.experience.learning.ratings import Numbers, Whole
from collage.experience.packed import microseconds
from collage.experience.people import keyed

__all__ = ["UNKNOWN", "Parts", "gathered", "parts"]


UNKNOWN: Final = "unknown"  # whose marks are nobody's
_INHERITED, _SELF, _OWN, _PROCESS, _OTHER, _SINCE = range(6)
_STAFFING: Final = "staffing"
_GONE: Final = 1000.0  # half-lives after which nothing is left, and no engine meets an underflow


@dataclass(frozen=True, slots=True)
class Parts:
    """What marks up to each rating add to it, in points of experience, all for the evidence there was at the rating.

    `inherited` has a column for each of `owners`; the other parts one number a rating. The rated contact's own count
    (1+ρ) times. They add up to `whole`. `before` is the experience when the contact began, by the marks of that moment;
    `queued` the part of the contact that comes from too few people (cause ``staffing``), which no agent can help.
    """

    owners: tuple[str, ...]
    inherited: Numbers
    inherited_self: Numbers
    own_agent: Numbers
    contact_process: Numbers
    contact_other: Numbers
    since: Numbers
    before: Numbers
    queued: Numbers

    @property
    def whole(self) -> Numbers:
        """Return the sum of all parts."""
        found: Numbers = self.inherited.sum(axis=1) + self.inherited_self + self.own_agent + self.contact_process
        return found + self.contact_other + self.since


def parts(asked: pa.Table, marks: ir.Table, customers: ir.Table, catalogue: Catalogue) -> ir.Table:
    """Return what is left of marks at each rating, by the first part that fits. Source: model.md §10.9.

    Parameters
    ----------
    asked
        A row for each rating: `place`, `customer_id` (as `people.keyed` gives it), `rated_us`, `started_us`,
        `contact_id`, and who served: `department`, `agent`.
    marks, customers
        By the contracts of these names; marks that tell their `customer_id` are taken at their word.
    catalogue
        The one by which the marks were derived.

    Returns
    -------
    Table
        `place`, `part` (0 inherited from another, 1 from the same department, 2 the agent's own, 3 the department's
        process, 4 others in the contact, 5 since), `owner` (null but where inherited from another), and the sums of
        weight·severity·share and evidence·share at the rating (`summed`, `weighty`), of those of the contact that come
        from staffing (`queued`) and, of marks before the contact, when it began (`summed_then`, `weighty_then`).
    """
    each = marks if "customer_id" in marks.columns else marks.join(keyed(customers), "identifier")
    each = each.join(weighing(catalogue), "weighs_as")
    each = each.select(
        *("customer_id", "contact_id", "agent", "agent_controllable", "cause", "evidence", "half_life_us"),
        occurred_us=microseconds(each.occurred_at),
        fades_us=microseconds(each.fades_from),
        owner=ibis.coalesce(each.owner, UNKNOWN),
        known=each.owner.notnull(),
        weighed=each.weight * each.severity,
    )
    met = each.join(ibis.memtable(asked), "customer_id", rname="rated_{name}")
    met = met.filter(met.occurred_us <= met.rated_us)
    before = met.occurred_us < met.started_us
    ours = (met.known & (met.owner == met.department)).fill_null(ibis.literal(value=False))
    inside = (met.contact_id == met.rated_contact_id).fill_null(ibis.literal(value=False))
    own = (met.agent_controllable & (met.agent == met.rated_agent)).fill_null(ibis.literal(value=False))
    part = ibis.cases(
        *((before & ours, _SELF), (before, _INHERITED), (inside & own, _OWN), (inside & ours, _PROCESS)),
        (inside, _OTHER),
        else_=_SINCE,
    )
    queued = (~before & inside & (met.cause == _STAFFING)).fill_null(ibis.literal(value=False))
    now, then = _share(met, met.rated_us), ibis.ifelse(before, _share(met, met.started_us), double(0.0))
    met = met.mutate(
        part=part.cast("int64"),
        owner=ibis.ifelse(before & ~ours, met.owner, ibis.null("string")),
        summed=met.weighed * now,
        weighty=met.evidence * now,
        queued=ibis.ifelse(queued, met.weighed * now, double(0.0)),
        summed_then=met.weighed * then,
        weighty_then=met.evidence * then,
    )
    names = ("summed", "weighty", "queued", "summed_then", "weighty_then")
    return met.group_by("place", "part", "owner").agg(**{name: met[name].sum() for name in names})


def gathered(found: pa.Table, n: int, *, kappa: float, own: float) -> Parts:
    """Return rows of `parts` as columns of numbers, a row for each rating.

    Parameters
    ----------
    found
        The rows, in any order.
    n
        How many ratings there are.
    kappa
        The catalogue's, or the model's.
    own
        ρ: the rated contact counts 1+ρ times.
    """
    place, part = found["place"].to_numpy(), found["part"].to_numpy()
    summed, weighty, queued, then, weighty_then = (
        found[name].to_numpy() for name in ("summed", "weighty", "queued", "summed_then", "weighty_then")
    )

    def total(cell: Whole, values: Numbers, size: int) -> Numbers:
        return np.bincount(cell, values, size).astype(np.float64)

    scale = per_evidence(total(place, weighty, n), kappa)
    phi = scale[place] * summed * np.where((part >= _OWN) & (part <= _OTHER), 1.0 + own, 1.0)
    columns = total(place * 6 + part, phi, n * 6).reshape(n, 6)
    owners = sorted(set(found["owner"].drop_null().to_pylist()))
    whose = np.array([owners.index(name) if name is not None else 0 for name in found["owner"].to_pylist()], np.int64)
    others = part == _INHERITED
    size = max(len(owners), 1)
    inherited = total(place[others] * size + whose[others], phi[others], n * size).reshape(n, size)
    before = per_evidence(total(place, weighty_then, n), kappa) * total(place, then, n)
    return Parts(
        owners=tuple(owners) or (UNKNOWN,),
        inherited=inherited,
        inherited_self=columns[:, _SELF],
        own_agent=columns[:, _OWN],
        contact_process=columns[:, _PROCESS],
        contact_other=columns[:, _OTHER],
        since=columns[:, _SINCE],
        before=before,
        queued=(1.0 + own) * total(place, scale[place] * queued, n),
    )


def _share(met: ir.Table, moment: ir.IntegerColumn) -> ir.FloatingValue:
    lives = (moment - met.fades_us).cast("float64") / met.half_life_us
    return ibis.ifelse(lives > double(_GONE), double(0.0), double(2.0) ** (-lives))
