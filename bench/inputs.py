"""What is measured on: files of any size, the same for the same size, made on the spot."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import duckdb

from collage.tables import contract_hash

__all__ = ["CLAIMS", "CUSTOMERS", "TOUCHPOINTS", "describe", "write_calls", "write_log"]

CUSTOMERS = 50_000
_EVENTS_A_TRACE, _PLAIN_ATTRIBUTES = 8, 9
_FORMATS = {
    ".csv": "FORMAT csv, HEADER",
    ".gz": "FORMAT csv, HEADER, COMPRESSION gzip",
    ".jsonl": "FORMAT json",
    ".parquet": "FORMAT parquet, COMPRESSION zstd",
}

# Nine columns; two cells in five are quoted for a comma or a quote; local times a quarter of a minute apart, so that
# two million rows see the clocks set forward and back.
_CALLS = """
SELECT 'C' || lpad(i::VARCHAR, 8, '0') AS call,
       'K' || (i * 7919 % 50000) AS customer,
       strftime(TIMESTAMP '2024-01-01' + to_seconds(i * 15), '%Y-%m-%d %H:%M:%S') AS queued,
       strftime(TIMESTAMP '2024-01-01' + to_seconds(i * 15 + i * 31 % 400), '%Y-%m-%d %H:%M:%S') AS ended,
       CASE i * 13 % 10 WHEN 0 THEN 'ABANDONED' WHEN 1 THEN 'TRANSFERRED' ELSE 'ANSWERED' END AS outcome,
       CASE WHEN i * 13 % 10 > 0 THEN 'agent ' || (i * 17 % 400) END AS agent,
       'desk ' || (i * 3 % 7) AS desk,
       i * 31 % 400 AS wait,
       CASE i % 5 WHEN 0 THEN 'said "never again", twice' WHEN 1 THEN 'asked for an invoice, again' END AS note
FROM range({rows}) AS rows(i)
"""

# Touchpoints for a score, as a query: twenty a customer on average, over a year, of kinds as a shop with a help line
# has them; a third have nothing to mark, a third are contacts and messages. Customers write from a mail address too.
TOUCHPOINTS = """
SELECT 't:' || i AS touchpoint_id,
       CASE WHEN hash(i * 47) % 10 < 3 THEN 'email:c' || (i % {customers}) || '@example.org'
            ELSE 'user:' || (i % {customers}) END AS identifier,
       TIMESTAMPTZ '2025-01-01 00:00:00+00' + to_microseconds((hash(i) % 31536000000000)::BIGINT) AS occurred_at,
       NULL::TIMESTAMPTZ AS received_at,
       'bench' AS source,
       list_concat(['contact.answered', 'contact.queued', 'contact.answered', 'contact.ended', 'message.received',
                    'message.received', 'message.sent', 'message.sent', 'issue.opened', 'issue.resolved',
                    'issue.resolved', 'order.placed', 'order.placed', 'delivery.shipped', 'delivery.arrived',
                    'delivery.arrived',
                    'invoice.sent', 'page.viewed', 'page.viewed', 'page.viewed', 'page.viewed', 'page.viewed',
                    'ad.seen',
                    'coupon.received', 'product.used', 'product.used', 'product.used', 'self_service.succeeded',
                    'search.failed', 'contact.answered'],
                   [['promise.made', 'promise.kept', 'promise.broken', 'issue.reopened', 'gesture.made',
                     'complaint.filed',
                     'goods.damaged', 'handover.transferred', 'recovery.confirmed', 'product.fault'
                    ][1 + (hash(i * 43) % 10)::INT]])[1 + (hash(i * 3) % 31)::INT] AS kind,
       ['phone', 'web', 'chat', 'email'][1 + (hash(i * 5) % 4)::INT] AS channel,
       'desk ' || (hash(i * 7) % 12) AS department,
       NULL::VARCHAR AS site,
       CASE WHEN hash(i * 11) % 2 = 0 THEN 'agent ' || (hash(i * 13) % 300) END AS agent,
       CASE WHEN hash(i * 17) % 10 < 7 THEN 'i' || (i % {customers}) || '-' || (hash(i * 19) % 4) END AS issue_id,
       CASE WHEN hash(i * 23) % 10 < 8 THEN 'c' || (i % {customers}) || '-' || (hash(i * 29) % 8) END AS contact_id,
       NULL::DOUBLE AS severity,
       (hash(i * 31) % 900)::DOUBLE AS wait_s,
       NULL::DOUBLE AS duration_s,
       (hash(i * 37) % 800000)::DOUBLE - 500000 AS late_s,
       NULL::BIGINT AS amount,
       NULL::VARCHAR AS currency,
       ['resolved', 'resolved', 'resolved', 'unresolved'][1 + (hash(i * 41) % 4)::INT] AS outcome,
       NULL::VARCHAR AS text,
       NULL::VARCHAR AS properties
FROM range({rows}) AS rows(i)
"""
# One claim a customer: account and mail address are one.
CLAIMS = """
SELECT 'claim ' || i AS claim_id, 'user:' || i AS one, 'email:c' || i || '@example.org' AS other, 'shop' AS source,
       0.99 AS confidence, NULL::TIMESTAMPTZ AS claimed_at, NULL::TIMESTAMPTZ AS withdrawn_at
FROM range({customers}) AS rows(i)
"""


def write_calls(file: Path, rows: int) -> Path:
    """Write so many calls of a helpline, in the format of the file's ending, and return the file."""
    query = _CALLS.format(rows=rows)
    duckdb.connect().execute(f"COPY ({query}) TO '{file}' ({_FORMATS[file.suffix]})")
    return file


def write_log(file: Path, events: int) -> Path:
    """Write an XES log of so many events, eight to a trace, each with twelve attributes of its own or its trace's."""
    with file.open("w", encoding="utf-8") as out:
        out.write(
            '<?xml version="1.0" encoding="UTF-8"?>\n<log xes.version="1.0" xmlns="http://www.xes-standard.org/">\n'
        )
        for trace in range(-(-events // _EVENTS_A_TRACE)):
            first = trace * _EVENTS_A_TRACE
            out.write(f'<trace>\n<string key="concept:name" value="case {trace}"/>\n')
            out.writelines(_event(first + n, n) for n in range(min(_EVENTS_A_TRACE, events - first)))
            out.write("</trace>\n")
        out.write("</log>\n")
    return file


def _event(number: int, step: int) -> str:
    day, second = divmod(number * 15 % 29_030_400, 86_400)
    clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}.000+01:00"
    at = f"2024-{day // 28 + 1:02d}-{day % 28 + 1:02d}T{clock}"
    plain = "".join(f'<string key="attribute{n}" value="value {n} of {number}"/>\n' for n in range(_PLAIN_ATTRIBUTES))
    return (
        f'<event>\n<string key="concept:name" value="step {step}"/>\n<date key="time:timestamp" value="{at}"/>\n'
        f'<string key="customer" value="K{number * 7919 % CUSTOMERS}"/>\n{plain}</event>\n'
    )


def describe(folder: Path, rows: Mapping[str, int]) -> None:
    """Write `dataset.json`, as `collage read` does, so that the door is not gone through again."""
    files = {
        name: {
            p.relative_to(folder).as_posix(): p.stat().st_size
            for p in folder.rglob("*.parquet")
            if name in str(p.relative_to(folder))
        }
        for name in rows
    }
    tables = {name: {"rows": n, "files": files[name]} for name, n in rows.items()}
    (folder / "dataset.json").write_text(json.dumps({"contract": contract_hash(), "tables": tables}), encoding="utf-8")
