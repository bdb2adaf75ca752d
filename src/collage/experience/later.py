"""Rules that look at marks of other rules: the same again, and a strike after we tried to make it good.

What such a rule leaves is seen by no other rule, so one pass is enough: whoever asks (touchpoints, or strikes) and what
is sought (marks, or touchpoints) stand in one long table, in canonical order within a rule and its `same`.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from collage.experience.catalogue import Catalogue
from collage.experience.fitting import CARRIED, left
from collage.experience.forms import Again, Follows
from collage.experience.index import double
from collage.experience.packed import in_contact, microseconds, moment_of, pack, unpack
from collage.experience.rule import Mark
from collage.experience.sequences import KEYS

__all__ = ["again"]

_ASKS = pa.schema(
    [
        pa.field("rule", pa.string()),
        pa.field("same", pa.string()),
        pa.field("within", pa.int64()),
        pa.field("other", pa.bool_()),
        pa.field("about_owns", pa.bool_()),
        pa.field("salience", pa.float64()),
        pa.field("rule_weight", pa.float64()),
        pa.field("named_owner", pa.string()),
    ]
)
_SEEKS = pa.schema([pa.field("rule", pa.string()), pa.field("same", pa.string()), pa.field("sought", pa.string())])
_FOREVER = 2**62


def again(
    found: ir.Table, fits: ir.Table, touchpoints: ir.Table, catalogue: Catalogue
) -> list[tuple[ir.Table, list[Mark]]]:
    """Return what rules leave that look at other rules' marks, each table with its rules.

    Parameters
    ----------
    found
        Marks of the rules that look at touchpoints alone, without those that were struck out.
    fits
        Touchpoints that fit the `when` of the rules `again`, as rows of `fitting.left`.
    touchpoints
        Touchpoints with their `customer_id`.
    catalogue
        The rules.
    """
    left_behind = []
    if repeated := [rule for rule in catalogue.marks if isinstance(rule.form, Again)]:
        asks, sought = _asking(fits, repeated, by="mark"), _sought(found, repeated, by="mark")
        left_behind.append((_answered(asks, sought), repeated))
    if after := [rule for rule in catalogue.marks if rule.when is None]:
        # what is left at the touchpoint of a strike goes by what that touchpoint's source claims
        strikes = found.filter(found.weight < double(0.0), found.claimed >= double(catalogue.least))
        asks = _asking(strikes, after, by=None)
        sought = _sought(touchpoints, after, by="kind")
        # most strikes have nothing before them that these rules seek
        asks = asks.semi_join(sought.select("customer_id", "rule", "own").distinct(), ["customer_id", "rule", "own"])
        left_behind.append((_answered(asks, sought), after))
    return left_behind


def _asking(rows: ir.Table, rules: Sequence[Mark], *, by: str | None) -> ir.Table:
    """Return the rows that ask, a row for each rule they ask by: the one of their name, or every one of `rules`."""
    table = ibis.memtable(pa.Table.from_pylist([_ask(rule) for rule in rules], schema=_ASKS))
    met = rows.cross_join(table) if by is None else rows.join(table, rows[by] == table.rule)
    severity = met.claimed if by is None else met.severity
    ask = met.select(
        *CARRIED,
        *("rule", "same", "within", "other", "about_owns", "salience", "rule_weight", "named_owner"),
        *("occurred_at", "claimed"),
        severity=severity,
        packed=ibis.null("string"),
    )
    return _keyed(ask)


def _sought(rows: ir.Table, rules: Sequence[Mark], *, by: str) -> ir.Table:
    """Return what is sought, a row for each rule that seeks it."""
    seeks = [
        {"rule": rule.name, "same": rule.form.same, "sought": name}
        for rule in rules
        if isinstance(rule.form, Again | Follows)
        for name in (rule.form.marks if isinstance(rule.form, Again) else rule.form.kinds)
    ]
    table = ibis.memtable(pa.Table.from_pylist(seeks, schema=_SEEKS))
    met = rows.join(table, rows[by] == table.sought)
    return _keyed(met.mutate(packed=pack(met)))


def _keyed(rows: ir.Table) -> ir.Table:
    """Return rows with what they must have in common as one column; without those that do not know it."""
    # rows are of one customer anyway
    own = {same: ibis.literal("") if same == "customer" else rows[keys[-1]] for same, keys in KEYS.items()}
    own = ibis.cases(*((rows.same == same, value) for same, value in own.items()), else_=ibis.null("string"))
    return rows.mutate(own=own).filter(own.notnull())


def _ask(rule: Mark) -> dict[str, object]:
    assert isinstance(rule.form, Again | Follows)  # noqa: S101  # all that looks at marks has one of these
    within = rule.form.within_us
    return {
        "rule": rule.name,
        "same": rule.form.same,
        "within": _FOREVER if within is None else within,
        "other": isinstance(rule.form, Follows) and rule.form.other,
        "about_owns": rule.owner == "about" and not rule.owner_named,
        "salience": rule.salience,
        "rule_weight": rule.weight,
        "named_owner": rule.owner if rule.owner_named else None,
    }


def _answered(asks: ir.Table, sought: ir.Table) -> ir.Table:
    """Return the marks of those that ask and have what they seek before them, near enough."""
    order = ("customer_id", "rule", "own", "occurred_at", "touchpoint_id", "packed")
    # at the same touchpoint who asks stands first: what it leaves itself is not earlier
    blank = {name: ibis.null(asks[name].type()) for name in asks.columns if name not in order}
    other = sought.select(*order).mutate(**blank, asks=ibis.literal(0)).select(*asks.columns, "asks")
    long = ibis.union(asks.mutate(asks=ibis.literal(1)).select(*asks.columns, "asks"), other)
    window = ibis.window(
        group_by=["customer_id", "rule", "own"],
        order_by=["occurred_at", "touchpoint_id", ibis.desc("asks")],
        preceding=(None, 1),
    )
    long = long.mutate(latest=long.packed.max().over(window))
    met = long.filter(long.asks == 1, long.latest.notnull())
    near = microseconds(met.occurred_at) - moment_of(met.latest) <= met.within
    apart = ~(met.other & in_contact(met.latest, met.contact_id).fill_null(ibis.literal(value=False)))
    met = met.filter(near, apart)
    about = unpack(met.latest)
    met = met.mutate(about=about.touchpoint_id, about_department=about.department)
    own = met.named_owner.fill_null(ibis.ifelse(met.about_owns, met.about_department, met.department))
    return _earliest(left(met.mutate(mark=met.rule, weight=met.rule_weight, owner=own)))


def _earliest(rows: ir.Table) -> ir.Table:
    """Return one mark of a name for a touchpoint: of several strikes of one, the earliest that fits leaves it."""
    window = ibis.window(group_by=["mark", "touchpoint_id"], order_by=["occurred_at"])
    placed = rows.mutate(place=ibis.row_number().over(window))
    return placed.filter(placed.place == 0).drop("place")
