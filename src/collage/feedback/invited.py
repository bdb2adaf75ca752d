"""Who was invited, and who answered: invitations beside the ratings that they led to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

import ibis
import ibis.expr.types as ir

from collage.errors import UsageError
from collage.feedback.scales import usable
from collage.stats import wilson

__all__ = ["OPEN_DAYS", "invited", "response"]

OPEN_DAYS: Final = 14

_BY_AGENTS: Final = r"^agent(\.|$)"
_OF_THE_INVITATION: Final = ("invitation_id", "customer_id", "identifier", "trigger", "contact_id", "instrument")
_MOMENT: Final = "timestamp('UTC', 6)"


def invited(
    invitations: ir.Table,
    ratings: ir.Table,
    customers: ir.Table,
    *,
    at: datetime,
    open_days: int = OPEN_DAYS,
    item: Literal["contact", "company"] | None = None,
) -> ir.Table:
    """Return the invitations that were sent, and whether and what was answered.

    An invitation is open for `open_days` from `sent_at`: what comes later is no answer, and invitations that are still
    open at `at` are left out, for else the latest would look unanswered. A rating answers the invitation that it names,
    when it is of the same instrument (or one of the two is not known) and lies on its scale; of several, the first
    (`rated_at`, `rating_id`). Suppressed invitations were not sent and count nowhere.

    Parameters
    ----------
    invitations, ratings, customers
        By the contracts of these names, from DuckDB or Spark.
    at
        The moment of asking, with its zone.
    open_days
        How long an invitation is open; 1 or more.
    item
        Which question is meant, where one invitation asks two; ratings whose item is not known belong to either. None:
        any.

    Returns
    -------
    Table
        One row an invitation: `invitation_id`, `customer_id` (the identifier where it is no known customer's),
        `identifier`, `trigger`, `contact_id`, `instrument`, `channel`, `sent_at`, `reminded_at`, `responded`; and, null
        where it was not answered, `rated_at`, `score`, `scale_low`, `scale_high`, `after_reminder` (false where nobody
        was reminded). To be given to `nonresponse` it lacks `experience` at `sent_at`.

    Raises
    ------
    UsageError
        When `at` has no zone or `open_days` is below 1.
    """
    if at.tzinfo is None or open_days < 1:
        found = f"at {at.isoformat()}, open for {open_days} days"
        raise UsageError("say who answered", found, "give a moment with its zone, and a day or more")
    until = ibis.literal(at, type=_MOMENT)
    wait = ibis.interval(days=open_days)
    sent = invitations.filter(invitations.sent_at.notnull())
    sent = sent.filter(sent.sent_at + wait <= until)
    who = customers.select("identifier", "customer_id")
    sent = sent.left_join(who, "identifier").drop("identifier_right")
    sent = sent.mutate(customer_id=ibis.coalesce(sent.customer_id, sent.identifier))
    answers = _first(sent, _usable(ratings, item), wait)
    met = sent.left_join(answers, "invitation_id").drop("invitation_id_right")
    responded = met.rated_at.notnull()
    late = (met.rated_at >= met.reminded_at).fill_null(ibis.literal(value=False))
    return met.select(
        *_OF_THE_INVITATION,
        "channel",
        # Spark forgets the zone
        *(met[name].cast(_MOMENT).name(name) for name in ("sent_at", "reminded_at")),
        responded.name("responded"),
        met.rated_at.cast(_MOMENT).name("rated_at"),
        *("score", "scale_low", "scale_high"),
        after_reminder=ibis.ifelse(responded, late, ibis.null("boolean")),
    )


def response(sent: ir.Table, *, by: Sequence[str] = ("channel",)) -> ir.Table:
    """Return how many answered, whole or by groups, and how many an agent chose to ask.

    Parameters
    ----------
    sent
        As `invited` gives it; of it `responded`, `trigger` and the columns `by` are read.
    by
        Columns to group by; none: all together.

    Returns
    -------
    Table
        The columns `by`; `invited`, `responded`; `share` who responded, with its `low` and `high` (95 %, Wilson);
        `agent_triggered`, the share invited because an agent wanted it (`trigger` is agent, or begins with ``agent.``)
        among invitations whose trigger is known (null: of none). What agents choose whom to ask is no sample.

    Raises
    ------
    UsageError
        When `by` names what is no column of `sent`.
    """
    if unknown := [name for name in by if name not in sent.columns]:
        raise UsageError("say who answered", f"by {', '.join(unknown)}", f"group by {', '.join(sent.columns)}")
    counts = {
        "invited": sent.count(),
        "responded": sent.responded.sum(),
        "agent_triggered": sent.trigger.re_search(_BY_AGENTS).cast("float64").mean(),
    }
    found = sent.group_by(*by).agg(**counts) if by else sent.aggregate(**counts)
    n, k = found.invited.cast("int64"), found.responded.fill_null(0).cast("int64")
    low, high = wilson(k, n)
    share = k.cast("float64") / n.cast("float64").nullif(0.0)
    return found.select(
        *by, invited=n, responded=k, share=share, low=low, high=high, agent_triggered=found.agent_triggered
    )


def _usable(ratings: ir.Table, item: str | None) -> ir.Table:
    some = ratings.filter(ratings.invitation_id.notnull(), usable(ratings))
    if item is None:
        return some
    return some.filter(some["item"].isnull() | (some["item"] == item))


def _first(sent: ir.Table, ratings: ir.Table, wait: ir.IntervalScalar) -> ir.Table:
    """Return the first rating that answers each invitation."""
    asked = sent.select("invitation_id", "sent_at", asks=sent.instrument)
    met = ratings.join(asked, "invitation_id")
    same = (met.instrument == met.asks).fill_null(ibis.literal(value=True))
    met = met.filter(same, met.rated_at >= met.sent_at, met.rated_at <= met.sent_at + wait)
    order = ibis.window(group_by="invitation_id", order_by=["rated_at", "rating_id"])
    met = met.mutate(place=ibis.row_number().over(order))
    first = met.filter(met.place == 0)
    return first.select("invitation_id", "rated_at", "score", "scale_low", "scale_high")
