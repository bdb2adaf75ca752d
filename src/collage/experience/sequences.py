"""What the other touchpoints of a customer say to a rule: windows over touchpoints in canonical order.

Every question that rules ask (the latest earlier one of these kinds, the next of those) is one column, asked once
however many rules need it; the columns of one `same` share one sort.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir

from collage.experience.forms import First, Follows, Unanswered
from collage.experience.packed import Unpacked, in_contact, microseconds, moment_of, pack, unpack
from collage.experience.rule import Mark

__all__ = ["KEYS", "Answers", "asked", "same_known"]

KEYS = {"issue": ("customer_id", "issue_id"), "contact": ("customer_id", "contact_id"), "customer": ("customer_id",)}
_EARLIER, _LATER = {"preceding": (None, 1)}, {"following": (1, None)}


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers, as columns of a table: `names` maps a question to the column that holds its answer."""

    names: dict[tuple[str, str, tuple[str, ...]], str]

    def holds(self, table: ir.Table, rule: Mark) -> ir.BooleanValue:
        """Return whether the form of a rule holds in a row that fits its `when`; never null."""
        match rule.form:
            case Follows(if_any=True) | None:
                return ibis.literal(value=True)
            case Follows():
                return self._qualifies(table, rule.form)
            case First(same=same, is_first=is_first):
                earlier = self._has_earlier(table, rule.form)
                return same_known(table, same) & (~earlier if is_first else earlier)
            case Unanswered(by=by, same=same, within_us=within):
                at = table[self.names["next", same, by]]
                answered = (at - microseconds(table.occurred_at) <= _int64(within)).fill_null(_bool(value=False))
                return same_known(table, same) & ~answered
        raise AssertionError(rule.form)  # what looks at marks is asked elsewhere

    def about(self, table: ir.Table, rule: Mark) -> Unpacked:
        """Return the earlier touchpoint that a rule is about, unpacked; nulls where there is none."""
        assert isinstance(rule.form, Follows)  # noqa: S101  # no other form is about a touchpoint
        latest = table[self.names["latest", rule.form.same, rule.form.kinds]]
        return unpack(ibis.ifelse(self._qualifies(table, rule.form), latest, ibis.null("string")))

    def _qualifies(self, table: ir.Table, form: Follows) -> ir.BooleanValue:
        latest = table[self.names["latest", form.same, form.kinds]]
        fits = same_known(table, form.same) & latest.notnull()
        if form.within_us is not None:
            fits &= microseconds(table.occurred_at) - moment_of(latest) <= _int64(form.within_us)
        if form.other:
            fits &= ~in_contact(latest, table.contact_id).fill_null(_bool(value=False))
        return fits.fill_null(_bool(value=False))

    def _has_earlier(self, table: ir.Table, form: First) -> ir.BooleanValue:
        some = table[self.names["lowest", form.same, form.kinds]]
        if not form.other:
            return some.notnull()
        # contacts of earlier ones lie between the lowest and the highest: both are mine, or there is another
        most, mine = table[self.names["highest", form.same, form.kinds]], _contact(table)
        another = table.contact_id.isnull() | (some != mine) | (most != mine)
        return some.notnull() & another


def asked(rows: ir.Table, rules: Sequence[Mark]) -> tuple[ir.Table, Answers]:
    """Return touchpoints with the columns that answer what rules ask, and where the answers stand.

    Parameters
    ----------
    rows
        Touchpoints with their `customer_id`: all that these rules are about or look for.
    rules
        Rules that look at touchpoints.
    """
    names: dict[tuple[str, str, tuple[str, ...]], str] = {}
    columns: dict[str, ir.Value] = {}
    for question in dict.fromkeys(question for rule in rules for question in _questions(rule)):
        names[question] = f"_{question[0]}_{len(names)}"
        columns[names[question]] = _answer(rows, *question)
    return rows.mutate(**columns), Answers(names)


def same_known(table: ir.Table, same: str) -> ir.BooleanValue:
    """Return whether a row knows what it must have in common with others: null is never the same."""
    return table[KEYS[same][-1]].notnull()


def _questions(rule: Mark) -> list[tuple[str, str, tuple[str, ...]]]:
    match rule.form:
        case Follows(kinds=kinds, same=same):
            return [("latest", same, kinds)]
        case First(kinds=kinds, same=same, other=other):
            return [("lowest", same, kinds), *([("highest", same, kinds)] if other else [])]
        case Unanswered(by=by, same=same):
            return [("next", same, by)]
    return []


def _answer(rows: ir.Table, what: str, same: str, kinds: tuple[str, ...]) -> ir.Value:
    wanted = rows.kind.isin(kinds)
    frame: Any = _LATER if what == "next" else _EARLIER
    window = ibis.window(group_by=KEYS[same], order_by=["occurred_at", "touchpoint_id"], **frame)
    if what == "next":
        return ibis.ifelse(wanted, microseconds(rows.occurred_at), ibis.null("int64")).min().over(window)
    if what == "latest":
        return ibis.ifelse(wanted, pack(rows), ibis.null("string")).max().over(window)
    contact = ibis.ifelse(wanted, _contact(rows), ibis.null("string"))
    return (contact.min() if what == "lowest" else contact.max()).over(window)


def _contact(table: ir.Table) -> ir.StringValue:
    """Return a text for the contact: not null, and another for a contact that is not known."""
    return ibis.ifelse(table.contact_id.isnull(), "", ibis.literal("=") + table.contact_id)


def _int64(value: int) -> ir.IntegerScalar:
    return ibis.literal(value, type="int64")


def _bool(*, value: bool) -> ir.BooleanScalar:
    return ibis.literal(value=value)
