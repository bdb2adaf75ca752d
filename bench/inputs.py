"""What is measured on: files of any size, the same for the same size, made on the spot."""

from __future__ import annotations

from pathlib import Path

import duckdb

__all__ = ["CUSTOMERS", "TOUCHPOINTS", "write_calls", "write_log"]

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

# Touchpoints for a score, as a query: every customer has as many, over two years, of kinds that leave marks and
# kinds that leave none.
TOUCHPOINTS = """
SELECT 't:' || i AS touchpoint_id,
       'user:' || (i * 7919 % {customers}) AS identifier,
       (TIMESTAMP '2024-01-01' + to_seconds(i * 63072000 // {rows}))::TIMESTAMPTZ AS occurred_at,
       NULL::TIMESTAMPTZ AS received_at,
       'bench' AS source,
       ['contact.answered', 'delivery.arrived', 'page.viewed', 'order.placed', 'contact.ended', 'issue.resolved',
        'handover.transferred', 'payment.failed'][1 + i * 5 % 8] AS kind,
       'phone' AS channel,
       'desk ' || (i * 3 % 7) AS department,
       NULL::VARCHAR AS site,
       'agent ' || (i * 17 % 400) AS agent,
       NULL::VARCHAR AS issue_id,
       NULL::VARCHAR AS contact_id,
       NULL::DOUBLE AS severity,
       (i * 31 % 400)::DOUBLE AS wait_s,
       NULL::DOUBLE AS duration_s,
       (i * 37 % 86400 - 43200)::DOUBLE AS late_s,
       NULL::BIGINT AS amount,
       NULL::VARCHAR AS currency,
       CASE i % 3 WHEN 0 THEN 'unresolved' ELSE 'resolved' END AS outcome,
       NULL::VARCHAR AS text,
       NULL::VARCHAR AS properties
FROM range({rows}) AS rows(i)
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
