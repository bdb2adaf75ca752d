"""What is said of who did not answer: how many, what they would likely have said, and what nobody can know."""

from __future__ import annotations

from collections.abc import Sequence

from collage.feedback import FEWEST_INVITED, FEWEST_RESPONDED, OPEN_DAYS, Adjusted, Estimate, NonResponse, Raw
from collage.report.silence import Silence
from collage.report.telling import Telling

__all__ = ["known_named", "late_read", "silence_read", "unasked_read", "unknowable_read"]


def unasked_read(tell: Telling) -> str:
    """Return what to do where it is not recorded who was asked."""
    return tell._(
        "Who stays silent is not known: no invitation is recorded that was sent {n} days ago or earlier. Read yours "
        "into the table “invitations” of the dataset.",
        n=tell.number(OPEN_DAYS),
    )


def silence_read(of: Silence, tell: Telling) -> Sequence[str]:
    """Return how many answered, and what all who were asked would likely have said."""
    found = of.found
    if found.response is None:
        return [unasked_read(tell)]
    said = [
        tell._(
            "{share} ({interval}) of {n} invitations were answered.",
            share=tell.share(found.response.value),
            interval=tell.shares(found.response.low, found.response.high),
            n=tell.number(found.n_invited),
        )
    ]
    if found.adjusted is None or found.raw is None:
        few = tell._(
            "Nothing is claimed about the silent before {n} invitations were sent and {m} answered.",
            n=tell.number(FEWEST_INVITED),
            m=tell.number(FEWEST_RESPONDED),
        )
        return [*said, few]
    return [*said, _likely(found.raw, found.adjusted, tell)]


def _likely(raw: Raw, found: Adjusted, tell: Telling) -> str:
    values = {"raw": _of(raw.mean, tell), "all": _of(found.mean, tell)}
    if found.mean.low is not None and raw.mean.value < found.mean.low:
        return tell._(
            "Those who answered gave {raw} on average; of all who were asked it is likely {all}: the silent are "
            "likely more content.",
            **values,
        )
    if found.mean.high is not None and raw.mean.value > found.mean.high:
        return tell._(
            "Those who answered gave {raw} on average; of all who were asked it is likely {all}: the silent are "
            "likely less content.",
            **values,
        )
    return tell._(
        "Those who answered gave {raw} on average; of all who were asked it is likely {all}: as far as their "
        "experience tells, the silent hardly differ.",
        **values,
    )


def _of(mean: Estimate, tell: Telling) -> str:
    return f"{tell.number(mean.value, 2)} ({tell.between(mean.low, mean.high, 2)})"


def unknowable_read(found: NonResponse, tell: Telling) -> Sequence[str]:
    """Return what nobody can know of the silent, and what is certain all the same."""
    if found.raw is None:
        return []
    said = []
    if found.adjusted is not None and found.adjusted.tipping:
        least, most = found.adjusted.tipping[0], found.adjusted.tipping[-1]
        said.append(
            tell._(
                "What the silent think beyond what their experience tells, nobody can know. If they all score "
                "{shift} points lower than expected of them, the mean is {low}; if {shift} higher, {high}.",
                shift=tell.number(most.shift, 1),
                low=tell.number(least.mean.value, 2),
                high=tell.number(most.mean.value, 2),
            )
        )
    low, high = found.raw.mean_bounds
    said.append(
        tell._(
            "Certain, whatever they think, is only that the mean of all lies between {low} and {high}.",
            low=tell.number(low, 2),
            high=tell.number(high, 2),
        )
    )
    return said


def late_read(found: NonResponse, tell: Telling) -> str:
    """Return whether those who had to be reminded answered otherwise; they stand nearest to the silent."""
    if found.late is None:
        return ""
    late = found.late
    values = {
        "n": tell.number(late.n_after),
        "difference": f"{tell.signed(late.difference.value, 2)} "
        f"({tell.between(late.difference.low, late.difference.high, 2)})",
        "unexpected": f"{tell.signed(late.unexpected.value, 2)} "
        f"({tell.between(late.unexpected.low, late.unexpected.high, 2)})",
    }
    return tell._(
        "{n} answered only after a reminder: {difference} points against those who needed none; {unexpected} of it "
        "their experience does not tell.",
        **values,
    )


def known_named(names: Sequence[str], tell: Telling) -> str:
    """Return what was known of everybody and was used, in words."""
    known = {
        "experience": tell._("experience"),
        "extremity": tell._("how far it lies from the mean"),
        "evidence": tell._("evidence"),
        "past": tell._("earlier answers"),
        "channel": tell._("channel"),
    }
    return ", ".join(known.get(name, name) for name in names)
