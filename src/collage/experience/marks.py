"""From touchpoints to marks: what each leaves behind, by the rules of a catalogue.

The way of a mark: touchpoints that fit a rule → `once` → corrections → rules about marks → the cap → recovery. Rules
that look at one touchpoint alone skip the windows. One expression serves DuckDB and Spark.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from collage.experience.cap import capped
from collage.experience.catalogue import Catalogue
from collage.experience.corrections import standing
from collage.experience.fitting import columns, fitting
from collage.experience.forms import First, Follows, Unanswered
from collage.experience.later import again
from collage.experience.people import keyed
from collage.experience.recovery import recovered
from collage.experience.rule import Mark
from collage.experience.sequences import Answers, asked
from collage.tables import CONTRACTS

__all__ = ["marks"]

_ATTRIBUTES = pa.schema(
    [
        pa.field("name", pa.string()),
        pa.field("cause", pa.string()),
        pa.field("agent_controllable", pa.bool_()),
        pa.field("catalogue", pa.string()),
    ]
)


def marks(
    touchpoints: ir.Table,
    customers: ir.Table,
    catalogue: Catalogue,
    corrections: ir.Table | None = None,
    *,
    kept: Callable[[ir.Table], ir.Table] = lambda table: table,
    whose: bool = False,
) -> ir.Table:
    """Return the marks that touchpoints leave behind.

    Severity is min(cap, start + (value - above)/per) where the rule has a shape (a value that is not known
    counts as `above`), else the touchpoint's own (not known: 1); a severity below `catalogue.least` leaves no
    mark. Evidence is salience · min(1, severity). Strikes of one issue share a room (`uncapped` keeps their severity
    as it was), a recovery takes strikes back in rows `recovered`. Source: tables.md "marks", model.md §10.1 to 10.3.

    A mark may occur after its touchpoint (a deadline). What is derived from touchpoints up to a moment is, among the
    marks that occur up to it, what is derived from all touchpoints.

    Parameters
    ----------
    touchpoints
        By the contract ``touchpoints``: each once (the door of a dataset sees to it). Promises are in it as
        `promises.touchpoints` tells them.
    customers
        By the contract ``customers``. What an identifier leaves that is in none of its rows is left out.
    catalogue
        The rules.
    corrections
        By the contract ``corrections``; None: nothing was corrected. They hold for all times, as claims do.
    kept
        Keeps a table that several steps read, so that it is worked out once: `store.Engine.kept` on Spark, which
        otherwise puts the first step into the query a hundred times. DuckDB sees that by itself.
    whose
        Give `customer_id` too (a number where customers have one): who adds these marks up by the same customers need
        not look up whose they are.

    Returns
    -------
    Table
        By the contract ``marks``, in no particular order; at most one mark of a name for a touchpoint, but for
        `recovered`, of which there is one for each strike taken back.
    """
    rows = touchpoints.select(*columns(touchpoints, catalogue.marks))
    rows = kept(_whole(rows).join(keyed(customers), "identifier"))
    fits = kept(_fits(rows, catalogue))
    first = [rule for rule in catalogue.marks if not (rule.later or rule.recovers)]
    found = kept(standing(_once(fits, first), corrections))
    second = [standing(_once(each, rules), corrections) for each, rules in again(found, fits, rows, catalogue)]
    found = kept(ibis.union(found, *second)) if second else found
    found = kept(capped(found, room=catalogue.issue_cap))
    plain = found.mutate(fades_from=found.occurred_at, weighs_as=found.mark)
    back = recovered(found, fits.filter(fits.mark == "recovered"), rows, catalogue, corrections)
    return _as_marks(plain, back, catalogue, whose=whose)


def _whole(rows: ir.Table) -> ir.Table:
    """Return touchpoints with the columns of the contract that marks take over, null where the table lacks one."""
    schema = CONTRACTS["touchpoints"].schema()
    lacking = [name for name in columns(_EMPTY, ()) if name not in rows.columns]
    return rows.mutate(**{name: ibis.null(schema[name]) for name in lacking}) if lacking else rows


def _fits(rows: ir.Table, catalogue: Catalogue) -> ir.Table:
    """Return a row for each rule that a touchpoint fits; no touchpoint pays for more windows than its rules need."""
    parts = []
    for sames, rules in _branches(catalogue):
        known = [*rules, *(catalogue[name] for rule in rules for name in rule.unless)]
        kinds = sorted({kind for rule in known for kind in (*rule.kinds, *(rule.sought if sames else ()))})
        met, answers = asked(rows.filter(rows.kind.isin(kinds)), known)
        parts.append(fitting(met, rules, catalogue, answers))
    if not parts:  # a catalogue without rules
        parts.append(fitting(rows.filter(ibis.literal(value=False)), [], catalogue, Answers({})))
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def _branches(catalogue: Catalogue) -> list[tuple[frozenset[str], list[Mark]]]:
    """Return the rules about touchpoints by what their forms have in common with others; nothing: they look at one."""
    found: dict[frozenset[str], list[Mark]] = {}
    for rule in catalogue.marks:
        if rule.when is not None:
            forms = [rule.form, *(catalogue[name].form for name in rule.unless)]
            sames = frozenset(form.same for form in forms if isinstance(form, Follows | First | Unanswered))
            found.setdefault(sames, []).append(rule)
    return list(found.items())


def _once(found: ir.Table, rules: Sequence[Mark]) -> ir.Table:
    """Return the marks of these rules; of those that a contact or an earlier touchpoint may have once, the earliest."""
    named = {key: [rule.name for rule in rules if rule.once == key] for key in ("contact", "about", "")}
    parts = [found.filter(found.mark.isin(named[""]))]
    for key, column in (("contact", "contact_id"), ("about", "about")):
        if named[key]:
            these = found.filter(found.mark.isin(named[key]))
            window = ibis.window(group_by=["mark", "customer_id", column], order_by=["occurred_at", "touchpoint_id"])
            placed = these.mutate(place=ibis.row_number().over(window))
            parts.append(placed.filter((placed.place == 0) | placed[column].isnull()).drop("place"))
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def _as_marks(plain: ir.Table, back: ir.Table | None, catalogue: Catalogue, *, whose: bool) -> ir.Table:
    """Return the columns of the contract."""
    schema = CONTRACTS["marks"].schema()
    rows = [
        {
            "name": rule.name,
            "cause": rule.cause,
            "agent_controllable": rule.agent_controllable,
            "catalogue": catalogue.version,
        }
        for rule in catalogue.marks
    ]
    attributes = ibis.memtable(pa.Table.from_pylist(rows, schema=_ATTRIBUTES))
    if back is not None:
        nothing = {"evidence": ibis.literal(0.0, type="float64"), "uncapped": ibis.null("float64")}
        back = back.mutate(**nothing)
        common = [*(name for name in schema.names if name not in _ATTRIBUTES.names), "customer_id"]
        plain = ibis.union(plain.select(*common), back.select(*common))
    whole = plain.join(attributes, plain.mark == attributes.name)
    return whole.select(*schema.names, *(["customer_id"] if whose else [])).cast(schema)


_EMPTY = ibis.table(CONTRACTS["touchpoints"].schema(), name="touchpoints")
