"""What of all the figures matters: one sentence, and five findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from collage.experience import index_of
from collage.report.figures import FALLING, FEWEST, Figures
from collage.report.telling import Telling

__all__ = ["Change", "Finding", "change_of", "findings", "rising", "sentence", "strikes"]

_MOST: Final = 5
_WORTH_SAYING: Final = 0.2  # share of all new loss


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: `kind` is for scripts, `title` and `words` are for people, `anchor` is where the page shows it."""

    kind: str
    title: str
    words: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Change:
    """How the index of those has changed who were there at both moments: in its points, with 95 % either way."""

    points: float
    reach: float
    customers: int

    @property
    def clear(self) -> bool:
        """Return whether it is more than its interval."""
        return abs(self.points) > self.reach


def change_of(figures: Figures) -> Change | None:
    """Return the change of the index in 90 days; None where too few were there at both moments.

    Of the means of experience at both moments; the interval is that of their difference, times how many points of the
    index a point of experience is worth between them.
    """
    row, sd = figures.change, figures.catalogue.index_sd
    if row is None or row["customers"] < FEWEST or row["reach"] is None or not figures.span.remembered:
        return None
    points = index_of(row["later"], sd=sd) - index_of(row["earlier"], sd=sd)
    slope = points / row["change"] if abs(row["change"]) > 1e-12 else 100.0 * 0.3989422804014327 / sd  # noqa: PLR2004  # its limit at no change
    return Change(points, abs(slope) * row["reach"], row["customers"])


def strikes(figures: Figures) -> list[dict[str, Any]]:
    """Return strikes, the largest loss first."""
    return sorted(
        (row for row in figures.losses if row["strike"]),
        key=lambda row: (row["value"], row["mark"], row["owner"] or ""),
    )


def rising(figures: Figures) -> list[dict[str, Any]]:
    """Return strikes of which more was lost than before, the largest rise first, without those of too few customers."""
    if not figures.span.comparable:
        return []
    more = [row for row in strikes(figures) if row["rise"] < 0 and row["customers"] >= FEWEST and row["comparable"]]
    return sorted(more, key=lambda row: (row["rise"], row["mark"], row["owner"] or ""))


def sentence(figures: Figures, *, language: str) -> str:
    """Return in one sentence how things have gone and what it is owed to.

    Parameters
    ----------
    figures
        All figures.
    language
        ``en`` or ``de``.

    Returns
    -------
    str
        What changed, or that it could be chance, or why it cannot be said.

    Raises
    ------
    UsageError
        When the language is none of ours.
    """
    tell, change = Telling(language), change_of(figures)
    if figures.company is None:
        return tell._("Nobody was touched in the year before: there is nothing to report.")
    if figures.span.thin:
        return tell._(
            "Hardly anything is recorded in the 90 days before {day}: what was felt before fades.",
            day=tell.day(figures.at),
        )
    if change is None and figures.span.remembered:
        return tell._("Fewer than ten customers were there at both moments: not enough data to say what has changed.")
    if change is None:
        return tell._("The records do not reach back far enough to say how things have changed.")
    values = {
        "points": tell.number(abs(change.points), 1),
        "reach": tell.number(change.reach, 1),
        "since": tell.day(figures.since),
    }
    if not change.clear:
        said = tell._(
            "No change since {since} that could not be chance ({signed} ± {reach}).",
            signed=tell.signed(change.points),
            **values,
        )
    elif change.points < 0:
        said = tell._("Down {points} ± {reach} since {since}.", **values)
    else:
        said = tell._("Up {points} ± {reach} since {since}.", **values)
    return f"{said} {_owed(figures, tell)}".strip()


def _owed(figures: Figures, tell: Telling) -> str:
    """Return which strike most of the new loss is owed to."""
    more = rising(figures)
    if not more or not _clear(more[0]):
        return ""
    worst, share = more[0], more[0]["rise"] / sum(row["rise"] for row in more)
    if share < _WORTH_SAYING:
        return ""
    return tell._(
        "{share} of what is newly lost is “{mark}” ({owner}).",
        share=tell.share(share),
        mark=tell.mark(worst["mark"], figures.catalogue),
        owner=tell.owner(worst),
    )


def findings(figures: Figures, *, language: str) -> Sequence[Finding]:
    """Return what matters most, at most five things, the most urgent first.

    Parameters
    ----------
    figures
        All figures.
    language
        ``en`` or ``de``.

    Returns
    -------
    sequence of Finding
        None that rests on fewer than ten customers.

    Raises
    ------
    UsageError
        When the language is none of ours.
    """
    tell = Telling(language)
    found = [
        _rise(figures, tell),
        _loss(figures, tell),
        _department(figures, tell),
        _falling(figures, tell),
        _well(figures, tell),
    ]
    return [each for each in found if each is not None][:_MOST]


def _clear(row: dict[str, Any]) -> bool:
    """Return whether a rise is more than its interval."""
    return bool(abs(row["rise"]) > (row["reach"] or 0.0))


def _rise(figures: Figures, tell: Telling) -> Finding | None:
    row = next(filter(_clear, rising(figures)), None)
    if row is None:
        return None
    return Finding(
        "rise",
        tell._("Rising: {mark}", mark=tell.mark(row["mark"], figures.catalogue)),
        tell._(
            "{owner} lost {now} points by it in 90 days, {before} in the 90 days before; "
            "{n} times, {customers} customers.",
            owner=tell.owner(row),
            now=tell.points(-row["value"]),
            before=tell.points(-row["before"]),
            n=tell.number(row["marks"]),
            customers=tell.number(row["customers"]),
        ),
        "strikes",
    )


def _loss(figures: Figures, tell: Telling) -> Finding | None:
    some = [row for row in strikes(figures) if row["customers"] >= FEWEST]
    if not some:
        return None
    # the same is not said twice
    again = len(some) > 1 and next(filter(_clear, rising(figures)), None) is some[0]
    row, whole = some[1 if again else 0], sum(each["value"] for each in strikes(figures))
    mark = tell.mark(row["mark"], figures.catalogue)
    return Finding(
        "loss",
        tell._("Costs the most after that: {mark}", mark=mark)
        if again
        else tell._("Costs the most: {mark}", mark=mark),
        tell._(
            "{share} of all that was lost in 90 days, {now} points; {owner}, {customers} customers.",
            share=tell.share(row["value"] / whole),
            now=tell.points(-row["value"]),
            owner=tell.owner(row),
            customers=tell.number(row["customers"]),
        ),
        "strikes",
    )


def _department(figures: Figures, tell: Telling) -> Finding | None:
    some = [
        row for row in figures.owners if row["department"] and row["customers"] >= FEWEST and row["high"] is not None
    ]
    if not some or some[0]["high"] >= 0:
        return None
    row = some[0]
    return Finding(
        "department",
        tell._("{department} takes the most away", department=row["department"]),
        tell._(
            "{mean} points of experience of the mean customer ({interval}); {customers} customers remember it.",
            mean=tell.signed(row["experience"], 3),
            interval=tell.between(row["low"], row["high"], 3),
            customers=tell.number(row["customers"]),
        ),
        "departments",
    )


def _falling(figures: Figures, tell: Telling) -> Finding | None:
    if figures.n_falling < FEWEST or figures.company is None:
        return None
    return Finding(
        "falling",
        tell.n_("{n} customer is falling", "{n} customers are falling", figures.n_falling),
        tell._(
            "{share} of all; each lost at least {least} points within 30 days.",
            share=tell.share(figures.n_falling / figures.company["customers"]),
            least=tell.number(-FALLING, 1),
        ),
        "falling",
    )


def _well(figures: Figures, tell: Telling) -> Finding | None:
    some = [row for row in figures.losses if not row["strike"] and row["customers"] >= FEWEST]
    if not some:
        return None
    row = max(some, key=lambda each: (each["value"], each["mark"]))
    return Finding(
        "credit",
        tell._("Went best: {mark}", mark=tell.mark(row["mark"], figures.catalogue)),
        tell._(
            "{now} points won in 90 days; {owner}, {customers} customers.",
            now=tell.points(row["value"]),
            owner=tell.owner(row),
            customers=tell.number(row["customers"]),
        ),
        "credits",
    )
