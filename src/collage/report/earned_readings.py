"""What is said of who earned the ratings: one sentence for each picture, and how far the comparison carries."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from collage.report.earned import FOR_PAY, RANKED, Agent, Department, Earned, Mean
from collage.report.figures import FEWEST
from collage.report.telling import Telling

__all__ = [
    "agents_read",
    "departments_read",
    "fairness_read",
    "lead_read",
    "reliability_told",
    "verdict_named",
    "with_interval",
]

_SURE: Final = 0.05  # p below which it is chance only seldom
_NAMED: Final = 5
_USUAL: Final = (
    45,
    115,
)  # ratings for a reliability of .7 where 5 or 2 % of the spread is between agents, model.md §1.11
_Z: Final = 1.96
_NEARLY: Final = 1e-9  # sums differ in their last digits from run to run


def with_interval(mean: Mean, tell: Telling, digits: int = 2) -> str:
    """Return a number with its sign and its interval."""
    return f"{tell.signed(mean.value, digits)} ({tell.between(mean.low, mean.high, digits)})"


def reliability_told(reliability: float, tell: Telling) -> str:
    """Return a reliability to two digits, never rounded up: what is below a bound must not look as if it had met it."""
    return tell.number(math.floor(100.0 * reliability + _NEARLY) / 100.0, 2)


def verdict_named(row: Department | Agent, tell: Telling) -> str:
    """Return what may be said of a department or an agent; an effect of their own only where it is one."""
    if row.reliability < RANKED:
        return tell._("too few ratings") if row.verdict == "too few" else tell._("not distinguishable")
    known = {"better": tell._("own effect: better"), "worse": tell._("own effect: worse")}
    return known.get(row.verdict, tell._("not distinguishable"))


def lead_read(found: Earned, tell: Telling) -> str:
    """Return who has an effect of their own, the first thing to know."""
    departments = [each for each in found.departments if each.told]
    agents = [each for each in found.ranked if each.told]
    if not departments and not agents:
        return _nobody_stands_out(found, tell)
    said = []
    if departments:
        names = ", ".join(f"{each.name} {with_interval(each.added, tell)}" for each in departments[:_NAMED])
        said.append(tell._("Departments with an effect of their own: {names}.", names=names))
    if agents:
        said.append(
            tell.n_("{n} agent has an effect of their own.", "{n} agents have an effect of their own.", len(agents))
        )
    return " ".join(said)


def _nobody_stands_out(found: Earned, tell: Telling) -> str:
    if len(found.departments) > 1 and found.agents:
        return tell._(
            "Once it is taken out what they were handed, no department and no agent can be told from the others."
        )
    if len(found.departments) > 1:
        return tell._("Once it is taken out what they were handed, no department can be told from the others.")
    if found.agents:
        return tell._("Once it is taken out what they were handed, no agent can be told from the others.")
    return tell._("The ratings do not tell of several who served: nobody can be compared.")


def departments_read(found: Earned, tell: Telling) -> Sequence[str]:
    """Return who was handed the worst and who the best, where that is clear."""
    if not found.departments:
        return [
            tell._(
                "No rating tells which department served: nothing can be shared out between departments. Give your "
                "ratings a department, or their participants."
            )
        ]
    said = [_handed(found.departments, tell)]
    if len(found.departments) == 1:
        said.append(tell._("All ratings are of one department: there is no other to compare it with."))
    elif not any(each.told for each in found.departments):
        said.append(tell._("No department adds clearly more or less than the others."))
    return said


def _handed(rows: Sequence[Department], tell: Telling) -> str:
    clear = [each for each in rows if each.customers >= FEWEST and each.inherited.low is not None]
    if not clear:
        return tell._("Too few customers have rated any one department for a figure.")
    worst, best = clear[0], clear[-1]
    if worst is best:
        return tell._(
            "What came before the contacts of {department} brings {inherited} points to its ratings; its own process "
            "and agents bring {own}.",
            department=worst.name,
            inherited=with_interval(worst.inherited, tell),
            own=with_interval(worst.own, tell),
        )
    if (worst.inherited.high or 0.0) >= (best.inherited.low or 0.0):
        return tell._(
            "What departments were handed does not differ clearly: it brings between {low} and {high} points to their "
            "ratings.",
            low=tell.signed(worst.inherited.value, 2),
            high=tell.signed(best.inherited.value, 2),
        )
    return tell._(
        "{worst} was handed the worst: what came before brings {inherited} points to its ratings, its own process and "
        "agents {own}. {best} was handed the best: {best_inherited}, and {best_own} of its own.",
        worst=worst.name,
        inherited=with_interval(worst.inherited, tell),
        own=with_interval(worst.own, tell),
        best=best.name,
        best_inherited=with_interval(best.inherited, tell),
        best_own=with_interval(best.own, tell),
    )


def agents_read(found: Earned, tell: Telling) -> Sequence[str]:
    """Return how many agents are ranked, who has an effect of their own, and whom the raw mean puts elsewhere."""
    if not found.agents:
        return [
            tell._(
                "No rating tells which agent served: agents cannot be compared. Give your ratings an agent, or their "
                "participants."
            )
        ]
    ranked = found.ranked
    if not ranked:
        return [_nobody(found, tell)]
    said = [
        tell.n_(
            "{n} of {m} agents has ratings enough to be ranked.",
            "{n} of {m} agents have ratings enough to be ranked.",
            len(ranked),
            m=tell.number(len(found.agents)),
        ),
        _for_pay(ranked, tell),
        *_sides(ranked, tell),
    ]
    if misled := sum(each.misled for each in ranked):
        said.append(
            tell._(
                "The raw mean puts {n} of the ranked on the wrong side of their department: do not rank by it.",
                n=tell.number(misled),
            )
        )
    return said


def _for_pay(ranked: Sequence[Agent], tell: Telling) -> str:
    """Return of how many enough is known for a decision about pay."""
    sure = sum(each.reliability >= FOR_PAY for each in ranked)
    if not sure:
        return tell._("Of nobody enough is known for a decision about pay.")
    return tell._("For a decision about pay enough is known of {n} of them.", n=tell.number(sure))


def _nobody(found: Earned, tell: Telling) -> str:
    best = max(found.agents, key=lambda each: (each.reliability, each.name))
    return tell._(
        "None of {m} agents has ratings enough to be ranked: the highest reliability is {reliability}, from {n} "
        "ratings. It usually takes {few} to {many} of an agent.",
        m=tell.number(len(found.agents)),
        reliability=reliability_told(best.reliability, tell),
        n=tell.number(best.ratings),
        few=tell.number(_USUAL[0]),
        many=tell.number(_USUAL[1]),
    )


def _sides(ranked: Sequence[Agent], tell: Telling) -> Sequence[str]:
    """Return whose own effect is better and whose is worse."""
    better, worse = ([each for each in ranked if each.verdict == name] for name in ("better", "worse"))
    said = []
    if better:
        said.append(tell._("Own effect, better than others of the department: {names}.", names=_listed(better, tell)))
    if worse:
        said.append(
            tell._("Own effect, worse than others of the department: {names}.", names=_listed(worse[::-1], tell))
        )
    return said or [tell._("None of the ranked can be told from others of the department.")]


def _listed(rows: Sequence[Agent], tell: Telling) -> str:
    names = [f"{each.name} {with_interval(each.added, tell)}" for each in rows[:_NAMED]]
    more = len(rows) - len(names)
    return "; ".join([*names, tell.n_("{n} more", "{n} more", more)] if more else names)


def fairness_read(found: Earned, tell: Telling) -> Sequence[str]:
    """Return how far the comparison of agents carries: whether they were handed alike, and whether it foretells."""
    return [*_balanced(found, tell), *_foretold(found, tell), *_turned(found, tell)]


def _balanced(found: Earned, tell: Telling) -> Sequence[str]:
    handed = tell._(
        "Of a point of experience that was handed over {slope} is found again in the rating; it is taken out.",
        slope=tell.number(found.slope, 2),
    )
    if found.balance is None:
        unknown = tell._("Whether agents were handed alike cannot be tested: there are too few ratings of each.")
        return [handed, unknown]
    values = {
        "test": f"F({tell.number(found.balance.freedom[0])}; {tell.number(found.balance.freedom[1])}) = "
        f"{tell.number(found.balance.f, 2)}, {tell.chance(found.balance.p)}"
    }
    if found.balance.p < _SURE:
        words = tell._(
            "Agents of a department were not handed alike at the same time of day, so raw means mislead ({test}).",
            **values,
        )
    else:
        words = tell._(
            "That agents of a department were handed alike at the same time of day is not refuted ({test}).", **values
        )
    return [handed, words]


def _foretold(found: Earned, tell: Telling) -> Sequence[str]:
    if found.forecast is None:
        return [tell._("Whether the comparison foretells the next quarter cannot be tried yet.")]
    slope, reach = found.forecast[0], _Z * found.forecast[1]
    values = {"slope": tell.number(slope, 2), "reach": tell.number(reach, 2)}
    if slope + reach < 1.0:
        return [
            tell._(
                "Of what earlier quarters said of each agent only {slope} ± {reach} came true in the last; 1 would be "
                "exact. Take the differences for smaller than they look.",
                **values,
            )
        ]
    if slope - reach > 1.0:
        return [
            tell._(
                "Of what earlier quarters said of each agent {slope} ± {reach} came true in the last; 1 would be "
                "exact. The differences are rather larger than they look.",
                **values,
            )
        ]
    return [
        tell._(
            "Of what earlier quarters said of each agent {slope} ± {reach} came true in the last; 1 would be exact.",
            **values,
        )
    ]


def _turned(found: Earned, tell: Telling) -> Sequence[str]:
    if not found.turned:
        return []
    return [
        tell.n_(
            "{n} verdict turns where each agent's ratings have a noise of their own: some customers are harder to "
            "foretell.",
            "{n} verdicts turn where each agent's ratings have a noise of their own: some customers are harder to "
            "foretell.",
            found.turned,
        )
    ]
