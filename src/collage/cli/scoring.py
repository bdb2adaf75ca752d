"""The commands `score` and `explain`."""

from __future__ import annotations

import argparse
import calendar
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from collage.cli.opening import last, marked, marked_in_parts, opened
from collage.cli.printing import SHOWN, at_work, print_table, say, strength

if TYPE_CHECKING:
    import pyarrow as pa

    from collage.cli.opening import Marked

__all__ = ["every", "explain", "hand_out", "score"]

_MOST_MOMENTS = 2000
_ORDER = {"customer": "customer_id", "owner": "department", "channel": "channel"}


def score(arguments: argparse.Namespace) -> None:
    """Score a dataset: its customers, its departments, its channels, or the company; once, or every week or month."""
    from collage import experience

    with opened(arguments.dataset, arguments.engine) as dataset:
        at = arguments.at or last(dataset)
        with at_work() as step:
            step("who is who")
            parts = marked_in_parts(dataset, arguments.catalogue, model=arguments.model)
            first = dataset.table("touchpoints").occurred_at.min().to_pyarrow().as_py() if arguments.every else at
            moments = dataset.engine.kept(experience.moments(*every(arguments.every, first, at)), "all_moments")
            rows = _scored(parts, moments, by=arguments.by, step=step)
    if arguments.format != "table" or arguments.out is not None:
        order = [*([_ORDER[arguments.by]] if arguments.by in _ORDER else []), "at"]
        hand_out(rows.sort_by([(name, "ascending") for name in order]), arguments)
    elif arguments.by == "customer":
        _show_customers(rows, at)
    else:
        _show_groups(rows, arguments.by, at)


def _scored(parts: Iterable[Marked], at: Any, *, by: str, step: Callable[[str], None]) -> pa.Table:
    """Return the scores of all parts together."""
    import ibis
    import pyarrow as pa

    from collage import experience

    found, catalogue = [], None
    for part in parts:
        step(f"marks and scores {part.part}".rstrip())
        found.append(part.answer(by, partial(_part, part, at, by)))
        catalogue = part.catalogue
    whole = pa.concat_tables(found)
    if by == "customer" or catalogue is None:
        return whole
    return experience.groups_of(ibis.memtable(whole), catalogue, by=by).to_pyarrow()  # type: ignore[arg-type]  # a literal, to mypy


def _part(part: Marked, at: Any, by: str) -> Any:
    """Return the scores of a part of the customers; of departments and the like, what it adds to their sums."""
    from collage import experience

    tables = (part.marks, part.touchpoints, part.customers, part.catalogue)
    if by == "customer":
        return experience.score(*tables, at=at)
    return experience.group_sums(*tables, by=by, at=at)  # type: ignore[arg-type]  # a literal, to mypy


def explain(arguments: argparse.Namespace) -> None:
    """Show what one customer's experience is made of."""
    from collage import experience

    who, language = arguments.customer, arguments.language
    with opened(arguments.dataset, arguments.engine) as dataset:
        at = arguments.at or last(dataset)
        with at_work() as step:
            step("explaining")
            found = marked(dataset, arguments.catalogue, of=who, model=arguments.model)
            tables = (found.marks, found.touchpoints, found.customers, found.catalogue)
            rows = experience.explain(*tables, at=at, customer=who, language=language)
            names = found.customers.select("customer_id", "identifier", "state").to_pyarrow().to_pylist()
    if arguments.format != "table" or arguments.out is not None:
        hand_out(rows, arguments)
        return
    listed = rows.to_pylist()
    total, points = (sum(row[name] for row in listed) for name in ("contribution", "points"))
    print_table(["when", "what", "whose", "channel", "points", "without it"], [_explain_row(row) for row in listed])
    say(
        f"{who} at {_minute(at)}: index {50 + points:.1f} = 50 {points:+.1f}; experience {total:+.3f}, "
        f"{_marks(len(listed))}. Without it: what the experience would be had this not happened."
    )
    if words := _known_as(names):
        say(words)


def every(step: str | None, first: datetime, at: datetime) -> list[datetime]:
    """Return the moments to ask at: `at`, and back from it by weeks or calendar months, to the first touchpoint.

    Parameters
    ----------
    step
        ``week``, ``month`` (the same day of each month, or its last) or None: `at` alone.
    first, at
        The first touchpoint and the moment of asking.

    Returns
    -------
    list of datetime
        The latest last, at least one; no more than 2,000.
    """
    found = [at]
    while step is not None and len(found) < _MOST_MOMENTS:
        earlier = at - timedelta(weeks=len(found)) if step == "week" else _months_before(at, len(found))
        if earlier < first:
            break
        found.append(earlier)
    return found[::-1]


def _months_before(at: datetime, months: int) -> datetime:
    year, month = divmod(at.year * 12 + at.month - 1 - months, 12)
    return at.replace(year=year, month=month + 1, day=min(at.day, calendar.monthrange(year, month + 1)[1]))


def _show_customers(rows: pa.Table, at: datetime) -> None:
    latest = rows.sort_by([("at", "descending"), ("experience", "ascending"), ("customer_id", "ascending")])
    worst = latest.slice(0, SHOWN).to_pylist()
    figures = ["index", "experience", "90 % interval", "evidence", "trend", "strikes 90 d", "marks", "last touchpoint"]
    print_table(["customer", *figures], [_score_row(row) for row in worst if row["at"] == at])
    moments = len(rows["at"].unique())
    customers = len(rows["customer_id"].unique())
    more = "; all of them with --format csv" if rows.num_rows > len(worst) else ""
    earlier = f" and {moments - 1:,} earlier moments" if moments > 1 else ""
    say(f"{customers:,} customers at {_minute(at)}{earlier}, worst first{more}.")


def _show_groups(rows: pa.Table, by: str, at: datetime) -> None:
    name = _ORDER.get(by)
    listed = sorted(rows.to_pylist(), key=lambda row: (row["at"], row["experience"]))
    head = [
        *([name] if name else []),
        "at",
        "customers",
        "marks",
        "experience",
        "95 % interval",
        "loss 90 d",
        "gain 90 d",
    ]
    print_table([*head, *([] if name else ["index"])], [_group_row(row, name) for row in listed])
    words = {
        "owner": "what each department's marks add to the experience of all customers; they sum to the company's",
        "channel": "what each channel's marks add to the experience of all customers; they sum to the company's",
        "company": "the mean experience of all customers with a touchpoint in the 365 days before",
    }
    say(f"{by.capitalize()} at {_minute(at)}: {words[by]}. Loss and gain are points of satisfaction over 90 days.")


def _score_row(row: Mapping[str, Any]) -> list[str]:
    interval = f"{row['low']:+.2f} … {row['high']:+.2f}"
    evidence = f"{row['evidence']:.2f} {strength(row['evidence'])}"
    figures = [f"{row['index']:.0f}", f"{row['experience']:+.2f}", interval, evidence, f"{row['trend']:+.2f}"]
    counts = [str(row["strikes_90d"]), str(row["n_marks"]), f"{row['last_touchpoint_at']:%Y-%m-%d}"]
    return [row["customer_id"], *figures, *counts]


def _group_row(row: Mapping[str, Any], name: str | None) -> list[str]:
    interval = "not enough data" if row["low"] is None else f"{row['low']:+.3f} … {row['high']:+.3f}"
    named = [row[name] or "(not known)"] if name else []
    figures = [
        f"{row['at']:%Y-%m-%d}",
        f"{row['customers']:,}",
        f"{row['marks']:,}",
        f"{row['experience']:+.3f}",
        interval,
    ]
    sums = [f"{row['loss']:,.1f}", f"{row['gain']:,.1f}"]
    return [*named, *figures, *sums, *([] if name else [f"{row['index']:.1f}"])]


def _explain_row(row: Mapping[str, Any]) -> list[str]:
    words = [f"{row['occurred_at']:%Y-%m-%d %H:%M}", row["says"], row["owner"] or "", row["channel"] or ""]
    return [*words, _signed(row["points"], 2), _signed(row["without"], 3)]


def _marks(n: int) -> str:
    return {0: "no mark", 1: "its one mark"}.get(n, f"the sum of {n:,} marks")


def _signed(number: float, digits: int) -> str:
    """Return a number with its sign; one that is nothing at these digits is nothing, not less."""
    return f"{0.0 if round(number, digits) == 0 else number:+.{digits}f}"


def _known_as(names: list[dict[str, Any]]) -> str:
    """Return in words who the customer is, where there is more to say than was asked."""
    states = {row["state"] for row in names}
    others = sorted(row["identifier"] for row in names)
    words = []
    if len(others) > 1:
        words.append(f"Known as {', '.join(others)}.")
    if "shared" in states:
        words.append("Several customers claim this identifier, so it stands for itself alone.")
    if "contested" in states:
        words.append("Claims would make one customer of several accounts: only those followed that name an account,")
        words.append("or that a person made.")
    return " ".join(words)


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def hand_out(table: pa.Table, arguments: argparse.Namespace) -> None:
    """Write a result where and how it was asked for (`--format`, `--out`).

    Parameters
    ----------
    table
        The result.
    arguments
        What was asked.
    """
    from collage import store

    ending = arguments.out.suffix.removeprefix(".") if arguments.out is not None else ""
    by_ending = ending if ending in {"json", "parquet"} else "csv"
    format_ = by_ending if arguments.format == "table" else arguments.format
    if arguments.out is not None:
        store.write_result(table, arguments.out, format_)
        say(f"{table.num_rows:,} rows written to {arguments.out}.")
        return
    sys.stdout.buffer.write(store.render(table, format_))
    sys.stdout.buffer.flush()
