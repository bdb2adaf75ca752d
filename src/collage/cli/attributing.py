"""The command `attribute`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from collage.cli.opening import check_rated, last_of_all, marked, opened
from collage.cli.printing import SHOWN, at_work, print_table, say
from collage.cli.scoring import hand_out
from collage.errors import CollageError

if TYPE_CHECKING:
    from datetime import datetime

    from collage.cli.opening import Marked
    from collage.experience.attribution import Balance, Credits, ValueAdded
    from collage.store import Dataset

__all__ = ["attribute", "credits_of"]

_FEW = 0.05  # p, below which it is chance only seldom
_RANKED = 0.7  # reliability, below which nobody is ranked


def attribute(arguments: argparse.Namespace) -> None:
    """Share ratings out over all who brought them about, or compare departments or agents by what they add."""
    from collage.experience import attribution

    with opened(arguments.dataset, arguments.engine) as dataset, at_work() as step:
        check_rated(dataset, f"attribute {arguments.dataset}")
        at = arguments.at or last_of_all(dataset)
        step("marks")
        found = marked(dataset, arguments.catalogue, model=arguments.model)
        step("ratings shared out")
        shared = credits_of(dataset, found, at)
        step("agents and departments compared")
        compared = None if arguments.by == "rating" else attribution.value_added(shared)
    table = shared.table() if compared is None else compared.table(arguments.by)
    if arguments.format != "table" or arguments.out is not None:
        hand_out(table, arguments)
    elif compared is None:
        _show_ratings(shared, at)
    else:
        _show_groups(compared, arguments.by, at)
    if compared is not None:
        _tell(compared)


def credits_of(dataset: Dataset, found: Marked, at: datetime) -> Credits:
    """Return a dataset's ratings up to a moment, shared out.

    Parameters
    ----------
    dataset
        With ratings.
    found
        Its marks, by a model or not.
    at
        Later ratings are not there.
    """
    from collage.experience import attribution

    ratings = dataset.table("ratings")
    # marks of who never rated are nobody's here
    who = found.customers
    rated = who.semi_join(ratings.select("identifier").distinct(), "identifier").select("customer_id").distinct()
    theirs = found.of(dataset.engine.kept(who.semi_join(rated, "customer_id"), "who_rated"))
    rows = attribution.rows(ratings, theirs.touchpoints, theirs.customers, at=at).to_pyarrow()
    if not rows.num_rows:
        asked = f"attribute {dataset.folder}"
        raise CollageError(asked, f"no usable rating up to {at:%Y-%m-%d %H:%M} UTC", "choose a later --at")
    marks = dataset.engine.kept(theirs.marks)
    model = found.model
    return attribution.attributed(
        rows, marks, theirs.customers, found.catalogue, model, ask=lambda table: table.to_pyarrow()
    )


def _show_ratings(of: Credits, at: datetime) -> None:
    rows = of.table().to_pylist()
    when = dict(zip(of.asked["rating_id"].to_pylist(), of.asked["rated_us"].to_pylist(), strict=True))
    rows.sort(key=lambda row: (-when[row["rating_id"]], row["rating_id"]))
    names = ("rating", "score", "base", "inherited", "this contact", "its process", "its agent", "since", "customer")
    print_table([*names, "asked", "unexplained"], [_rating_row(row) for row in rows[:SHOWN]])
    more = "; all of them, and from whom was inherited, with --format json" if len(rows) > SHOWN else ""
    say(f"{len(rows):,} ratings up to {_minute(at)}, the latest first{more}.")
    say("Each score is its base and all parts: what one was before, what came with the contact, what nobody explains.")


def _rating_row(row: Mapping[str, Any]) -> list[str]:
    inherited = sum(row["inherited"].values()) + row["inherited_self"]
    parts = [inherited, *(row[name] for name in ("contact_other", "contact_process", "own_agent", "since", "customer"))]
    ends = [row["instrument"], row["unexplained"]]
    return [row["rating_id"], f"{row['score']:g}", f"{row['base']:.2f}", *(_signed(each) for each in [*parts, *ends])]


def _show_groups(of: ValueAdded, by: str, at: datetime) -> None:
    rows = _ordered(of.table(by).to_pylist(), by)  # type: ignore[arg-type]  # a literal, to mypy
    names = [by, "ratings", "mean rating", "value added", "95 % interval", "reliability", "verdict"]
    print_table(names, [_group_row(row, by) for row in rows])
    beside = (
        "beside other agents of the department" if by == "agent" else "beside the other departments, agents included"
    )
    n = sum(row["n"] for row in rows)
    say(f"{n:,} ratings up to {_minute(at)}. Value added: points from 1 to 5, {beside},")
    say("once it is taken out what experience was handed over, how was asked, and when.")


def _ordered(rows: Sequence[Mapping[str, Any]], by: str) -> list[Mapping[str, Any]]:
    """Return the reliable ones by what they add, then the others by name: these have no rank."""
    reliable = [row for row in rows if row["reliability"] >= _RANKED]
    others = [row for row in rows if row["reliability"] < _RANKED]
    return sorted(reliable, key=lambda row: -row["value_added"]) + sorted(others, key=lambda row: row[by])


def _group_row(row: Mapping[str, Any], by: str) -> list[str]:
    interval = f"{row['low']:+.2f} … {row['high']:+.2f}"
    figures = [f"{row['n']:,}", f"{row['raw_mean']:.2f}", _signed(row["value_added"]), interval]
    return [row[by], *figures, f"{row['reliability']:.2f}", row["verdict"]]


def _tell(of: ValueAdded) -> None:
    """Say how far the comparison carries."""
    say("Only reliabilities of .7 and more are ranked; no pay should hang on one below .8.")
    if of.balance is not None:
        say(_balanced(of.balance))
    if of.forecast is not None:
        slope, se = of.forecast
        came = f"{slope:.2f} ± {1.96 * se:.2f} came true in the last"
        say(f"Forecast: of what earlier quarters said of each agent, {came}.")
    if of.turned:
        say(f"Note: {of.turned:,} verdicts turn where each agent's ratings have a noise of their own.")


def _balanced(found: Balance) -> str:
    words = f"(F({found.freedom[0]:,}, {found.freedom[1]:,}) = {found.f:.2f}, p = {found.p:.3f})"
    if found.p < _FEW:
        return (
            f"Balance: agents of a department were not handed alike at the same time of day; raw means mislead {words}."
        )
    return f"Balance: agents of a department were handed alike at the same time of day {words}."


def _signed(number: float) -> str:
    return f"{0.0 if round(number, 2) == 0 else number:+.2f}"


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
