"""Who did not answer: one question's invitations with the experience of each customer when it was sent.

The arithmetic is that of `feedback.nonresponse`; here it is said which question is meant, and what is known of all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collage import feedback
from collage.experience import Catalogue
from collage.experience.attribution import gathered, parts
from collage.experience.people import keyed

__all__ = ["Silence", "silence", "with_experience"]

_US = pa.timestamp("us", "UTC")


@dataclass(frozen=True, slots=True)
class Silence:
    """Who did not answer the question of an `instrument` (None: not named), of all that was asked the most often.

    `others` counts invitations to other questions, which are left out.
    """

    instrument: str | None
    others: int
    found: feedback.NonResponse


def silence(
    invited: ir.Table,
    marks: ir.Table,
    customers: ir.Table,
    catalogue: Catalogue,
    *,
    ask: Callable[[ir.Table], pa.Table],
) -> Silence | None:
    """Return who did not answer the question that was asked the most often.

    Parameters
    ----------
    invited
        As `feedback.invited` gives it.
    marks, customers
        By the contracts of these names, of all who were invited.
    catalogue
        The one by which the marks were derived.
    ask
        Fetches a table.

    Returns
    -------
    Silence or None
        None where nobody was invited.
    """
    known = keyed(customers).rename(key="customer_id", known="identifier")
    every = ask(invited.left_join(known, invited.identifier == known.known).drop("known"))
    if not every.num_rows:
        return None
    asked = Counter(every["instrument"].to_pylist())
    instrument = min(asked, key=lambda name: (-asked[name], name or ""))
    same = pc.is_null(every["instrument"]) if instrument is None else pc.equal(every["instrument"], instrument)
    mine = _on_one_scale(every.filter(same).sort_by("invitation_id"))
    found = feedback.nonresponse(with_experience(mine, marks, customers, catalogue, ask=ask))
    return Silence(instrument, every.num_rows - mine.num_rows, found)


def _on_one_scale(invited: pa.Table) -> pa.Table:
    """Return the invitations without those that were answered on another scale than most."""
    scales = Counter(
        (low, high)
        for low, high in zip(invited["scale_low"].to_pylist(), invited["scale_high"].to_pylist(), strict=True)
        if low is not None
    )
    if len(scales) < 2:  # noqa: PLR2004  # one scale
        return invited
    low, high = min(scales, key=lambda each: (-scales[each], each))
    mine = pc.and_(pc.equal(invited["scale_low"], low), pc.equal(invited["scale_high"], high))
    return invited.filter(pc.or_(pc.invert(invited["responded"]), pc.fill_null(mine, fill_value=False)))


def with_experience(
    invited: pa.Table,
    marks: ir.Table,
    customers: ir.Table,
    catalogue: Catalogue,
    *,
    ask: Callable[[ir.Table], pa.Table],
) -> pa.Table:
    """Return invitations with `experience` and `evidence` of their customer at `sent_at`.

    Parameters
    ----------
    invited
        With `sent_at` and `key`, the customer as `people.keyed` gives it (null where nobody is known: 0, as of all who
        have met with nothing).
    marks, customers
        By the contracts of these names.
    catalogue
        The one by which the marks were derived.
    ask
        Fetches a table.
    """
    place = np.flatnonzero(np.asarray(pc.is_valid(invited["key"])))
    some = invited.take(pa.array(place))
    sent, nobody = some["sent_at"].cast(_US).cast(pa.int64()), pa.nulls(place.size, pa.string())
    columns = {"place": place, "customer_id": some["key"], "rated_us": sent, "started_us": sent}
    columns |= dict.fromkeys(("contact_id", "department", "agent"), nobody)
    left = ask(parts(pa.table(columns), marks, customers, catalogue))
    n = invited.num_rows
    experience = gathered(left, n, kappa=catalogue.kappa, own=0.0).whole if left.num_rows else np.zeros(n)
    weighty = np.bincount(left["place"].to_numpy(), left["weighty"].to_numpy(), n) if left.num_rows else np.zeros(n)
    share = weighty / (weighty + catalogue.kappa) if 0.0 < catalogue.kappa < np.inf else (weighty > 0.0).astype(float)
    return invited.append_column("experience", pa.array(experience)).append_column("evidence", pa.array(share))
