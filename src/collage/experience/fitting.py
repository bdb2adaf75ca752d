"""Which touchpoint fits which rule: they meet a table of rules on `kind`, and the rest is looked up by number."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from collage.experience.catalogue import Catalogue
from collage.experience.forms import Follows, Unanswered
from collage.experience.index import double
from collage.experience.rule import Mark
from collage.experience.sequences import Answers
from collage.tables import CONTRACTS

__all__ = ["CARRIED", "columns", "fitting", "left"]

# what a mark takes over from its touchpoint
CARRIED = (
    "touchpoint_id",
    "identifier",
    "customer_id",
    "channel",
    "site",
    "agent",
    "issue_id",
    "contact_id",
    "department",
)
_LEFT = (*CARRIED, "mark", "occurred_at", "claimed", "severity", "evidence", "weight", "about", "owner")
_RULES = pa.schema(
    [
        pa.field("kind", pa.string()),
        pa.field("mark", pa.string()),
        pa.field("number", pa.int64()),
        pa.field("weight", pa.float64()),
        pa.field("salience", pa.float64()),
        pa.field("of", pa.string()),
        pa.field("above", pa.float64()),
        pa.field("per", pa.float64()),
        pa.field("start", pa.float64()),
        pa.field("cap", pa.float64()),
        pa.field("least", pa.float64()),
        pa.field("named_owner", pa.string()),
    ]
)


def columns(touchpoints: ir.Table, rules: Sequence[Mark]) -> list[str]:
    """Return the columns of touchpoints that marks or rules need, in the order of the contract."""
    needed = {*CARRIED, "occurred_at", "kind", "severity"}
    for rule in rules:
        needed.update(() if rule.when is None else rule.when.columns)
        needed.update({rule.severity.of} if rule.severity else ())
    return [name for name in CONTRACTS["touchpoints"].names if name in needed and name in touchpoints.columns]


def fitting(rows: ir.Table, rules: Sequence[Mark], catalogue: Catalogue, answers: Answers) -> ir.Table:
    """Return a row for each rule that a touchpoint fits: what would be left, before rules look at each other's marks.

    Parameters
    ----------
    rows
        Touchpoints with their `customer_id` and the columns of `answers`.
    rules
        The rules to ask.
    catalogue
        All of them, and `least`.
    answers
        What other touchpoints say to these rules.

    Returns
    -------
    Table
        The columns that `left` gives.
    """
    met = rows.join(_table(rules, catalogue), "kind")
    met = met.filter(_holds(met, rules, catalogue, answers))
    met = met.mutate(claimed=met.severity.fill_null(double(1.0)))
    met = met.mutate(severity=_severity(met, rules))
    met = met.filter(met.severity >= met.least)
    return left(met.mutate(**_pointing(met, rules, answers), occurred_at=_moment(met, rules)))


def left(met: ir.Table) -> ir.Table:
    """Return rows with what every mark has before the cap.

    `claimed` is the severity that the touchpoint's source claims, `weight` the catalogue's.
    """
    return met.mutate(evidence=met.salience * ibis.least(double(1.0), met.severity)).select(*_LEFT)


def _owner(met: ir.Table, rule: Mark, about: ir.StringValue, department: ir.StringValue) -> ir.StringValue:
    """Return whose mark it is, where the rule is about another touchpoint, of that `department`."""
    if rule.owner != "about" or rule.owner_named:
        return met.named_owner.fill_null(met.department)
    return ibis.ifelse(about.isnull(), met.department, department)


def _table(rules: Sequence[Mark], catalogue: Catalogue) -> ir.Table:
    """Return rules as a table, a row for each kind that each of them asks for."""
    rows = []
    for number, rule in enumerate(rules):
        shape = rule.severity
        row = {
            "mark": rule.name,
            "number": number,
            "weight": rule.weight,
            "salience": rule.salience,
            "of": shape.of if shape else None,
            "above": shape.above if shape else 0.0,
            "per": shape.per if shape else 1.0,
            "start": shape.start if shape else 0.0,
            "cap": shape.cap if shape else 1.0,
            # what takes strikes back weighs as they do, whatever its own touchpoint claims
            "least": 0.0 if rule.recovers else catalogue.least,
            "named_owner": rule.owner if rule.owner_named else None,
        }
        rows += [{"kind": kind, **row} for kind in rule.kinds]
    return ibis.memtable(pa.Table.from_pylist(rows, schema=_RULES))


def _holds(met: ir.Table, rules: Sequence[Mark], catalogue: Catalogue, answers: Answers) -> ir.BooleanValue:
    """Return whether what the row's rule asks beside the kind holds in the row.

    Alternatives and not cases: an engine that filters asks each part only of the rows that are still in question.
    """
    free = [number for number, rule in enumerate(rules) if not _asks_more(rule)]
    alternatives = [met.number.isin(free)] if free else []
    for number, rule in enumerate(rules):
        if not _asks_more(rule):
            continue
        parts = [met.number == number]
        parts += [rule.needs.holds(met)] if rule.needs is not None else []
        parts += [] if rule.later or rule.recovers else [answers.holds(met, rule)]
        for name in rule.unless:
            other = catalogue[name]
            assert other.when is not None  # noqa: S101  # checked when the catalogue was read
            parts.append(~(other.when.holds(met) & answers.holds(met, other)))
        alternatives.append(ibis.and_(*parts))
    return ibis.or_(*alternatives)


def _asks_more(rule: Mark) -> bool:
    """Return whether a rule asks for more than the kind of its touchpoint."""
    looks = rule.form is not None and not rule.later and not rule.recovers
    return looks or rule.needs is not None or bool(rule.unless)


def _severity(met: ir.Table, rules: Sequence[Mark]) -> ir.FloatingValue:
    used = sorted({rule.severity.of for rule in rules if rule.severity})
    if not used:
        return met.claimed
    # `severity` itself may be the number that a shape goes by; not known, it counts as `above` like any other
    value = ibis.cases(*((met.of == name, met[name].cast("float64")) for name in used), else_=ibis.null("float64"))
    beyond = ((value - met.above) / met.per).fill_null(double(0.0))
    return ibis.ifelse(met.of.isnull(), met.claimed, ibis.least(met.cap, met.start + beyond))


def _pointing(met: ir.Table, rules: Sequence[Mark], answers: Answers) -> dict[str, ir.Value]:
    """Return `about` and `owner`."""
    abouts, owners = [], []
    for number, rule in enumerate(rules):
        if isinstance(rule.form, Follows):
            found = answers.about(met, rule)
            abouts.append((met.number == number, found.touchpoint_id))
            owners.append((met.number == number, _owner(met, rule, found.touchpoint_id, found.department)))
    own = met.named_owner.fill_null(met.department)
    none = ibis.null("string")
    return {
        "about": ibis.cases(*abouts, else_=none) if abouts else none,
        "owner": ibis.cases(*owners, else_=own) if owners else own,
    }


def _moment(met: ir.Table, rules: Sequence[Mark]) -> ir.TimestampValue:
    """Return when the mark occurs: with its touchpoint, or at the deadline for an answer."""
    late = [
        (met.number == number, met.occurred_at + ibis.interval(rule.form.within_us, unit="us"))
        for number, rule in enumerate(rules)
        if isinstance(rule.form, Unanswered)
    ]
    return ibis.cases(*late, else_=met.occurred_at) if late else met.occurred_at
