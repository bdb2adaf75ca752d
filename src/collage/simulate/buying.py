"""What customers buy and receive, what goes wrong with it, and all the small things in between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from collage.simulate.causes import Causes
from collage.simulate.people import Customers, Span
from collage.simulate.promised import Promises
from collage.simulate.rows import (
    CHANNELS,
    DAY,
    DEPARTMENTS,
    HOUR,
    NOBODY,
    OUTCOMES,
    SECOND,
    Flags,
    Numbers,
    Rows,
    Whole,
    rows,
)
from collage.simulate.sentences import ABOUT_DELIVERY, ABOUT_GOODS, ABOUT_INVOICE, ABOUT_REFUND, NOTHING

__all__ = ["Matters", "bought", "scattered"]

_YEAR: Final = 365.25 * DAY
_PEAK: Final = 0.92  # of a year: its height
_WEB, _APP, _STORE, _POST, _PRODUCT, _EMAIL = (
    CHANNELS.index(name) for name in ("web", "app", "store", "post", "product", "email")
)
_CARE, _BILLING, _LOGISTICS, _SHOP, _SERVICE, _SALES = range(len(DEPARTMENTS))
_LATE, _ON_TIME = OUTCOMES.index("late"), OUTCOMES.index("on_time")
_UNTIL_FAULT_DAYS: Final = 40.0
_STEPS: Final = 2  # of an issue's number: even for an order, odd for what has none


@dataclass(frozen=True, slots=True)
class Matters:
    """What makes customers turn to the company: who, when, which department it concerns, and which issue it is.

    `issue` is even for an order and odd for what has no order; `text` the number of what they would write, `hard` what
    is added to how hard it is to settle.
    """

    customer: Whole
    at: Whole
    department: Whole
    issue: Whole
    text: Whole
    hard: Numbers

    @classmethod
    def of(
        cls, customer: Whole, at: Whole, department: int, issue: Whole, *, text: int = NOTHING, hard: float = 0.0
    ) -> Matters:
        """Return matters of one department."""
        n = customer.size
        return cls(customer, at, np.full(n, department), issue, np.full(n, text), np.full(n, hard))

    @classmethod
    def joined(cls, parts: list[Matters]) -> Matters:
        """Return several as one."""
        columns = ("customer", "at", "department", "issue", "text", "hard")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in columns))


def scattered(
    rng: np.random.Generator, causes: Causes, people: Customers, span: Span, a_year: float | Numbers
) -> tuple[Whole, Whole]:
    """Return whose and when: a Poisson process of so many a year while somebody is a customer, more before winter."""
    begins, high = np.maximum(people.joined, span.begin), 1.0 + causes.daily.season
    years = (span.end - begins) / _YEAR
    counts = rng.poisson(np.asarray(a_year) * high * years)
    customer = np.repeat(np.arange(people.n), counts)
    at = begins[customer] + (rng.random(customer.size) * (span.end - begins[customer])).astype(np.int64)
    season = 1.0 + causes.daily.season * np.cos(2.0 * np.pi * (at / _YEAR % 1.0 - _PEAK))
    kept = rng.random(customer.size) * high < season
    return customer[kept], at[kept]


@dataclass(frozen=True, slots=True)
class _Bought:
    """Orders: whose, when, by which channel and for how much; what became of each, and by when it had been promised."""

    customer: Whole
    at: Whole
    channel: Whole
    site: Whole
    amount: Whole
    luck: Numbers
    lost: Flags
    due: Whole
    arrived: Whole

    @property
    def issue(self) -> Whole:
        """Return the number of the matter that each order is."""
        found: Whole = _STEPS * np.arange(self.at.size)
        return found

    def befalls(self, rng: np.random.Generator, share: float) -> Flags:
        """Return which orders a mishap befalls that `share` of them have, the unlucky customers' more often."""
        found: Flags = (rng.random(self.at.size) < share * self.luck) & ~self.lost
        return found

    def chosen(self, rng: np.random.Generator, share: float) -> Flags:
        """Return which orders are among a share of them, of those that came about."""
        found: Flags = (rng.random(self.at.size) < share) & ~self.lost
        return found

    def around(self, kind: str, which: Flags, at: Whole, **columns: object) -> Rows:
        """Return a touchpoint of a kind for some of the orders; a column given has a value for each order, or one."""
        order = {name: getattr(self, name) for name in ("channel", "site", "amount", "issue")}
        whole = {"department": _SHOP, **order, **columns}
        told = {name: value[which] if isinstance(value, np.ndarray) else value for name, value in whole.items()}
        return rows(kind, at=at[which], customer=self.customer[which], **told)

    def matter(self, which: Flags, at: Whole, department: int, *, text: int = NOTHING, hard: float = 0.0) -> Matters:
        """Return some of the orders as matters that customers come for."""
        return Matters.of(self.customer[which], at[which], department, self.issue[which], text=text, hard=hard)


def bought(
    rng: np.random.Generator, causes: Causes, people: Customers, span: Span
) -> tuple[list[Rows], list[Matters], list[Promises]]:
    """Return the touchpoints around orders, what they make customers come for, and what was promised with them."""
    orders = _orders(rng, causes, people, span)
    made: list[Rows] = []
    matters: list[Matters] = []
    for happens in (_placed, _received, _owned, _billed):
        more, asking = happens(rng, causes, orders)
        made, matters = [*made, *more], [*matters, *asking]
    paid, asking = _refunded(rng, causes, orders, span)
    return [*made, *paid], [*matters, *asking], [_deliveries(orders)]


def _orders(rng: np.random.Generator, causes: Causes, people: Customers, span: Span) -> _Bought:
    c = causes.orders
    customer, at = scattered(rng, causes, people, span, c.a_year * rng.gamma(2.0, 0.5, people.n))
    n, luck = customer.size, people.luck[customer]
    due = at + int(c.promised_days * DAY)
    late = rng.random(n) < c.late_share * luck
    early = (rng.random(n) * c.promised_days * DAY / 2.0).astype(np.int64)
    delay = (rng.exponential(c.late_days, n) * DAY).astype(np.int64) + HOUR
    return _Bought(
        customer=customer,
        at=at,
        channel=rng.choice([_WEB, _APP, _STORE], n, p=(0.6, 0.25, 0.15)),
        site=people.site[customer],
        amount=(rng.lognormal(3.7, 0.6, n) * 100).astype(np.int64),
        luck=luck,
        lost=rng.random(n) < c.failed_share * luck,
        due=due,
        arrived=due + np.where(late, delay, -early),
    )


def _placed(rng: np.random.Generator, causes: Causes, orders: _Bought) -> tuple[list[Rows], list[Matters]]:
    """Return what happens while an order is placed."""
    c, at = causes.orders, orders.at
    refused, declined = orders.befalls(rng, c.coupon_refused_share), orders.befalls(rng, c.payment_failed_share)
    coupon = orders.chosen(rng, c.coupon_share) & ~refused
    made = [
        orders.around("coupon.used", coupon, at - 120 * SECOND),
        orders.around("coupon.refused", refused, at - 120 * SECOND),
        orders.around("payment.failed", declined, at - 60 * SECOND),
        orders.around("order.failed", orders.lost, at, outcome=OUTCOMES.index("failed")),
        orders.around("order.placed", ~orders.lost, at),
    ]
    comes = (orders.lost | declined) & (rng.random(at.size) < c.asks_after_failure_share)
    return made, [orders.matter(comes, at + HOUR, _SHOP)]


def _received(rng: np.random.Generator, causes: Causes, orders: _Bought) -> tuple[list[Rows], list[Matters]]:
    """Return how the parcel comes, and what is in it."""
    c, arrived, due = causes.orders, orders.arrived, orders.due
    missed, damaged = orders.befalls(rng, c.missed_share), orders.befalls(rng, c.damaged_share)
    wrong, asks = orders.befalls(rng, c.wrong_share) & ~damaged, rng.random(due.size)
    shipped, late_s = orders.at + (due - orders.at) // 3, (arrived - due) / SECOND
    parcel = {"channel": _POST, "department": _LOGISTICS, "amount": NOBODY}
    told = {**parcel, "late_s": late_s, "outcome": np.where(late_s > 0, _LATE, _ON_TIME)}
    made = [
        orders.around("delivery.shipped", ~orders.lost, shipped, **parcel),
        orders.around("delivery.failed", missed, arrived - 6 * HOUR, **parcel),
        orders.around("delivery.arrived", ~orders.lost, arrived, **told),
        orders.around("goods.damaged", damaged, arrived + HOUR, **parcel),
        orders.around("goods.wrong", wrong, arrived + HOUR, **parcel),
    ]
    overdue = (arrived > due + DAY // 2) & ~orders.lost & (asks < c.asks_after_delay_share)
    spoilt = (damaged | wrong) & (asks < c.asks_after_goods_share)
    matters = [
        orders.matter(overdue, due + DAY // 2, _LOGISTICS, text=ABOUT_DELIVERY),
        orders.matter(spoilt, arrived + 3 * HOUR, _LOGISTICS, text=ABOUT_GOODS),
    ]
    return made, matters


def _owned(rng: np.random.Generator, causes: Causes, orders: _Bought) -> tuple[list[Rows], list[Matters]]:
    """Return what comes after the parcel: the product fails, a warranty is registered, somebody asks how it went."""
    c, arrived = causes.orders, orders.arrived
    faulty, asks = orders.befalls(rng, c.fault_share), rng.random(arrived.size)
    used = arrived + (rng.exponential(_UNTIL_FAULT_DAYS, arrived.size) * DAY).astype(np.int64)
    product = {"channel": _PRODUCT, "department": _SERVICE, "amount": NOBODY}
    web, mail = {**product, "channel": _WEB}, {**product, "channel": _EMAIL, "department": _SALES}
    made = [
        orders.around("product.fault", faulty, used, **product),
        orders.around("warranty.registered", orders.chosen(rng, c.warranty_share), arrived + 2 * DAY, **web),
        orders.around("followup.made", orders.chosen(rng, c.followup_share), arrived + 10 * DAY, **mail),
    ]
    return made, [orders.matter(faulty & (asks < c.asks_after_fault_share), used + HOUR, _SERVICE)]


def _billed(rng: np.random.Generator, causes: Causes, orders: _Bought) -> tuple[list[Rows], list[Matters]]:
    """Return the invoices, and the wrong ones put right."""
    wrong = orders.befalls(rng, causes.orders.invoice_wrong_share)
    sent = orders.at + DAY + (rng.random(orders.at.size) * 8 * HOUR).astype(np.int64)
    mail = {"channel": _EMAIL, "department": _BILLING}
    made = [
        orders.around("invoice.sent", ~orders.lost, sent, **mail),
        orders.around("invoice.corrected", wrong, sent + 6 * DAY, **mail),
    ]
    comes = wrong & (rng.random(sent.size) < causes.orders.asks_after_invoice_share)
    return made, [orders.matter(comes, sent + DAY, _BILLING, text=ABOUT_INVOICE)]


def _refunded(
    rng: np.random.Generator, causes: Causes, orders: _Bought, span: Span
) -> tuple[list[Rows], list[Matters]]:
    """Return the refunds, and the asking after those that do not come."""
    c = causes.orders
    back = orders.chosen(rng, c.returned_share)
    asked = orders.arrived + (rng.exponential(3.0, back.size) * DAY).astype(np.int64)
    promised = asked + int(c.refund_days * DAY)
    paid = promised + _refund_delay(rng, causes, asked, span)
    late = back & (paid > promised + 2 * DAY)
    mail = {"channel": _EMAIL, "department": _BILLING}
    made = [orders.around("refund.made", back, paid, late_s=(paid - promised) / SECOND, **mail)]
    comes = late & (rng.random(back.size) < c.asks_after_refund_share)
    return made, [orders.matter(comes, promised + DAY, _BILLING, text=ABOUT_REFUND, hard=c.refund_hardness)]


def _refund_delay(rng: np.random.Generator, causes: Causes, asked: Whole, span: Span) -> Whole:
    """Return how much later than promised refunds are paid; below zero: earlier."""
    c, release, n = causes.orders, causes.release, asked.size
    late = rng.random(n) < c.refund_late_share
    days = np.where(late, rng.exponential(c.refund_late_days, n) + 0.1, -rng.random(n) * c.refund_days * 0.6)
    begins, ends = span.end - release.begins_days * DAY, span.end - release.ends_days * DAY
    extra = rng.gamma(4.0, release.extra_days / 4.0, n)
    found: Whole = ((days + np.where((asked >= begins) & (asked < ends), extra, 0.0)) * DAY).astype(np.int64)
    return found


def _deliveries(orders: _Bought) -> Promises:
    """Return the promise that came with each order: its lateness is told by the delivery."""
    sold = ~orders.lost
    kept = orders.arrived <= orders.due
    return Promises.of(
        "delivery",
        customer=orders.customer[sold],
        department=_LOGISTICS,
        channel=orders.channel[sold],
        issue=orders.issue[sold],
        made=orders.at[sold],
        due=orders.due[sold],
        settled=orders.arrived[sold],
        outcome=np.where(kept, 0, NOBODY)[sold],
    )
