"""A first map for a file that nobody has described yet: look at a little of it, guess, and say so in comments."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from collage.errors import SourceError, UsageError
from collage.reading.formats import format_of
from collage.reading.from_csv import first_rows
from collage.reading.from_xes import first_events
from collage.reading.mapping import SourceTable
from collage.reading.spool import lines, opened, surrogate

__all__ = ["suggest"]

_LOOK = 1000
_MOST_KINDS = 60
_SHORT = 60
_NEARLY_ALL = 0.9  # one odd date among ten does not hide what the others are
# columns about a customer that do not say who it is
_NOBODY = re.compile(r"date|time|city|state|country|zip|remark|comment|name|type|segment|tier")
_NULLS = ("?", "-", "NULL", "null", "None", "N/A", "n/a", "NA", "NaN", "Unknown", "unknown")
_ISO = re.compile(r"\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}([.,]\d{1,9})?)?( ?(Z|[+-]\d{2}(:?\d{2})?))?)?")
_DATES = (
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%Y/%m/%d",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%Y%m%d",
)
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p")
_FORMATS = tuple(date + clock for clock in _CLOCKS for date in _DATES)
# what a column is called where it means one of ours, the surest first
_NAMES: dict[str, tuple[str, ...]] = {
    "identifier": (
        "customer_unique_id",
        "customer_id",
        "customer",
        "caller",
        "client",
        "user_id",
        "user",
        "member",
        "account",
        "kunde",
        "kundennr",
        "kundennummer",
        "anrufer",
        "email",
        "phone",
    ),
    "occurred_at": (
        "time:timestamp",
        "timestamp",
        "occurred",
        "created_at",
        "updated_at",
        "opened_at",
        "datetime",
        "date_time",
        "created",
        "start",
        "time",
        "date",
        "at",
    ),
    "touchpoint_id": ("event_id", "call_id", "unique id", "message_id", "id", "uuid"),
    "kind": ("concept:name", "activity", "event", "action", "state", "status", "outcome", "type", "category"),
    "issue_id": (
        "case:concept:name",
        "ticket",
        "issue",
        "incident",
        "case",
        "order_id",
        "order",
        "number",
        "dialogue",
    ),
    "channel": ("channel", "contact_type", "medium", "source"),
    "department": (
        "department",
        "assignment_group",
        "workgroup",
        "group",
        "team",
        "queue",
        "section",
        "supervisor",
    ),
    "agent": ("agent", "org:resource", "assigned_to", "server", "operator", "resource", "handled_by"),
    "wait_s": ("wait_s", "q_time", "wait_time", "waiting_time", "wait"),
    "text": ("comment", "remark", "message", "text", "note", "description"),
}


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    values: tuple[str, ...]
    format: str | None

    @property
    def place(self) -> str:
        return "{" + self.name + "}"


def suggest(sources: Sequence[Path]) -> str:
    """Return the text of a first map for a file: it parses, reads the file, and marks each guess as one.

    Parameters
    ----------
    sources
        One file; of more than one only the first is looked at.

    Returns
    -------
    str
        TOML, with a comment on each guess and the columns that are not used yet.

    Raises
    ------
    UsageError, SourceError
        When there is no file, or it cannot be read.
    """
    files = [source for source in sources if source.is_file()]
    if not files:
        raise UsageError(
            "collage read --suggest",
            f"no file in {', '.join(map(str, sources))}",
            "name a file, not a folder",
        )
    format_ = format_of(files[0])
    extra, records = _LOOKERS[format_](files[0])
    if not records:
        raise SourceError(f"read {files[0].name}", "not a single row in it", "export it again")
    names = list(dict.fromkeys(name for record in records for name in record))
    usable = {name.casefold(): name for name in reversed(names) if name.isprintable() and not re.search(r"[{}|]", name)}
    columns = {
        name: _column(name, [record.get(name) for record in records]) for name in names if name in usable.values()
    }
    return _written(files[0], extra, columns, records)


def _column(name: str, values: Sequence[str | None]) -> _Column:
    known = tuple(
        value.strip() for value in values if value is not None and value.strip() and value.strip() not in _NULLS
    )
    return _Column(name, known, _format(known))


def _format(values: Sequence[str]) -> str | None:
    """Return the format which nearly all values fit, ``iso`` for ISO 8601; None when they are no times."""
    some = values[:200]
    enough = max(1, round(_NEARLY_ALL * len(some)))
    if sum(bool(_ISO.fullmatch(value)) for value in some) >= enough:
        return "iso"
    fitting = {form: sum(_fits(value, form) for value in some) for form in _FORMATS}
    best = max(fitting, key=lambda form: fitting[form])
    return best if fitting[best] >= enough else None


def _fits(value: str, form: str) -> bool:
    try:
        datetime.strptime(value, form)  # noqa: DTZ007  # only whether it parses is asked
    except ValueError:
        return False
    return True


def _written(
    file: Path,
    extra: Sequence[str],
    columns: Mapping[str, _Column],
    records: Sequence[Mapping[str, str | None]],
) -> str:
    guess = _guesses(columns, len(records))
    at = guess.get("occurred_at")
    forms = list(dict.fromkeys(c.format for c in columns.values() if c.format not in {None, "iso"}))
    nulls = [
        "",
        *(word for word in _NULLS if any((r.get(n) or "").strip() == word for r in records for n in columns)),
    ]
    name = re.sub(r"[^a-z0-9_-]+", "-", file.name.split(".")[0].lower()).strip("-_") or "export"
    out = [
        f"# A first map for {_short(file.name)}, guessed from its first {len(records):,} rows.",
        "# Every line marked ? is a guess. Check them, then try it:",
        f"# collage read {_short(file.name)} --map THIS.toml --dry-run",
        "",
        f"name = {_toml(name)}",
        'zone = "UTC"                 # ? the zone of times without an offset',
    ]
    if forms and not (at is not None and at.format == "iso"):
        out.append(f"times = {_toml(forms)}  # ?")
    out += [f"nulls = {_toml(nulls)}  # ? texts that mean: not known", ""]
    out += [*extra, "[[rows]]", "", "[[rows.emit]]", 'into = "touchpoints"', *_emit(guess, at, len(records))]
    used = {column.name for column in guess.values()}
    out += ["", "# Columns not used yet, each with a value of it:"]
    out += [
        f"#   {_short(c.place)}  {_short(c.values[0]) if c.values else '(always empty)'}"
        for c in columns.values()
        if c.name not in used
    ]
    return "\n".join(out) + "\n"


def _emit(guess: Mapping[str, _Column], at: _Column | None, rows: int) -> Iterator[str]:
    known = {key: column.place for key, column in guess.items()}
    yield f"touchpoint_id = {_toml(known.get('touchpoint_id', '{_file}.{_row|08}'))}  # ? unique"
    who = guess.get("identifier")
    if who is None:
        yield 'identifier = "anon:{_file}.{_row|08}"  # ? no column looks like a customer: each row is somebody'
    else:
        namespace = "email" if "mail" in who.name.lower() else "phone" if "phone" in who.name.lower() else "user"
        yield f'identifier = {{ first = [{_toml(f"{namespace}:{who.place}")}, "anon:{{_file}}.{{_row|08}}"] }}  # ?'
    if at is None:
        yield "# no column looks like a time: name one, and its format (times = [...]); until then the map is refused"
        yield 'occurred_at = "{the column with the time}"'
    elif at.format == "iso":
        yield f"occurred_at = {_toml(at.place)}  # ?"
    else:
        yield f"occurred_at = {{ time = {_toml(at.place)}, formats = {_toml([at.format])} }}  # ?"
    yield from _kind(guess.get("kind"), rows)
    for key in ("channel", "department", "agent", "issue_id", "wait_s", "text"):
        if key in known:
            value = f"{{ number = {_toml(known[key])} }}" if key == "wait_s" else _toml(known[key])
            yield f"{key} = {value}  # ?"


def _kind(column: _Column | None, rows: int) -> Iterator[str]:
    words = list(dict.fromkeys(column.values)) if column is not None else []
    if column is None or len(words) > _MOST_KINDS:
        yield 'kind = "message.received"  # ? what one row is; see the vocabulary in docs/reference'
        return
    yield "# ? each text of the column is a kind of its own; put the vocabulary's word where one fits (docs/reference)"
    pairs = ", ".join(f"{_toml(word)} = {_toml(_slug(column.name, word))}" for word in words)
    value = f'{{ value = {_toml(column.place)}, map = {{ {pairs} }}, other = {{ is = "other" }} }}'
    yield f"kind = {value}" if len(column.values) == rows else f'kind = {{ first = [{value}, "other"] }}'


def _slug(name: str, word: str) -> str:
    about = "activity" if name == "concept:name" else name
    return ".".join(re.sub(r"[^a-z0-9]+", "_", part.lower()).strip("_") or "other" for part in (about, word))


def _guesses(columns: Mapping[str, _Column], rows: int) -> dict[str, _Column]:
    found: dict[str, _Column] = {}
    for key, words in _NAMES.items():
        free = [
            c
            for c in columns.values()
            if c.name not in {f.name for f in found.values()} and c.values and _suits(key, c, rows)
        ]
        best = min(free, key=lambda c: _rank(c.name, words), default=None)
        if best is None and key == "occurred_at":
            continue
        if best is not None and (_rank(best.name, words) < _NEVER or key == "occurred_at"):
            found[key] = best
    return found


_NEVER = 10_000


def _rank(name: str, words: Sequence[str]) -> int:
    low = name.lower()
    for index, word in enumerate(words):
        if low == word:
            return index
        if re.search(rf"(^|[^a-z]){re.escape(word)}([^a-z]|$)", low):
            return 100 + index
    return _NEVER


def _suits(key: str, column: _Column, rows: int) -> bool:
    if key == "occurred_at":
        return column.format is not None
    if key == "identifier" and _NOBODY.search(column.name.lower()):
        return False
    if key == "touchpoint_id":
        return len(set(column.values)) == rows
    if key == "wait_s":
        return all(re.fullmatch(r"\d+(\.\d+)?", value) for value in column.values[:200])
    return column.format is None


def _toml(value: object) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _short(value: str) -> str:
    """Return a text as it may stand in a comment: one line, not long, without what TOML takes nowhere."""
    line = re.sub(r"[\x00-\x1f\x7f]", "·", " ".join(value.split()))
    return line if len(line) <= _SHORT else f"{line[: _SHORT - 1]}…"


_Looked = tuple[list[str], list[dict[str, str | None]]]


def _look_csv(file: Path) -> _Looked:
    encoding = "utf-8"
    with opened(file) as stream:
        some = [line for line in itertools.islice(lines(stream, encoding, file), _LOOK + 1) if line.strip()]
    if any(surrogate(line) for line in some):
        encoding = "cp1252"
    first = some[0] if some else ""
    delimiter = max(",;\t|", key=lambda mark: (first.count(mark), mark == ","))
    extra = ["[tables.rows]"] if delimiter != "," or encoding != "utf-8" else []
    extra += [f"delimiter = {_toml(delimiter)}"] if delimiter != "," else []
    extra += [f"encoding = {_toml(encoding)}  # ?"] if encoding != "utf-8" else []
    source = SourceTable("rows", delimiter=delimiter, encoding=encoding)
    return [*extra, ""] if extra else [], first_rows(file, source, _LOOK)


def _look_jsonl(file: Path) -> _Looked:
    records = []
    with opened(file) as stream:
        for line in itertools.islice(lines(stream, "utf-8", file), _LOOK):
            try:
                record = json.loads(line, parse_float=str, parse_int=str, parse_constant=str)
                if isinstance(record, dict):
                    records.append(dict(_flat(record, "")))
            except (ValueError, RecursionError):
                continue
    return [], records


def _flat(record: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str | None]]:
    for key, value in record.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        elif isinstance(value, list):
            yield f"{prefix}{key}", json.dumps(value, ensure_ascii=False)
        else:
            text = str(value).lower() if isinstance(value, bool) else value
            yield f"{prefix}{key}", None if text is None else str(text).encode("utf-8", "backslashreplace").decode()


def _look_parquet(file: Path) -> _Looked:
    try:
        batch = next(pq.ParquetFile(file).iter_batches(batch_size=_LOOK), None)
        columns = {} if batch is None else dict(zip(batch.schema.names, map(_plain, batch.columns), strict=True))
    except (OSError, UnicodeError, pa.ArrowException) as error:
        found = f"no Parquet file that can be read ({' '.join(str(error).split())})"
        raise SourceError(f"read {file.name}", found, "export it again, and check that it is whole") from None
    return [], [dict(_flat(dict(zip(columns, row, strict=True)), "")) for row in zip(*columns.values(), strict=True)]


def _plain(column: pa.Array) -> list[Any]:
    """Return the values of a column; times as texts, for Python has no nanoseconds and no year 10000."""
    try:
        return list((column if pa.types.is_nested(column.type) else column.cast(pa.string())).to_pylist())
    except (ValueError, OverflowError, pa.ArrowException):
        return [None] * len(column)


def _look_xes(file: Path) -> _Looked:
    return [], [{**event} for event in first_events(file, _LOOK)]


_LOOKERS: dict[str, Callable[[Path], _Looked]] = {
    "csv": _look_csv,
    "jsonl": _look_jsonl,
    "parquet": _look_parquet,
    "xes": _look_xes,
}
