"""What the ratings teach, in sentences: the verdict first, then how good the model is and what it cannot know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from collage.experience.model import InheritedShare, Model
from collage.report.figures import Figures
from collage.report.telling import Telling

__all__ = ["ENOUGH_FOR_HALF_LIVES", "FEWEST_RATINGS", "Verdict", "limits", "verdict"]

FEWEST_RATINGS: Final = 300  # usable ones; model.md §10.10
ENOUGH_FOR_HALF_LIVES: Final = 2000  # model.md §1.7
_A_FIFTH: Final = 0.2


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said first: `kind` is for scripts (a verdict of the model, or ``unfitted``), all else is for people.

    `words` make the title clear, `standing` says whether the model is accepted.
    """

    kind: str
    title: str
    words: Sequence[str]
    standing: str
    accepted: bool


def verdict(model: Model, *, language: str) -> Verdict:
    """Return what a model's ratings say about what came before a contact, in words.

    Parameters
    ----------
    model
        Any.
    language
        ``en`` or ``de``.

    Returns
    -------
    Verdict
        Nothing is claimed by one that is not fitted.

    Raises
    ------
    UsageError
        When the language is none of ours.
    """
    tell, share = Telling(language), model.inherited_share
    accepted = model.fitted and model.validation.accepted
    standing = _standing(model, tell)
    if share.verdict == "too_few":
        title = tell._("There are too few ratings to say what they depend on: nothing is claimed.")
        if "contacts_unknown" in model.notes and "few_customers_twice" not in model.notes:
            title = tell._("Too few ratings tell which contact they rate: whether it counts alone cannot be said.")
        elif model.n_ratings >= FEWEST_RATINGS:
            title = tell._(
                "Too few customers have rated twice to say whether what came before a contact counts: nothing is "
                "claimed about it."
            )
        return Verdict("too_few", title, _needed(model, tell), standing, accepted)
    if not model.fitted:
        title = tell._("Nothing was fitted to your ratings: nothing is claimed about them.")
        return Verdict("unfitted", title, [], standing, accepted)
    return Verdict(share.verdict, *_claim(share, tell), standing, accepted)


def _claim(share: InheritedShare, tell: Telling) -> tuple[str, Sequence[str]]:
    if share.verdict == "inherited" and share.value is not None:
        title = tell._(
            "{share} ({interval}) of what touchpoints explain of a rating was there before the contact began.",
            share=tell.share(share.value),
            interval=tell.shares(share.low, share.high),
        )
        return title, [
            tell._(
                "Customers rate what they remember, not only who served them last: do not judge a contact by its "
                "rating alone."
            ),
            tell._("It is a share of what touchpoints explain, not of the whole rating."),
        ]
    if share.verdict == "inherited":
        return tell._("A part of what touchpoints explain of a rating was there before the contact began."), []
    if share.verdict == "last_contact":
        title = tell._(
            "The last contact explains your ratings; what came before shows no effect that could not be chance."
        )
        return title, [tell._("That no effect was found does not prove that there is none.")]
    return tell._("Nothing that was recorded explains your ratings better than chance."), [
        tell._(
            "Neither the rated contact nor what came before it: what moves your customers may not be in the records."
        )
    ]


def _needed(model: Model, tell: Telling) -> Sequence[str]:
    """Return what there is, and what would be needed."""
    there = tell._(
        "There are {n} usable ratings of {m} customers.",
        n=tell.number(model.n_ratings),
        m=tell.number(model.n_customers),
    )
    needed = tell._(
        "At least {n} are needed, and a fifth of the customers must have given two or more.",
        n=tell.number(FEWEST_RATINGS),
    )
    return [there, needed]


def _standing(model: Model, tell: Telling) -> str:
    """Return whether the model is accepted, and if not why."""
    if not model.fitted:
        return tell._("No model was fitted: all numbers on this page are the catalogue's.")
    found = model.validation
    if found.accepted:
        return tell._(
            "The model is accepted: it has passed its trial on {n} later ratings.", n=tell.number(found.n_out_of_time)
        )
    reasons = [_reason(code, tell) for code in found.reasons]
    if not reasons:
        return tell._("The model is not accepted: take its numbers for a first look, and decide nothing by them.")
    return tell._(
        "The model is not accepted: {reasons}. Take its numbers for a first look, and decide nothing by them.",
        reasons="; ".join(reasons),
    )


def _reason(code: str, tell: Telling) -> str:
    known = {
        "too_few": tell._("there are too few ratings for a trial"),
        "no_better_than_default": tell._("it foretells later ratings no better than the catalogue's own numbers"),
        "no_better_than_intercept": tell._("it foretells later ratings no better than one forecast for everyone"),
        "weights_at_their_bound": tell._(
            "too many weights are nothing, because the ratings pull them to the other side of what was assumed"
        ),
    }
    return known.get(code, code)


def limits(figures: Figures, *, language: str) -> Sequence[str]:
    """Return what the ratings behind a model cannot tell, a short sentence each.

    Parameters
    ----------
    figures
        With a model; without one there is nothing to say.
    language
        ``en`` or ``de``.

    Returns
    -------
    sequence of str
        The last one holds for every model: who is quiet does not rate.

    Raises
    ------
    UsageError
        When the language is none of ours.
    """
    tell, model = Telling(language), figures.model
    if model is None:
        return []
    always = tell._(
        "A rating exists only after a contact: for customers who are quiet, what the model says is an extrapolation."
    )
    if not model.fitted:
        return [always]
    return [*_of_weights(model, tell), *_of_customers(model, tell), *_of_memory(model, tell), always]


def _of_weights(model: Model, tell: Telling) -> Sequence[str]:
    little = sum(each.prior_driven for each in model.marks.values())
    if not little:
        return []
    return [
        tell._(
            "Of {n} of {m} marks your ratings say little: they weigh nearly what was assumed, times {g} as all "
            "marks do.",
            n=tell.number(little),
            m=tell.number(len(model.marks)),
            g=tell.number(model.multiplier, 2),
        )
    ]


def _of_customers(model: Model, tell: Telling) -> Sequence[str]:
    # every customer has one at least: no more of them can have two than there are ratings beyond the first
    most = (model.n_ratings - model.n_customers) / max(1, model.n_customers)
    if most >= _A_FIFTH and "few_customers_twice" not in model.notes:
        return []
    return [
        tell._(
            "At most {share} of the customers have rated twice or more: who is hard to please and who was let down "
            "is hardly told apart.",
            share=tell.share(max(0.0, most)),
        )
    ]


def _of_memory(model: Model, tell: Telling) -> Sequence[str]:
    if model.depth not in {"half-lives", "full"}:
        return [
            tell._(
                "How fast things are forgotten is still what was assumed: that is fitted from {n} usable ratings on.",
                n=tell.number(ENOUGH_FOR_HALF_LIVES),
            )
        ]
    found = [*_of_sides(model, tell)]
    if not model.kappa.fitted:
        return found
    if model.kappa.high is None:
        found.append(tell._("Your ratings set no upper limit to the history that it takes to move a customer (kappa)."))
    if model.kappa.low is None:
        found.append(tell._("Your ratings set no lower limit to the history that it takes to move a customer (kappa)."))
    found.append(
        tell._(
            "A longer memory with more neutral instances (kappa) explains ratings nearly as well as a shorter one with "
            "fewer: trust the forecasts more than either number by itself."
        )
    )
    return found


def _of_sides(model: Model, tell: Telling) -> Sequence[str]:
    """Return which half-lives have no longest or no shortest; a fit moves all classes of a side together."""
    strikes, credits_ = (
        [both[side] for both in model.classes.values() if side in both] for side in ("negative", "positive")
    )
    found = []
    if any(each.high is None for each in strikes):
        found.append(tell._("Your ratings set no upper limit to how long strikes are remembered."))
    if any(each.low is None for each in strikes):
        found.append(tell._("Your ratings set no lower limit to how long strikes are remembered."))
    if any(each.high is None for each in credits_):
        found.append(tell._("Your ratings set no upper limit to how long credits are remembered."))
    if any(each.low is None for each in credits_):
        found.append(tell._("Your ratings set no lower limit to how long credits are remembered."))
    return found
