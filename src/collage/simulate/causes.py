"""Why a simulated company is as it is: every cause is a field, so that whoever looks for causes can be checked.

Rates are per customer and year, shares lie between 0 and 1, `_days`, `_h` and `_s` say the unit, `_sd` a standard
deviation. Sizes are those of the prototype behind the model (model.md §2.1) where it names them, else plausible and
nothing more.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any, Literal

from collage.simulate.bounds import check_numbers, check_rising, check_words
from collage.simulate.rows import DEPARTMENTS, SITES, TIERS

__all__ = [
    "Causes",
    "Contacts",
    "Daily",
    "Leaving",
    "Orders",
    "People",
    "Practice",
    "Ratings",
    "Records",
    "Release",
    "Waits",
]


@dataclass(frozen=True, slots=True)
class Release:
    """A release of the billing system that made refunds slow, and the one that mended it: the story.

    Refunds asked for between `begins_days` and `ends_days` before the end of the simulated time take `extra_days`
    longer than the others on the average (0: the release did no harm).
    """

    begins_days: float = 56.0
    ends_days: float = 14.0
    extra_days: float = 14.0


@dataclass(frozen=True, slots=True)
class Practice:
    """What one team does better than all others: `gain` is added to the chance that its contacts settle the matter.

    A team is a `department` at a `site`. `adopted_by` is the site that has taken it over, `adopted_days` before the
    end.
    """

    department: str = "Care"
    site: str = "Leipzig"
    gain: float = 0.0
    adopted_by: str | None = None
    adopted_days: float = 0.0


@dataclass(frozen=True, slots=True)
class People:
    """Who the customers are.

    `tiers` are the shares of basic, plus and premium. `joined_before_share` were customers before the simulated time,
    for `tenure_days` on the average; the others join in its first four fifths. `luck_sd` is the spread, on the log
    scale, of what multiplies a customer's mishaps. Everybody has an account; `email_share`, `phone_share` and
    `cookie_share` are also known by these, `split_share` have a second account that is found out later. At
    `wrong_claim_share` somebody ties a customer to another and takes it back.
    """

    tiers: tuple[float, float, float] = (0.80, 0.15, 0.05)
    joined_before_share: float = 0.8
    tenure_days: float = 900.0
    luck_sd: float = 0.5
    email_share: float = 0.8
    phone_share: float = 0.7
    cookie_share: float = 0.4
    split_share: float = 0.03
    wrong_claim_share: float = 0.002


@dataclass(frozen=True, slots=True)
class Daily:
    """What happens without an order.

    `season` is how much more there is of everything, orders too, at the height of the year (the first days of December)
    than on the average. `outages` are common days without service, each reaching `outage_share` of the customers for
    about `outage_h`; `told_share` of them hear of it before, `asks_after_outage_share` turn to the company after it.
    """

    season: float = 0.06
    pages_a_year: float = 9.0
    ads_a_year: float = 4.0
    coupons_a_year: float = 3.0
    uses_a_year: float = 5.0
    self_service_a_year: float = 1.5
    self_service_failed_a_year: float = 0.4
    search_failed_a_year: float = 0.8
    warranty_reminders_a_year: float = 0.1
    appreciations_a_year: float = 0.15
    outages_a_year: float = 4.0
    outage_share: float = 0.1
    outage_h: float = 2.0
    told_share: float = 0.3
    asks_after_outage_share: float = 0.1


@dataclass(frozen=True, slots=True)
class Orders:
    """What customers buy, what goes wrong with it, and who turns to the company about it.

    A delivery is promised `promised_days` after the order, a refund `refund_days` after it was asked for; what is late
    is late by `late_days` and `refund_late_days` on the average. Mishaps come to the unlucky more often (`luck_sd`).
    A refund that is late is a matter that agents can hardly settle: `refund_hardness` standard deviations harder.
    """

    a_year: float = 5.0
    coupon_share: float = 0.15
    coupon_refused_share: float = 0.02
    payment_failed_share: float = 0.02
    failed_share: float = 0.005
    promised_days: float = 3.0
    late_share: float = 0.08
    late_days: float = 1.5
    missed_share: float = 0.02
    damaged_share: float = 0.012
    wrong_share: float = 0.01
    fault_share: float = 0.02
    returned_share: float = 0.18
    refund_days: float = 5.0
    refund_late_share: float = 0.04
    refund_late_days: float = 2.0
    refund_hardness: float = 1.5
    invoice_wrong_share: float = 0.03
    warranty_share: float = 0.10
    followup_share: float = 0.15
    asks_after_failure_share: float = 0.3
    asks_after_delay_share: float = 0.35
    asks_after_goods_share: float = 0.7
    asks_after_fault_share: float = 0.6
    asks_after_refund_share: float = 0.35
    asks_after_invoice_share: float = 0.8


@dataclass(frozen=True, slots=True)
class Waits:
    """The lines on which departments are called: Erlang-A, hour of the week by hour of the week.

    The centre is as large as these numbers say, however few of its customers are simulated. `calls_an_hour` come at
    the busiest hour of a Monday, on a Saturday `weekend_share` of that (on Sundays it is closed); `handle_s` is the
    mean time an agent is busy with a call, `patience_s` the mean after which a caller gives up (both exponential),
    `spare` the agents beyond the load in units of its square root; from `evening_h` on they are `spare_evening`. It is
    open from `opens_h` to `closes_h`, hours of the day in UTC.
    """

    calls_an_hour: float = 60.0
    weekend_share: float = 0.5
    handle_s: float = 360.0
    patience_s: float = 420.0
    spare: float = 0.6
    spare_evening: float = -0.3
    evening_h: int = 18
    opens_h: int = 8
    closes_h: int = 20


@dataclass(frozen=True, slots=True)
class Contacts:
    """What customers turn to the company about, and how it goes.

    `volume` is δ, how much fewer questions (e^(-δ·u)) come from customers who rate everything higher by u.
    `settled_share` of contacts settle a matter of average hardness; `hardness` is what one standard deviation of it
    takes away on the logit scale, `department_sd` the spread of departments on it; `hollow_share` of the unsettled are
    called settled all the same. After `gives_up_share` of the unsettled the customer does not come back, else after
    `again_days` on the average; of those who gave up waiting `calls_again_share` call again, after `calls_again_h`.
    `seniority_routing` is the correlation between a matter's hardness and the seniority of whom it reaches.

    `transferred_share` of calls and chats are handed over, `warm_share` of these with an introduction, of the others
    `repeats_share` have to say it again. `held_share` are put on hold and `approval_share` wait for an approval, for
    `held_s` and `approval_s`. Mail is answered after `reply_h`. `promised_share` of contacts end with a promise;
    `kept_share` are kept, `exceeded_share` of these exceeded, of the others `kept_late_share` are kept too late.

    A complaint comes after `complaint_share` of contacts, `complaint_slope` (logit) more often for each point of
    experience below the average; `gesture_share` are met by a gesture, `recovered_share` of these make it good.
    `delight_share` of contacts end with a gesture that nobody had to make. `writes_share` write a sentence where there
    is something to say. `gap` is taken off the chance of customers of `gap_tier` that a contact settles the matter.
    """

    questions_a_year: float = 6.0
    volume: float = 0.4
    phone_share: float = 0.5
    chat_share: float = 0.2
    settled_share: float = 0.72
    department_sd: float = 0.15
    hardness: float = 0.35
    seniority_routing: float = 0.3
    hollow_share: float = 0.25
    gives_up_share: float = 0.15
    again_days: float = 4.0
    calls_again_share: float = 0.8
    calls_again_h: float = 3.0
    transferred_share: float = 0.12
    warm_share: float = 0.25
    repeats_share: float = 0.5
    held_share: float = 0.12
    held_s: float = 150.0
    approval_share: float = 0.03
    approval_s: float = 240.0
    reply_h: float = 6.0
    promised_share: float = 0.5
    kept_share: float = 0.85
    exceeded_share: float = 0.12
    kept_late_share: float = 0.5
    complaint_share: float = 0.02
    complaint_slope: float = 0.8
    gesture_share: float = 0.8
    recovered_share: float = 0.6
    delight_share: float = 0.03
    writes_share: float = 0.4
    gap: float = 0.0
    gap_tier: str = "basic"
    practice: Practice = field(default_factory=Practice)


@dataclass(frozen=True, slots=True)
class Leaving:
    """Who leaves: the logit of the monthly hazard is `level` - `slope`·E - `by_year`·(years as a customer) + N(0, sd).

    The sd is `frailty_sd`. Beside it `moves_share` leave each month for reasons of their own. Of all who leave,
    `silent_share` say nothing; of the others `cancels_share` cancel a contract, and the rest just say that they go.
    """

    level: float = -4.2
    slope: float = 0.8
    by_year: float = 0.3
    frailty_sd: float = 0.3
    moves_share: float = 0.003
    silent_share: float = 0.6
    cancels_share: float = 0.5


@dataclass(frozen=True, slots=True)
class Ratings:
    """What a rating is made of, and who gives one.

    `kernel`: ``signs`` (half-lives `credit_days` and `strike_days`; equal where these are), ``classes`` (those of the
    catalogue) or ``power`` ((1 + age/`power_days`)^(-`power`)). `kappa` as in the catalogue; `own` is ρ, how much more
    the rated contact counts; `peak` is π₋, the weight of the worst memory; `carry_over` false: only the rated contact
    counts. A true weight is `weight_least` to `weight_most` times the shipped one, and all are scaled so that
    experience at the moments of rating has the standard deviation `experience_sd`.

    Beside experience a rating owes something to the customer (`customer_sd`, the spread of u), to agent and department
    (`agent_sd`, `department_sd`), to being asked on the telephone (`phone_shift`; `phone_survey_share` of callers are),
    and to nothing known (ε, `noise_sd`). `below` are the shares of ratings up to 1, 2, 3 and 4, had everybody answered.

    Whoever is invited answers with the logit `response` + `by_extremity`·abs(E - mean) + `by_experience`·(E - mean) +
    `residual`·(abs(ε) - .8 - .5·ε), after `delay_h` on the average. At most one invitation is sent in `cap_days`, and
    none to `no_consent_share` of the customers.
    """

    kernel: Literal["signs", "classes", "power"] = "signs"
    credit_days: float = 45.0
    strike_days: float = 120.0
    power_days: float = 20.0
    power: float = 0.7
    kappa: float = 4.0
    own: float = 1.0
    peak: float = 0.0
    carry_over: bool = True
    weight_least: float = 0.9
    weight_most: float = 1.7
    experience_sd: float = 0.6
    customer_sd: float = 0.6
    agent_sd: float = 0.2
    department_sd: float = 0.15
    phone_shift: float = 0.15
    phone_survey_share: float = 0.5
    noise_sd: float = 1.0
    below: tuple[float, float, float, float] = (0.06, 0.11, 0.21, 0.48)
    response: float = -2.3
    by_extremity: float = 0.9
    by_experience: float = -0.5
    residual: float = 0.0
    delay_h: float = 5.0
    cap_days: float = 30.0
    no_consent_share: float = 0.05


@dataclass(frozen=True, slots=True)
class Records:
    """What is wrong with the records.

    `late_share` come up to `late_days` later, `repeated_share` come twice, `no_department_share` have lost department
    and agent, the parcel service's clock is `skew_s` fast.
    """

    late_share: float = 0.05
    late_days: float = 30.0
    repeated_share: float = 0.02
    no_department_share: float = 0.02
    skew_s: float = 140.0


@dataclass(frozen=True, slots=True)
class Causes:
    """All causes of a simulated company; of the same causes, size and seed it is the same to the last byte."""

    people: People = field(default_factory=People)
    daily: Daily = field(default_factory=Daily)
    orders: Orders = field(default_factory=Orders)
    waits: Waits = field(default_factory=Waits)
    contacts: Contacts = field(default_factory=Contacts)
    leaving: Leaving = field(default_factory=Leaving)
    ratings: Ratings = field(default_factory=Ratings)
    records: Records = field(default_factory=Records)
    release: Release = field(default_factory=Release)

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises
        ------
        UsageError
            With the field, what stands in it, and what may.
        """
        check_numbers(self)
        contacts, practice = self.contacts, self.contacts.practice
        check_words(
            {
                "contacts.gap_tier": (contacts.gap_tier, TIERS),
                "contacts.practice.department": (practice.department, DEPARTMENTS),
                "contacts.practice.site": (practice.site, SITES),
                "contacts.practice.adopted_by": (practice.adopted_by or SITES[0], SITES),
                "ratings.kernel": (self.ratings.kernel, ("signs", "classes", "power")),
            }
        )
        check_rising(_in_order(self))

    def as_json(self) -> dict[str, Any]:
        """Return all fields as `truth/causes.json` holds them.

        Returns
        -------
        dict
            Nested as the fields are; an infinite number as the text ``inf``, which JSON has no number for.
        """
        return {name: _plain(value) for name, value in dataclasses.asdict(self).items()}


def _in_order(causes: Causes) -> dict[str, tuple[tuple[float, ...], str]]:
    """Return what must rise: what would be wrong, the numbers, what to do."""
    ratings, release, waits, contacts = causes.ratings, causes.release, causes.waits, causes.contacts
    tiers, channels, near = sum(causes.people.tiers), contacts.phone_share + contacts.chat_share, 1e-9
    weights = (ratings.weight_least, ratings.weight_most + near)
    return {
        f"people.tiers = {causes.people.tiers}": ((1.0 - near, tiers, 1.0 + near), "make them sum to 1"),
        f"contacts.phone_share + contacts.chat_share = {channels:g}": ((channels, 1.0 + near), "leave some for mail"),
        f"contacts.settled_share = {contacts.settled_share}": ((0.0, contacts.settled_share, 1.0), "stay between"),
        f"ratings.below = {ratings.below}": (ratings.below, "give the shares up to 1, 2, 3 and 4, rising"),
        f"ratings.weight_least = {ratings.weight_least}": ((-near, *weights), "give the smaller factor, 0 or more"),
        f"release.ends_days = {release.ends_days}": ((release.ends_days, release.begins_days), "end after it begins"),
        f"waits.opens_h = {waits.opens_h}, waits.closes_h = {waits.closes_h}": (
            (-1, waits.opens_h, waits.closes_h, 25),
            "give hours of a day, and close after you open",
        ),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
