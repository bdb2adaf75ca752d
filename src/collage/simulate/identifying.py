"""By what names customers are known, what is claimed about these names, and what of it is wrong."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collage.simulate.blocks import Company
from collage.simulate.columns import by_contract, digits, moments, numbered
from collage.simulate.rows import CHANNELS, DAY, IDENTIFIERS, NOBODY, Numbers, Whole

__all__ = ["claims", "identified", "names", "true_identity"]

_FIRST: Final = 10_000
_USER, _EMAIL, _PHONE, _ANON, _SECOND = range(len(IDENTIFIERS))
_BY_CHANNEL: Final = {"phone": _PHONE, "email": _EMAIL}
_MIXES: Final = np.uint64(2_654_435_761)  # Knuth's: consecutive numbers in, scattered ones out, each once
_HALF: Final = 0.5
_SAID_BY: Final = {_EMAIL: ("shop", 0.99), _PHONE: ("desk", 0.97), _ANON: ("web", 0.96), _SECOND: ("person", 1.0)}
_TAKEN_BACK_DAYS: Final = 30.0


def names(kind: Whole, customer: Whole) -> pa.Array:
    """Return the identifiers of some kinds (numbers of `IDENTIFIERS`) of customers, in normal form."""
    number = customer.astype(np.int64) + _FIRST
    scattered = (number.astype(np.uint64) * _MIXES) & np.uint64(0xFFFF_FFFF)
    plain, places, anonymous = digits(number, 1), digits(number, 7), digits(scattered.astype(np.int64))
    forms = [("user:", plain, ""), ("email:customer.", plain, "@example.org"), ("phone:+49300", places, "")]
    forms += [("anon:", anonymous, ""), ("user:9", places, "")]
    written = [pc.binary_join_element_wise(before, value, after, "") for before, value, after in forms]
    return pc.choose(pa.array(kind.astype(np.int8)), *written)


def identified(rng: np.random.Generator, company: Company, customer: Whole, channel: Whole, kind: Whole) -> Whole:
    """Return by what kind of identifier customers are known on a channel, where `kind` does not say so already."""
    usual = np.array([_BY_CHANNEL.get(name, _USER) for name in CHANNELS])[channel]
    wanted = np.where(kind == NOBODY, usual, kind)
    wanted = np.where(company.people.has[customer, wanted], wanted, _USER)
    other = company.people.has[customer, _SECOND] & (rng.random(customer.size) < _HALF)
    return np.where((wanted == _USER) & other, _SECOND, wanted)


def true_identity(company: Company) -> tuple[Whole, Whole]:
    """Return every identifier that a customer has: whose (a number) and of what kind."""
    customer, kind = np.nonzero(company.people.has)
    return customer, kind


def claims(rng: np.random.Generator, company: Company) -> pa.Table:
    """Return what was claimed: true claims, those that came late (two accounts of one customer), and wrong ones.

    Wrong claims tie two customers' accounts and were withdrawn; all others stand.
    """
    customer, kind = true_identity(company)
    customer, kind = customer[kind != _USER], kind[kind != _USER]
    begins = np.maximum(company.people.joined, company.span.begin)
    when = begins[customer]
    late = (rng.random(customer.size) * (company.span.end - when)).astype(np.int64)
    when = when + np.where(kind == _SECOND, late, late // 20)
    true = _claims(names(np.zeros_like(customer), customer), names(kind, customer), when, when * 0 - 1, kind)
    n = company.people.n
    wrong = np.flatnonzero(rng.random(n) < company.causes.people.wrong_claim_share) if n > 1 else np.zeros(0, np.int64)
    other = (wrong + rng.integers(1, max(n, 2), wrong.size)) % n
    when = begins[wrong] + (rng.random(wrong.size) * (company.span.end - begins[wrong])).astype(np.int64)
    back = np.minimum(when + (rng.random(wrong.size) * _TAKEN_BACK_DAYS * DAY).astype(np.int64), company.span.end - 1)
    zero = np.zeros_like(wrong)
    made = [true, _claims(names(zero, wrong), names(zero, other), when, back, np.full(wrong.size, _SECOND))]
    whole = pa.concat_tables(made)
    columns: dict[str, object] = {name: whole[name] for name in whole.column_names}
    return by_contract("claims", {"claim_id": numbered("claim", np.arange(whole.num_rows)), **columns})


def _claims(one: pa.Array, other: pa.Array, claimed: Whole, withdrawn: Whole, kind: Whole) -> pa.Table:
    source = pa.array([_SAID_BY[each][0] if each in _SAID_BY else None for each in range(len(IDENTIFIERS))])
    sure: Numbers = np.array([_SAID_BY[each][1] if each in _SAID_BY else 0.0 for each in range(len(IDENTIFIERS))])
    return pa.table(
        {
            "one": one,
            "other": other,
            "source": source.take(pa.array(kind)),
            "confidence": sure[kind],
            "claimed_at": moments(claimed),
            "withdrawn_at": moments(withdrawn, missing=withdrawn < 0),
        }
    )
