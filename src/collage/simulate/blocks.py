"""A company block by block: some customers at a time, each block with chance of its own, put together at the end.

A block's customers are the same whatever other blocks there are and in whatever order they are made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Final, TypeVar

import numpy as np

from collage.errors import UsageError
from collage.simulate.asking import Contacts, contacted
from collage.simulate.buying import Matters, bought
from collage.simulate.causes import Causes
from collage.simulate.daily import asked, common_outages, outages, small
from collage.simulate.leaving import Left, left, telling
from collage.simulate.memory import remembered, weights
from collage.simulate.people import Customers, Span, Staff, agents_each, customers, staff
from collage.simulate.promised import NEVER, Promises
from collage.simulate.rows import NOBODY, Flags, Numbers, Rows, Whole, joined, some
from collage.simulate.talking import complaints, promises, talked

__all__ = ["Company", "Issues", "company"]

_BLOCK: Final = 2_500  # customers
_APART: Final = 10_000_000  # between the numbers of issues, or of contacts, of one block and of the next


@dataclass(frozen=True, slots=True)
class Issues:
    """Matters that customers came for: the number of each, whose it is, and how hard it was."""

    number: Whole
    customer: Whole
    department: Whole
    hard: Numbers


@dataclass(frozen=True, slots=True)
class Company:
    """All that happened in a company, as numbers.

    Customers are numbered through all blocks, and so are issues and contacts; `made` is in order of time, and what
    happened to a customer after it had left is gone.
    """

    causes: Causes
    span: Span
    staff: Staff
    people: Customers
    left: Left
    made: Rows
    contacts: Contacts
    promises: Promises
    issues: Issues


@dataclass(frozen=True, slots=True)
class _Block:
    people: Customers
    left: Left
    made: Rows
    contacts: Contacts
    promises: Promises
    issues: Issues


_T = TypeVar("_T", Customers, Left, Contacts, Promises, Issues)


def company(
    seed: np.random.SeedSequence,
    causes: Causes,
    *,
    n: int,
    span: Span,
    progress: Callable[[str], None] = lambda _: None,
) -> Company:
    """Return a company of `n` customers.

    Parameters
    ----------
    seed
        Of all chance in it.
    causes
        Why it is as it is.
    n
        How many customers, at least one.
    span
        From when to when.
    progress
        Called before each block with what is being done.

    Returns
    -------
    Company
        The same for the same seed, causes, size and span.
    """
    blocks = -(-n // _BLOCK)
    common, *seeds = seed.spawn(1 + blocks)
    rng = np.random.default_rng(common)
    team = staff(rng, causes, each=agents_each(n))
    failing = common_outages(rng, causes, span)
    made = []
    for number, chance in enumerate(seeds):
        progress(f"customers {number * _BLOCK + 1:,} to {min((number + 1) * _BLOCK, n):,}")
        size = min(_BLOCK, n - number * _BLOCK)
        made.append(_block(np.random.default_rng(chance), causes, team, failing, n=size, span=span))
    return _together(made, causes, team, span)


def _block(
    rng: np.random.Generator, causes: Causes, team: Staff, failing: tuple[Whole, Whole], *, n: int, span: Span
) -> _Block:
    people = customers(rng, causes, n=n, span=span)
    made, orders, promised = bought(rng, causes, people, span)
    made += small(rng, causes, people, span)
    questions = asked(rng, causes, people, span)
    failed, calls = outages(rng, causes, people, common=failing, first=2 * questions.at.size + 1)
    made += failed
    matters = Matters.joined([*orders, questions, calls])
    contacts, hard = contacted(rng, causes, people, team, matters, span=span)
    made += talked(rng, causes, team, contacts, matters=matters)
    promised.append(promises(rng, causes, contacts))
    so_far = joined(made)
    mood = remembered(so_far, weights(so_far), contacts.customer, contacts.ended)
    made += complaints(rng, causes, team, contacts, mood=mood)
    gone = left(rng, causes, people, made, span=span)
    issues = Issues(matters.issue, matters.customer, matters.department, hard)
    return _until_left(
        _Block(people, gone, joined([*made, *telling(rng, causes, gone)]), contacts, Promises.joined(promised), issues),
        span,
    )


def _until_left(block: _Block, span: Span) -> _Block:
    """Return a block without what would have happened after somebody has left, or outside of the simulated time."""
    ends = np.minimum(block.left.at, span.end)

    def inside(customer: Whole, at: Whole) -> Flags:
        found: Flags = (at >= np.maximum(span.begin, 0)) & ((at < ends[customer]) | (at == block.left.at[customer]))
        return found

    made = some(block.made, inside(block.made["customer"].astype(np.int64), block.made["at"].astype(np.int64)))
    whole = inside(block.contacts.customer, block.contacts.ended)
    promised = block.promises.some(inside(block.promises.customer, block.promises.made))
    settled = np.where(promised.settled < span.end, promised.settled, NEVER)
    outcome = np.where(settled == NEVER, NOBODY, promised.outcome)
    return replace(
        block,
        made=made,
        contacts=block.contacts.some(whole),
        promises=replace(promised, settled=settled, outcome=outcome),
    )


def _together(blocks: list[_Block], causes: Causes, team: Staff, span: Span) -> Company:
    """Return all blocks as one company, touchpoints in order of time and then of customers."""
    numbered = [_numbered(block, place) for place, block in enumerate(blocks)]
    made = joined([block.made for block in numbered])
    return Company(
        causes=causes,
        span=span,
        staff=team,
        people=_columns([block.people for block in numbered]),
        left=_columns([block.left for block in numbered]),
        made=some(made, np.lexsort((made["customer"], made["at"]))),
        contacts=_columns([block.contacts for block in numbered]),
        promises=_columns([block.promises for block in numbered]),
        issues=_columns([block.issues for block in numbered]),
    )


def _numbered(block: _Block, place: int) -> _Block:
    """Return a block whose customers, issues and contacts have the numbers that they have in the company."""
    first, apart = place * _BLOCK, place * _APART
    if max(block.contacts.number.max(initial=0), block.issues.number.max(initial=0)) >= _APART:
        found = f"{block.contacts.n:,} contacts of {block.people.n:,} customers"
        raise UsageError("simulate a company", found, "give smaller rates, or fewer days")
    made, contacts, promised, issues = block.made, block.contacts, block.promises, block.issues
    told = {"customer": made["customer"] + first}
    for name in ("issue", "contact"):
        told[name] = np.where(made[name] == NOBODY, NOBODY, made[name] + apart)
    return replace(
        block,
        made={**made, **told},
        contacts=replace(
            contacts, number=contacts.number + apart, customer=contacts.customer + first, issue=contacts.issue + apart
        ),
        promises=replace(promised, customer=promised.customer + first, issue=promised.issue + apart),
        issues=replace(issues, number=issues.number + apart, customer=issues.customer + first),
    )


def _columns(parts: list[_T]) -> _T:
    """Return values of one type, whose fields are columns, as one."""
    whole = (np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(parts[0]))
    return type(parts[0])(*whole)
