"""One sentence for each picture of what the ratings teach: what it shows, read aloud for who has to act on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from collage.experience.model import Model
from collage.report.bridge import Bridge
from collage.report.figures import Figures
from collage.report.lesson_rows import SIDES, Fading, Tenths, Trial, Weighed, trials
from collage.report.telling import Telling

__all__ = [
    "bridge_read",
    "class_named",
    "fading_read",
    "mark_named",
    "rival_named",
    "sides_read",
    "tenths_named",
    "tenths_read",
    "trials_in_words",
    "trials_read",
    "weights_read",
]


def mark_named(name: str, figures: Figures, tell: Telling) -> str:
    """Return what a mark says of anybody; its name where the catalogue knows none of it."""
    try:
        return tell.mark(name, figures.plain or figures.catalogue)
    except KeyError:
        return name


def weights_read(rows: Sequence[Weighed], figures: Figures, tell: Telling) -> str:
    """Return which mark weighs most more than assumed and which most less, where the ratings say so."""
    if figures.model is not None and figures.model.inherited_share.verdict == "nothing":
        return tell._("As nothing explains your ratings better than chance, none of these weights is a finding.")
    clear = [row for row in rows if row.clear]
    more = max((row for row in clear if row.more > 0), key=lambda row: row.more, default=None)
    less = min((row for row in clear if row.more < 0), key=lambda row: row.more, default=None)
    said = []
    if more is not None:
        said.append(
            tell._(
                "“{mark}” weighs most more than assumed: {weight} ({interval}) instead of {default}.",
                **_told(more, figures, tell),
            )
        )
    if less is not None:
        said.append(
            tell._(
                "“{mark}” weighs most less than assumed: {weight} ({interval}) instead of {default}.",
                **_told(less, figures, tell),
            )
        )
    return " ".join(said) or tell._("No mark weighs clearly more or less than was assumed.")


def _told(row: Weighed, figures: Figures, tell: Telling) -> Mapping[str, str]:
    return {
        "mark": mark_named(row.mark, figures, tell),
        "weight": tell.signed(row.weight, 2),
        "interval": tell.between(row.low, row.high, 2),
        "default": tell.signed(row.default, 2),
    }


def class_named(name: str, tell: Telling) -> str:
    """Return a class of marks in words; its name where it is a company's own."""
    known = {
        "passing": tell._("passing marks"),
        "everyday": tell._("everyday marks"),
        "lasting": tell._("lasting marks"),
        "indelible": tell._("indelible marks"),
    }
    return known.get(name, name)


def fading_read(each: Fading, tell: Telling) -> str:
    """Return after how many days half of a strike and of a credit of a class is forgotten."""
    values = {}
    for side, name in zip(SIDES, ("strike", "credit"), strict=True):
        if side in each.sides:
            days = each.sides[side]
            values[name] = tell.number(days.half_life_days)
            values[f"{name}_interval"] = tell.bounds(days.low, days.high)
    if len(each.sides) > 1:
        said = tell._(
            "Half of a strike is forgotten after {strike} days ({strike_interval}), of a credit after {credit} "
            "({credit_interval}).",
            **values,
        )
    elif "strike" in values:
        said = tell._("Half of a strike is forgotten after {strike} days ({strike_interval}).", **values)
    else:
        said = tell._("Half of a credit is forgotten after {credit} days ({credit_interval}).", **values)
    if each.default is None:
        return said
    return " ".join([said, tell._("Assumed: {n}.", n=tell.number(each.default))])


def sides_read(rows: Sequence[Fading], model: Model, tell: Telling) -> str:
    """Return whether strikes or credits are remembered longer, where the ratings show that they are remembered."""
    if model.inherited_share.verdict != "inherited":
        return tell._(
            "As what came before a contact shows no effect for certain, these curves are no finding: they are what "
            "fits best."
        )
    both = next((each.sides for each in rows if len(each.sides) > 1), None)
    if both is None:
        return ""
    strikes, credits_ = both["negative"], both["positive"]
    if strikes.low is not None and credits_.high is not None and strikes.low > credits_.high:
        return tell._("Your customers remember what went wrong longer than what went well.")
    if credits_.low is not None and strikes.high is not None and credits_.low > strikes.high:
        return tell._("Your customers remember what went well longer than what went wrong.")
    return tell._("Whether strikes or credits are remembered longer, your ratings do not clearly say.")


def rival_named(code: str, tell: Telling) -> str:
    """Return what the model is compared with, in words."""
    known = {
        "default": tell._("the catalogue's own numbers"),
        "last_contact": tell._("the last contact alone"),
        "plain_average": tell._("the plain average of all marks"),
        "undecayed_sum": tell._("a sum in which nothing is forgotten"),
        "fixed_half_life": tell._("a sum that fades at a fixed pace"),
        "peak_end": tell._("the strongest and the last mark alone"),
        "intercept": tell._("one forecast for everyone"),
    }
    return known.get(code, code)


def trials_in_words(model: Model, *, language: str) -> list[tuple[str, float, float]]:
    """Return what the model was compared with on later ratings, its lead, and half the width of the lead's interval.

    Parameters
    ----------
    model
        Any; one that is not fitted was not tried.
    language
        ``en`` or ``de``.

    Returns
    -------
    list of tuple
        Leads in log-loss per rating: above 0 where the model foretold better; intervals of 95 %.

    Raises
    ------
    UsageError
        When the language is none of ours.
    """
    tell = Telling(language)
    return [(rival_named(row.over, tell), row.lead, row.reach) for row in trials(model)]


def trials_read(rows: Sequence[Trial], model: Model, tell: Telling) -> Sequence[str]:
    """Return whether the model foretells later ratings better than the last contact alone and the plain average."""
    n = model.validation.n_out_of_time
    asked = [row for row in rows if row.over in {"last_contact", "plain_average"}]
    if not asked or n < 1:
        return [tell._("There were too few later ratings to try the forecasts on.")]
    return [tell._("Tried on {n} later ratings that the fit had not seen:", n=tell.number(n)), *_each(asked, tell)]


def _each(rows: Sequence[Trial], tell: Telling) -> Sequence[str]:
    said = []
    for row in rows:
        values = {
            "rival": rival_named(row.over, tell),
            "lead": tell.signed(row.lead, 3),
            "reach": tell.number(row.reach, 3),
        }
        if row.told == "better":
            said.append(tell._("The model foretells better than {rival} ({lead} ± {reach}).", **values))
        elif row.told == "worse":
            said.append(tell._("The model foretells worse than {rival} ({lead} ± {reach}).", **values))
        else:
            said.append(
                tell._(
                    "The model does not foretell better than {rival}: the difference could be chance "
                    "({lead} ± {reach}).",
                    **values,
                )
            )
    return said


def tenths_named(outcome: str, tell: Telling) -> str:
    """Return of whom expected and observed are compared."""
    if outcome == "dissatisfied":
        return tell._("Dissatisfied: the lowest two of five")
    return tell._("Satisfied: the highest two of five")


def tenths_read(each: Tenths, tell: Telling) -> str:
    """Return whether as many came as were expected."""
    said = tell._(
        "In {within} of {groups} groups what was expected lies within the interval of what came; {n} ratings.",
        within=tell.number(each.within),
        groups=tell.number(len(each.rows)),
        n=tell.number(each.n),
    )
    if each.slope is None:
        return said
    return " ".join([said, tell._("Slope {slope}; 1 would be exact.", slope=tell.number(each.slope, 2))])


def bridge_read(found: Bridge, tell: Telling) -> str:
    """Return how much of the level moved because the method changed."""
    last = found.months[-1]
    values = {
        "old": tell.number(last.catalogue, 1),
        "new": tell.number(last.model, 1),
        "points": tell.number(abs(found.shift), 1),
        "reach": "" if found.reach is None else tell.number(found.reach, 1),
        "n": tell.number(found.customers),
    }
    if found.reach is None:
        return tell._("By the catalogue the index is {old}, by your ratings {new}.", **values)
    if abs(found.shift) <= found.reach:
        return tell._(
            "By the catalogue the index is {old}, by your ratings {new}: the method hardly moves the level "
            "({points} ± {reach} points, {n} customers).",
            **values,
        )
    if found.shift < 0:
        return tell._(
            "By the catalogue the index is {old}, by your ratings {new}: {points} ± {reach} points lower because the "
            "method has changed, not because customers have ({n} customers).",
            **values,
        )
    return tell._(
        "By the catalogue the index is {old}, by your ratings {new}: {points} ± {reach} points higher because the "
        "method has changed, not because customers have ({n} customers).",
        **values,
    )
