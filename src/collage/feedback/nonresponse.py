"""Who does not answer, what they would likely have said, and how wrong that may be.

Experience is the ideal thing to know of everybody: it goes with answering and with the answer (Little and Vartivarian,
Survey Methodology 31 (2005) 161–168), and so most of what the silent take away can be put back (`adjusting`). What goes
with the answer alone cannot, so it is bounded: by what the silent would have to say to change the picture (`tipping`),
by what nobody can dispute (Manski, American Economic Review 80 (1990) 319–323), and by those who had to be reminded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import NormalDist
from typing import Final

import numpy as np
import pyarrow as pa

from collage.feedback.adjusting import adjusted, clustered, expected
from collage.feedback.columns import Flags, Invited, Numbers, Whole, as_invited, known
from collage.feedback.findings import Estimate, Late, NonResponse, Raw, Responding
from collage.feedback.scales import HIGH_SHARE
from collage.feedback.survey import FEWEST_SHOWN

__all__ = ["FEWEST_INVITED", "FEWEST_RESPONDED", "nonresponse"]

FEWEST_INVITED: Final = 300
FEWEST_RESPONDED: Final = 50

_Z: Final = NormalDist().inv_cdf(0.975)


def nonresponse(
    invited: pa.Table, *, kinds: Sequence[str] = ("channel",), high_from: float | None = None
) -> NonResponse:
    """Return who does not answer one question, and what that does to its figures. Source: model.md §1.12.

    Parameters
    ----------
    invited
        The invitations of one instrument that were sent, a row each, in any order, as `feedback.invited` gives them.
        Never null: `customer_id` (text or number; whose answers hang together), `experience` (E in points at
        `sent_at`; it comes from outside), `responded`. Where responded: `score`, `scale_low`, `scale_high`. Used where
        they are there: `evidence` (0 to 1, at `sent_at`, never null); `sent_at` and `rated_at`, for what share of
        earlier invitations the customer had answered; `after_reminder`.
    kinds
        Columns of words that go with answering, such as channel; null is a value of its own.
    high_from
        The lowest of the high scores, in points of the scale. None: three quarters of the scale up, which is 4 of 1
        to 5.

    Returns
    -------
    NonResponse
        Means in points of the scale, shares 0 to 1, intervals 95 %. Sampling weights are not used.

    Raises
    ------
    UsageError
        When a column is missing, is null where it must not be, or the answers are on several scales.
    """
    of = as_invited(invited, kinds=kinds)
    answers = int(of.responded.sum())
    if of.scale is None:
        high_from = None
    elif high_from is None:
        high_from = of.scale[0] + HIGH_SHARE * (of.scale[1] - of.scale[0])
    enough = of.n >= FEWEST_INVITED and answers >= FEWEST_RESPONDED
    return NonResponse(
        verdict="adjusted" if enough else "too few",
        n_invited=of.n,
        n_responded=answers,
        n_customers=int(np.unique(of.customer).size),
        response=_share(answers, of.n) if of.n else None,
        responding=_responding(of),
        scale=of.scale,
        high_from=high_from,
        raw=None if high_from is None or answers < FEWEST_SHOWN else _raw(of, high_from),
        adjusted=adjusted(of, high_from=high_from) if enough and high_from is not None else None,
        late=_late(of) if enough else None,
    )


def _share(k: int, n: int) -> Estimate:
    """Return a share with its interval by Wilson, as `stats.wilson` has it for columns."""
    middle, whole = k + _Z * _Z / 2.0, n + _Z * _Z
    reach = _Z * float(np.sqrt(k * (n - k) / n + _Z * _Z / 4.0))
    return Estimate(k / n, max((middle - reach) / whole, 0.0), min((middle + reach) / whole, 1.0))


def _responding(of: Invited) -> tuple[Responding, ...]:
    """Return how many responded, by the values of each kind, the commonest first."""
    found = []
    for kind, values in of.kinds.items():
        invited = Counter(values)
        responded = Counter(value for value, did in zip(values, of.responded.tolist(), strict=True) if did)
        for value in sorted(invited, key=lambda value: (-invited[value], value)):
            k, n = responded[value], invited[value]
            found.append(Responding(kind, value, n, k, _share(k, n)))
    return tuple(found)


def _raw(of: Invited, high_from: float) -> Raw:
    """Return mean and share of high scores of those who responded, and what they could be of everybody."""
    score, who = of.score[of.responded], of.customer[of.responded]
    (low, high), responded = of.ends, float(of.responded.mean())
    mean, share = float(score.mean()), float((score >= high_from).mean())
    return Raw(
        mean=clustered((score - mean) / score.size, who, value=mean, low=low, high=high),
        high=clustered(((score >= high_from) - share) / score.size, who, value=share, low=0.0, high=1.0),
        mean_bounds=(responded * mean + (1.0 - responded) * low, responded * mean + (1.0 - responded) * high),
        high_bounds=(responded * share, responded * share + 1.0 - responded),
    )


def _late(of: Invited) -> Late | None:
    """Return those who had to be reminded beside those who had not."""
    if of.late is None:
        return None
    late = of.late[of.responded]
    after, before = int(late.sum()), int((~late).sum())
    if min(after, before) < FEWEST_SHOWN:
        return None
    who, score = of.customer[of.responded], of.score[of.responded]
    unexpected = score - expected(of, known(of)[1])[of.responded]
    return Late(before, after, _apart(score, late, who), _apart(unexpected, late, who))


def _apart(y: Numbers, late: Flags, customer: Whole) -> Estimate:
    """Return the mean of the late less that of the others."""
    one, other = float(y[late].mean()), float(y[~late].mean())
    terms = np.where(late, (y - one) / late.sum(), (other - y) / (~late).sum())
    return clustered(terms, customer, value=one - other, low=-np.inf, high=np.inf)
