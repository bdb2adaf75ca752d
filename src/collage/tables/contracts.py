"""The contracts of all tables: columns, types, units, what null means.

A contract is data. Whoever adds a column adds one line here, in the tuple of its table.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import ibis
import ibis.expr.datatypes as dt

__all__ = ["CONTRACTS", "Column", "Contract", "contract_hash", "expected"]

_TYPES: dict[str, dt.DataType] = {
    "string": dt.string,
    "timestamp": dt.Timestamp(timezone="UTC", scale=6),
    "double": dt.float64,
    "int64": dt.int64,
    "bool": dt.boolean,
}
_EXPECTED = {
    "timestamp": "a time (ISO 8601, or as the map's formats say)",
    "double": "a number",
    "int64": "a whole number",
    "bool": "true or false",
}
IDENTIFIER = r"^[a-z][a-z0-9_-]*:\S(.*\S)?$"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a contract.

    `low` and `high` bound a number (inclusive), `pattern` is a regular expression which the whole text must fit, with
    `expected` saying it in words, `values` a closed list.
    """

    name: str
    type: str
    means: str
    required: bool = False
    low: float | None = None
    high: float | None = None
    pattern: str | None = None
    values: tuple[str, ...] = ()
    json: str = ""
    expected: str = ""


@dataclass(frozen=True, slots=True)
class Contract:
    """One table: its columns and the column that is unique (``""``: none).

    `readable` tables may be filled by a map; `derived` ones are computed and never stored in a dataset.
    """

    name: str
    means: str
    columns: tuple[Column, ...]
    key: str = ""
    readable: bool = False
    derived: bool = False

    def __getitem__(self, name: str) -> Column:
        """Return the column called `name`; KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    def schema(self) -> ibis.Schema:
        """Return the Ibis schema of the table.

        Returns
        -------
        ibis.Schema
            Times are ``timestamp('UTC', 6)``.
        """
        return ibis.schema({column.name: _TYPES[column.type] for column in self.columns})


def _text(name: str, means: str, **more: object) -> Column:
    return Column(name, "string", means, **more)  # type: ignore[arg-type]  # a shorthand for the table below


def _time(name: str, means: str, *, required: bool = False) -> Column:
    return Column(name, "timestamp", means, required=required)


_IDENTIFIER_WORDS = "namespace:value, such as user:4711 or email:someone@example.org"
_LIST = '["department", …] as a JSON list'

_TOUCHPOINTS = (
    _text("touchpoint_id", "unique, source:id", required=True, pattern=r"^[^:]+:.+$", expected="source:id"),
    _text(
        "identifier",
        "who, as the source knew them",
        required=True,
        pattern=IDENTIFIER,
        expected=_IDENTIFIER_WORDS,
    ),
    _time("occurred_at", "when it happened", required=True),
    _time("received_at", "when it was received; null: not known"),
    _text("source", "which system said so; null: not known"),
    _text(
        "kind",
        "what happened, dotted, see the vocabulary",
        required=True,
        pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)*$",
        expected="lower-case words joined by dots, such as contact.answered",
    ),
    _text("channel", "web, shop, app, phone, ivr, chat, email, sms, …; null: unknown"),
    _text("department", "null: not attributable"),
    _text("site", "null: not attributable"),
    _text("agent", "null: no human, or not known"),
    _text("issue_id", "the customer's matter; an order is a matter; null: not part of a known matter"),
    _text("contact_id", "one uninterrupted episode; null: none"),
    Column("severity", "double", "what the source claims, 0 to 3; null: 1", low=0, high=3),
    Column("wait_s", "double", "seconds waited; null: not measured", low=0),
    Column("duration_s", "double", "seconds it lasted; null: not measured", low=0),
    Column("late_s", "double", "seconds after the promised time, negative: early; null: nothing was promised"),
    Column("amount", "int64", "money in minor units; null: no money involved"),
    _text(
        "currency",
        "ISO 4217 code; null: no money involved",
        pattern=r"^[A-Z]{3}$",
        expected="an ISO 4217 code such as EUR",
    ),
    _text("outcome", "resolved, unresolved, abandoned, refused, failed, on_time, …; null: not known"),
    _text("text", "what was said; null: nothing said"),
    _text(
        "properties",
        "a JSON object with everything else; null: nothing more",
        json="object",
        expected="a JSON object",
    ),
)

_CLAIMS = (
    _text("claim_id", "unique", required=True),
    _text("one", "an identifier", required=True, pattern=IDENTIFIER, expected=_IDENTIFIER_WORDS),
    _text(
        "other",
        "an identifier said to be the same customer",
        required=True,
        pattern=IDENTIFIER,
        expected=_IDENTIFIER_WORDS,
    ),
    _text("source", "who says so (person for people); null: not known"),
    Column("confidence", "double", "0 to 1; null: not known", low=0, high=1),
    _time("claimed_at", "null: not known"),
    _time("withdrawn_at", "null: the claim stands"),
)

_RATINGS = (
    _text("rating_id", "unique", required=True),
    _text("identifier", "who rated", required=True, pattern=IDENTIFIER, expected=_IDENTIFIER_WORDS),
    _time("rated_at", "when", required=True),
    _text("contact_id", "the contact that is rated; null: not known"),
    _time("contact_started_at", "null: first touchpoint of its contact"),
    _text("issue_id", "null: not known"),
    _text("department", "who served, frozen when it happened; null: not known"),
    _text("agent", "who served, frozen when it happened; null: not known"),
    _text(
        "participants",
        "JSON list of {department, agent, from, to, bot}; null: not known",
        json="array",
        expected=_LIST,
    ),
    _text("instrument", "csat, nps, ces, …; null: not known"),
    _text("item", "contact or company; null: not known", values=("contact", "company")),
    _text("wording", "the question as asked; null: not known"),
    _text("channel", "null: unknown"),
    Column("score", "double", "on the scale below", required=True),
    Column("scale_low", "double", "lowest score possible", required=True),
    Column("scale_high", "double", "highest score possible", required=True),
    _text("comment", "null: nothing said"),
    Column("weight", "double", "sampling weight; null: 1", low=0),
    _text("invitation_id", "null: not invited by us"),
)

_INVITATIONS = (
    _text("invitation_id", "unique", required=True),
    _text("identifier", "who was invited", required=True, pattern=IDENTIFIER, expected=_IDENTIFIER_WORDS),
    _text("trigger", "null: not known"),
    _text("contact_id", "null: none"),
    _text("instrument", "csat, nps, ces, …; null: not known"),
    _text("channel", "null: unknown"),
    _time("invited_at", "when it was decided; null: not known"),
    _time("sent_at", "null: suppressed"),
    _text("suppressed", "why it was not sent; null: sent", values=("cap", "consent", "quiet", "unreachable")),
    _time("reminded_at", "null: not reminded"),
)

_PROMISES = (
    _text("promise_id", "unique", required=True),
    _text("identifier", "to whom", required=True, pattern=IDENTIFIER, expected=_IDENTIFIER_WORDS),
    _text("kind", "delivery, appointment, callback, …", required=True),
    _text("department", "who promised; null: not known"),
    _text("agent", "null: not known"),
    _text("channel", "null: unknown"),
    _text("issue_id", "null: not part of a known matter"),
    _time("made_at", "when", required=True),
    _time("due_at", "by when", required=True),
    _time("settled_at", "null: open"),
    _text("outcome", "null: open, or kept where it was settled in time", values=("kept", "exceeded", "withdrawn")),
    Column("quoted_share", "double", "the share quoted with it, 0 to 1; null: not quoted by us", low=0, high=1),
)

_CORRECTIONS = (
    _text("correction_id", "unique", required=True),
    _text("touchpoint_id", "the touchpoint whose mark is meant", required=True),
    _text("mark", "the mark that is meant", required=True),
    _text(
        "verdict",
        "contested counts until decided; struck_out is no mark",
        required=True,
        values=("contested", "upheld", "struck_out"),
    ),
    _text("by", "who decided; null: not known"),
    _text("reason", "null: none given"),
    _time("at", "when; null: not known"),
    _time("withdrawn_at", "null: the correction stands"),
)

_QUARANTINE = (
    _text("file", "name of the file", required=True),
    Column("row", "int64", "number of the record in its file, from 1; a CSV's header is no record", required=True),
    _text("column", "the column of our table, or of the file; null: the whole row"),
    _text("reason", "what is wrong and was expected", required=True),
    _text("found", "what stood there; null: nothing"),
    _text("raw", "the whole row, as JSON or as it stood in the file"),
)

_CUSTOMERS = (
    _text("customer_id", "smallest identifier of the component in files", required=True),
    _text("identifier", "one of the customer's identifiers", required=True),
    _text("state", "plain, shared or contested", required=True, values=("plain", "shared", "contested")),
)

_MARKS = (
    _text("touchpoint_id", "together with mark unique (for recovered: with about and weighs_as)", required=True),
    _text("mark", "name in the catalogue", required=True),
    _text("identifier", "of the touchpoint", required=True),
    _text("channel", "of the touchpoint"),
    _text("site", "of the touchpoint"),
    _text("agent", "of the touchpoint"),
    _text("issue_id", "of the touchpoint"),
    _text("contact_id", "of the touchpoint"),
    _time("occurred_at", "counts from here on; may lie after its touchpoint (a deadline)", required=True),
    _time("fades_from", "age is counted from here; = occurred_at except in recovered", required=True),
    _text("weighs_as", "whose weight and class it takes; = mark except in recovered", required=True),
    Column("severity", "double", "counts in N; below 0 only in recovered", required=True),
    Column("evidence", "double", "counts in D: salience · min(1, severity)", required=True),
    Column("uncapped", "double", "severity before the cap of its issue; null in recovered"),
    _text("owner", "a department of the company; null: none known"),
    _text("cause", "agent, staffing, routing, policy, product, process, partner"),
    Column("agent_controllable", "bool", "whether the agent could have done otherwise"),
    _text("about", "the earlier touchpoint that a sequence rule points at; null: none"),
    _text("catalogue", "version", required=True),
)

_SCORES = (
    _text("customer_id", "who", required=True),
    _time("at", "the moment of asking", required=True),
    Column("experience", "double", "E, in points of expected CSAT", required=True),
    Column("index", "double", "0 to 100, 50 is neutral", required=True),
    Column("evidence", "double", "D/(κ+D), 0 to 1", required=True),
    Column("low", "double", "lower end of the 90 % interval of experience", required=True),
    Column("high", "double", "upper end of the 90 % interval of experience", required=True),
    Column("trend", "double", "contributions of the last 30 days, summed", required=True),
    Column("n_marks", "int64", "marks up to `at`", required=True),
    Column("strikes_90d", "int64", "strikes of the last 90 days", required=True),
    _time("last_touchpoint_at", "the latest touchpoint up to `at`", required=True),
)

CONTRACTS: dict[str, Contract] = {
    contract.name: contract
    for contract in (
        Contract("touchpoints", "what happened", _TOUCHPOINTS, key="touchpoint_id", readable=True),
        Contract("claims", "identifiers said to be one customer", _CLAIMS, key="claim_id", readable=True),
        Contract("ratings", "what they said of us, on a scale", _RATINGS, key="rating_id", readable=True),
        Contract("invitations", "who was asked", _INVITATIONS, key="invitation_id", readable=True),
        Contract("promises", "what we said we would do, by when", _PROMISES, key="promise_id", readable=True),
        Contract("corrections", "marks contested, upheld, struck out", _CORRECTIONS, key="correction_id"),
        Contract("quarantine", "rows that could not be used", _QUARANTINE),
        Contract("customers", "who is one customer", _CUSTOMERS, derived=True),
        Contract("marks", "what a touchpoint leaves behind", _MARKS, derived=True),
        Contract("scores", "how it adds up", _SCORES, derived=True),
    )
}


def contract_hash() -> str:
    """Return a hash of all contracts; it changes when any column, type or bound does.

    Returns
    -------
    str
        Sixteen hexadecimal digits.
    """
    return hashlib.sha256(repr(sorted(CONTRACTS.items())).encode()).hexdigest()[:16]


def expected(column: Column) -> str:
    """Return in words what a value of a column must look like.

    Parameters
    ----------
    column
        The column.

    Returns
    -------
    str
        Such as ``a time (ISO 8601, or as the map's formats say)``.
    """
    return column.expected or _EXPECTED.get(column.type, "a text")
