"""What happens without an order: small things that nobody writes about, questions, days without service."""

from __future__ import annotations

from typing import Final

import numpy as np

from collage.simulate.buying import Matters, scattered
from collage.simulate.causes import Causes
from collage.simulate.people import Customers, Span
from collage.simulate.rows import CHANNELS, DAY, DEPARTMENTS, HOUR, IDENTIFIERS, SECOND, Rows, Whole, rows

__all__ = ["asked", "common_outages", "outages", "small"]

_SMALL: Final = (  # kind, how often, channel, department
    ("page.viewed", "pages_a_year", "web", "Shop"),
    ("ad.seen", "ads_a_year", "web", "Sales"),
    ("coupon.received", "coupons_a_year", "email", "Sales"),
    ("product.used", "uses_a_year", "product", "Service"),
    ("self_service.succeeded", "self_service_a_year", "web", "Service"),
    ("self_service.failed", "self_service_failed_a_year", "web", "Service"),
    ("search.failed", "search_failed_a_year", "web", "Shop"),
    ("warranty.reminded", "warranty_reminders_a_year", "email", "Service"),
    ("appreciation.sent", "appreciations_a_year", "email", "Sales"),
)
_USER, _ANON = IDENTIFIERS.index("user"), IDENTIFIERS.index("anon")
_ANONYMOUS: Final = 0.5  # of page views are before the customer says who it is
_QUESTIONS: Final = (0.4, 0.15, 0.15, 0.1, 0.15, 0.05)  # by department
_YEAR_DAYS: Final = 365.25
_EARLIEST_H, _LATEST_H = 7.0, 15.0  # at which an outage begins
_SPREAD: Final = 0.25  # how much longer or shorter than on the average an outage lasts at most


def small(rng: np.random.Generator, causes: Causes, people: Customers, span: Span) -> list[Rows]:
    """Return what nobody writes about: pages seen, coupons received, the product in use, help found alone."""
    made = []
    for kind, how_often, channel, department in _SMALL:
        customer, at = scattered(rng, causes, people, span, getattr(causes.daily, how_often))
        where: dict[str, object] = {"channel": CHANNELS.index(channel), "department": DEPARTMENTS.index(department)}
        if kind == "page.viewed":
            unknown = people.has[customer, _ANON] & (rng.random(customer.size) < _ANONYMOUS)
            where["identifier"] = np.where(unknown, _ANON, _USER)
        made.append(rows(kind, at=at, customer=customer, **where))
    return made


def asked(rng: np.random.Generator, causes: Causes, people: Customers, span: Span) -> Matters:
    """Return the questions that no order is the reason of: some customers ask more than others."""
    asks = rng.gamma(2.0, 0.5, people.n) * np.exp(-causes.contacts.volume * people.u)
    customer, at = scattered(rng, causes, people, span, causes.contacts.questions_a_year * asks)
    department = rng.choice(len(DEPARTMENTS), customer.size, p=_QUESTIONS)
    issue = 2 * np.arange(customer.size) + 1
    found = Matters.of(customer, at, 0, issue)
    return Matters(found.customer, found.at, department, found.issue, found.text, found.hard)


def common_outages(rng: np.random.Generator, causes: Causes, span: Span) -> tuple[Whole, Whole]:
    """Return when service fails for many at once, and for how long: once in each stretch of equal length."""
    n = round(causes.daily.outages_a_year * span.days / _YEAR_DAYS)
    days = np.floor((np.arange(n) + rng.uniform(0.1, 0.9, n)) * span.days / max(n, 1))
    hours = rng.uniform(_EARLIEST_H, _LATEST_H, n)
    lasts = causes.daily.outage_h * rng.uniform(1.0 - _SPREAD, 1.0 + _SPREAD, n)
    return span.begin + (days * DAY + hours * HOUR).astype(np.int64), (lasts * HOUR).astype(np.int64)


def outages(
    rng: np.random.Generator, causes: Causes, people: Customers, *, common: tuple[Whole, Whole], first: int
) -> tuple[list[Rows], Matters]:
    """Return whom the common outages reach, whom we told before, and who asks; issues are numbered from `first` on."""
    begins, lasts = common
    reached = (rng.random((begins.size, people.n)) < causes.daily.outage_share) & (people.joined < begins[:, None])
    which, customer = np.nonzero(reached)
    at = begins[which] + (rng.random(which.size) * 60 * SECOND).astype(np.int64)
    told = rng.random(which.size) < causes.daily.told_share
    where = {"department": DEPARTMENTS.index("Service")}
    product, mail = ({**where, "channel": CHANNELS.index(channel)} for channel in ("product", "email"))
    made = [
        rows("outage", at=at, customer=customer, duration_s=lasts[which] / SECOND, **product),
        rows("notice.proactive", at=at[told] - 2 * HOUR, customer=customer[told], **mail),
    ]
    asks = rng.random(which.size) < causes.daily.asks_after_outage_share
    issue = first + 2 * np.arange(int(asks.sum()))
    return made, Matters.of(customer[asks], at[asks] + HOUR // 2, DEPARTMENTS.index("Service"), issue)
