"""From touchpoints to marks: what each leaves behind, by the rules of a catalogue.

All rules are asked in one pass: touchpoints meet a table of rules on `kind`, and what else a rule asks for is
looked up by number. One expression serves DuckDB and Spark.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from collage.conditions import Condition
from collage.experience.catalogue import Catalogue
from collage.experience.index import double
from collage.tables import CONTRACTS

__all__ = ["marks"]

_RULES = pa.schema(
    [
        pa.field("kind", pa.string()),
        pa.field("mark", pa.string()),
        pa.field("needs", pa.int64()),
        pa.field("salience", pa.float64()),
        pa.field("of", pa.string()),
        pa.field("above", pa.float64()),
        pa.field("per", pa.float64()),
        pa.field("start", pa.float64()),
        pa.field("cap", pa.float64()),
        pa.field("least", pa.float64()),
        pa.field("named_owner", pa.string()),
        pa.field("cause", pa.string()),
        pa.field("agent_controllable", pa.bool_()),
        pa.field("catalogue", pa.string()),
    ]
)


def marks(
    touchpoints: ir.Table,
    customers: ir.Table,  # noqa: ARG001  # rules over all of a customer's touchpoints, the next step, need it
    catalogue: Catalogue,
) -> ir.Table:
    """Return the marks that touchpoints leave behind.

    Severity is min(cap, start + (value - above)/per) where the rule has a shape (a value that is not known
    counts as `above`), else the touchpoint's own (not known: 1); a severity below `catalogue.least` leaves no
    mark. Evidence is salience · min(1, severity). Source: tables.md "marks", model.md §10.1.

    Parameters
    ----------
    touchpoints
        By the contract ``touchpoints``. A touchpoint that is there twice, id and content, counts once: equal
        marks are made one at the end, where rows are few and narrow.
    customers
        By the contract ``customers``; not read by today's rules, each of which looks at one touchpoint.
    catalogue
        The rules.

    Returns
    -------
    Table
        By the contract ``marks``, in no particular order; at most one mark of a name for a touchpoint.
    """
    tests = _tests(catalogue)
    met = touchpoints.select(*_columns(touchpoints, catalogue)).join(_rules(catalogue, tests), "kind")
    met = met.filter(_needs(met, tests))
    met = met.mutate(severity=_severity(met, catalogue))
    return _as_marks(met.filter(met.severity >= met.least)).distinct()


def _tests(catalogue: Catalogue) -> list[Condition]:
    """Return what rules ask beside the kind, each once; a rule carries its place in this list, from 1."""
    return list(dict.fromkeys(mark.needs for mark in catalogue.marks if mark.needs is not None))


def _columns(touchpoints: ir.Table, catalogue: Catalogue) -> list[str]:
    """Return the columns of touchpoints that marks or rules need, in the order of the table."""
    needed = set(CONTRACTS["marks"].names) | {"kind", "department", "severity"}
    for mark in catalogue.marks:
        needed.update(mark.when.columns)
        needed.update({mark.severity.of} if mark.severity else ())
    known = CONTRACTS["touchpoints"].names
    return [name for name in touchpoints.columns if name in needed and name in known]


def _rules(catalogue: Catalogue, tests: list[Condition]) -> ir.Table:
    """Return the rules as a table, a row for each kind that each of them asks for."""
    rows = []
    for mark in catalogue.marks:
        shape = mark.severity
        row = {
            "mark": mark.name,
            "needs": tests.index(mark.needs) + 1 if mark.needs else 0,
            "salience": mark.salience,
            "of": shape.of if shape else None,
            "above": shape.above if shape else 0.0,
            "per": shape.per if shape else 1.0,
            "start": shape.start if shape else 0.0,
            "cap": shape.cap if shape else 1.0,
            "least": catalogue.least,
            "named_owner": mark.owner,
            "cause": mark.cause,
            "agent_controllable": mark.agent_controllable,
            "catalogue": catalogue.version,
        }
        rows += [{"kind": kind, **row} for kind in mark.kinds]
    return ibis.memtable(pa.Table.from_pylist(rows, schema=_RULES))


def _needs(met: ir.Table, tests: list[Condition]) -> ir.BooleanValue:
    """Return whether what the row's rule asks beside the kind holds in the row."""
    each = [(met.needs == n, test.holds(met)) for n, test in enumerate(tests, start=1)]
    return ibis.cases((met.needs == 0, ibis.literal(value=True)), *each, else_=ibis.literal(value=False))


def _severity(met: ir.Table, catalogue: Catalogue) -> ir.FloatingValue:
    claimed = met.severity.fill_null(double(1.0))
    used = sorted({mark.severity.of for mark in catalogue.marks if mark.severity})
    if not used:
        return claimed
    value = ibis.cases(*((met.of == name, met[name].cast("float64")) for name in used), else_=ibis.null("float64"))
    beyond = ((value - met.above) / met.per).fill_null(double(0.0))
    return ibis.ifelse(met.of.isnull(), claimed, ibis.least(met.cap, met.start + beyond))


def _as_marks(written: ir.Table) -> ir.Table:
    """Return the columns of the contract; what only rules about order and time fill is null."""
    whole = written.mutate(
        fades_from=written.occurred_at,
        weighs_as=written.mark,
        evidence=written.salience * ibis.least(double(1.0), written.severity),
        owner=ibis.coalesce(written.named_owner, written.department),
        about=ibis.null("string"),
    )
    schema = CONTRACTS["marks"].schema()
    return whole.select(*schema.names).cast(schema)
