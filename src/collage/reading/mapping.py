"""The map: one TOML file that says how rows of an export become rows of our tables. Data, never code."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from phonenumbers import SUPPORTED_REGIONS

from collage import conditions
from collage.conditions import Condition
from collage.errors import ConditionError, MapError
from collage.reading.forms import check_formats, check_zone, parse_value
from collage.reading.values import Number, Template, Time, Value
from collage.tables import CONTRACTS

__all__ = ["OWN", "Emit", "Join", "Map", "Section", "SourceTable", "parse_map"]

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_FORMATS = ("csv", "jsonl", "parquet", "xes")
_INTO = tuple(name for name, contract in CONTRACTS.items() if contract.readable)
OWN = ("_row", "_file")
# columns that the reader adds on its way, in any letter case
_TAKEN = re.compile(
    r"_(again|ambiguous|emit|fault|file|n|place|raw|row|section|skipped|times|wrong)|_[ego]\d+|_([djk]|once)_.*",
    re.IGNORECASE | re.DOTALL,
)
_DEEP, _DEEPEST = "forms nested too deeply", 24
_SAMPLE = "text"


@dataclass(frozen=True, slots=True)
class SourceTable:
    """One kind of file: which files it takes and how they are written."""

    name: str
    files: tuple[str, ...] = ("*",)
    format: str | None = None
    delimiter: str = ","
    quote: str = '"'
    encoding: str = "utf-8"
    header: tuple[str, ...] | None = None
    nulls: tuple[str, ...] = ("",)


@dataclass(frozen=True, slots=True)
class Join:
    """A table joined to the left of a section's rows, by `on` (here → there)."""

    table: str
    on: tuple[tuple[str, str], ...]
    first_by: tuple[Value, ...] = ()
    sums: tuple[str, ...] = ()
    count: str | None = None


@dataclass(frozen=True, slots=True)
class Emit:
    """One row of one of our tables, made of a row of the section where `when` holds."""

    into: str
    when: Condition | None
    values: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """What one row of a table is and becomes."""

    of: str
    joins: tuple[Join, ...]
    key: tuple[str, ...]
    order: tuple[Value, ...]
    derive: tuple[tuple[str, Value], ...]
    keep: Condition | None
    drop: Condition | None
    emits: tuple[Emit, ...]

    def columns(self) -> Iterator[str]:
        """Yield the columns which the section mentions and does not derive, or mentions before it derives them."""
        yield from self.key
        yield from (here for join in self.joins for here, _ in join.on)
        for value in self.order:
            yield from value.columns()
        derived = set(OWN)
        for name, value in self.derive:
            yield from (column for column in value.columns() if column not in derived)
            derived.add(name)
        for value in (value for emit in self.emits for _, value in emit.values):
            yield from (column for column in value.columns() if column not in derived)
        for condition in (self.keep, self.drop, *(emit.when for emit in self.emits)):
            if condition is not None:
                yield from (column for column in condition.columns if column not in derived)


@dataclass(frozen=True, slots=True)
class Map:
    """A whole map."""

    name: str
    zone: str
    times: tuple[str, ...]
    tables: tuple[SourceTable, ...]
    sections: tuple[Section, ...]
    region: str | None = None

    def named(self, name: str) -> Map:
        """Return the same map for a source of another name.

        Parameters
        ----------
        name
            The source: every id starts with it.

        Returns
        -------
        Map
            The same but for its name.

        Raises
        ------
        MapError
            When no source can be called so.
        """
        return replace(self, name=_source_name(name))

    def wanted(self, table: str) -> tuple[str, ...]:
        """Return the columns which the map mentions of a table of files.

        Parameters
        ----------
        table
            Name of the table of files.

        Returns
        -------
        tuple of str
            Each once, in order of mention; derived and joined columns are not among them.
        """
        found: list[str] = []
        for section in self.sections:
            joined = {join.table: join for join in section.joins}
            if section.of == table:
                found += [c for c in section.columns() if c not in OWN and c.split(".")[0] not in joined]
            if table in joined:
                found += _of_join(joined[table], section)
        return tuple(dict.fromkeys(found))


def _of_join(join: Join, section: Section) -> Iterator[str]:
    prefix = f"{join.table}."
    yield from (there for _, there in join.on)
    yield from join.sums
    for value in join.first_by:
        yield from value.columns()
    for column in section.columns():
        if column.startswith(prefix) and column != f"{prefix}{join.count}":
            yield column.removeprefix(prefix)


def parse_map(text: str, *, file: str) -> Map:
    """Return the map that a TOML text spells.

    Parameters
    ----------
    text
        The text of the file.
    file
        Its name, for messages.

    Returns
    -------
    Map
        The whole map, checked as far as it can be without a file.

    Raises
    ------
    MapError
        When the text is no TOML, a key is unknown (with the nearest known one), missing, or has a wrong value.
    """
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise MapError(f"read the map {file}", "half a character (a lone surrogate)", "write it as UTF-8 text")
    try:
        spec = tomllib.loads(text)
        _check_texts(spec, "the top", 0)
        found = _map(spec)
        _check_names(found)
    except tomllib.TOMLDecodeError as error:
        raise MapError(f"read the map {file}", f"no TOML: {error}", "correct the line named") from None
    except RecursionError:
        raise MapError(f"read the map {file}", _DEEP, "write it flatter, with [rows.derive]") from None
    except (MapError, ConditionError) as error:
        asked = error.asked.replace("read the map:", f"read the map {file}:", 1)
        raise MapError(asked, error.found, error.do) from None
    return found


def _check_texts(spec: object, where: str, depth: int) -> None:
    """Refuse what no form can mean: a NUL in a text, and nesting so deep that no engine follows."""
    if depth > _DEEPEST:
        raise MapError(f"read the map: {where}", _DEEP, "write it flatter, with [rows.derive]")
    if isinstance(spec, str) and "\0" in spec:
        raise MapError(f"read the map: {where}", f"{spec!r}, which holds a NUL character", "take it out")
    if isinstance(spec, Mapping):
        for key, value in spec.items():
            _check_texts(key, where, depth)
            _check_texts(value, f"{where}.{key}" if depth else str(key), depth + 1)
    if isinstance(spec, list):
        for index, item in enumerate(spec, 1):
            _check_texts(item, f"{where} {index}", depth + 1)


def _check_names(found: Map) -> None:
    """Refuse columns that could not stand side by side, or among our own."""
    for name in (table.name for table in found.tables):
        _check_apart(found.wanted(name), f"the columns of {name}", "rename one in the export")
    for index, section in enumerate(found.sections, 1):
        _check_apart([name for name, _ in section.derive], f"rows {index}.derive", "rename one")


def _check_apart(names: Iterable[str], where: str, do: str) -> None:
    folded: dict[str, str] = {}
    for name in names:
        if _TAKEN.fullmatch(name):
            raise MapError(f"read the map: {where}", f"{name!r}, a name of our own", "rename it")
        other = folded.setdefault(name.casefold(), name)
        if other != name:
            raise MapError(f"read the map: {where}", f"{other!r} and {name!r}, which only letter case tells apart", do)


def _map(spec: Mapping[str, Any]) -> Map:
    _known(spec, ("name", "zone", "times", "region", "nulls", "language", "tables", "rows"), "the top")
    name = _source_name(spec.get("name"))
    zone = check_zone(spec.get("zone", "UTC"), "zone")
    formats = check_formats(spec["times"], "times") if "times" in spec else ()
    nulls = _texts(spec.get("nulls", [""]), "nulls")
    tables = spec.get("tables", {"rows": {}})
    if not isinstance(tables, Mapping) or not tables:
        raise MapError(
            "read the map: tables",
            f"{tables!r}",
            "write [tables.NAME] for each kind of file, or leave it out",
        )
    sources = tuple(_table(key, _table_of(value, f"tables.{key}"), nulls) for key, value in tables.items())
    rows = spec.get("rows")
    if not isinstance(rows, list) or not rows:
        raise MapError("read the map: rows", "no section", "write at least one [[rows]] with a [[rows.emit]]")
    names = [source.name for source in sources]
    sections = tuple(_section(_table_of(s, f"rows {i}"), f"rows {i}", names) for i, s in enumerate(rows, 1))
    idle = set(names) - {s.of for s in sections} - {j.table for s in sections for j in s.joins}
    if idle:
        raise MapError(
            "read the map: tables",
            f"{', '.join(sorted(idle))}, which no section reads or joins",
            "use it or leave it out",
        )
    return Map(name, zone, formats, sources, sections, _region(spec.get("region")))


def _source_name(name: object) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        do = 'name the source in lower-case letters, digits, "-" and "_": name = "helpline"'
        raise MapError("read the map: name", "no name" if name is None else f"{name!r}", do)
    return name


def _region(value: object) -> str | None:
    if value is not None and (not isinstance(value, str) or value not in SUPPORTED_REGIONS):
        do = 'give the two letters of a country (ISO 3166-1), in capitals: region = "DE"; the United Kingdom is GB'
        raise MapError("read the map: region", f"{value!r}", do)
    return value


def _table(name: str, spec: Mapping[str, Any], nulls: tuple[str, ...]) -> SourceTable:
    where = f"tables.{name}"
    _known(spec, ("files", "format", "delimiter", "quote", "encoding", "header", "nulls"), where)
    if not _NAME.fullmatch(name):
        raise MapError(f"read the map: {where}", f"the name {name!r}", 'use lower-case letters, digits, "-" and "_"')
    if spec.get("format") is not None and str(spec["format"]) not in _FORMATS:
        raise MapError(f"read the map: {where}.format", f"{spec['format']!r}", f"the formats are {', '.join(_FORMATS)}")
    for key, lengths in (("delimiter", {1}), ("quote", {0, 1})):
        if key in spec and (
            not isinstance(spec[key], str) or len(spec[key].encode()) not in lengths or spec[key] in {"\n", "\r"}
        ):
            raise MapError(f"read the map: {where}.{key}", f"{spec[key]!r}", "give one plain character")
    delimiter, quote = spec.get("delimiter", ","), spec.get("quote", '"')
    if delimiter == quote:
        raise MapError(f"read the map: {where}.quote", f"{quote!r}, the delimiter", "give another character")
    encoding = str(spec.get("encoding", "utf-8"))
    try:
        _SAMPLE.encode(encoding).decode(encoding, "surrogateescape")
    except (LookupError, ValueError):
        raise MapError(
            f"read the map: {where}.encoding", f"{encoding!r}", "give one such as utf-8, cp1252, utf-16"
        ) from None
    header = _texts(spec["header"], f"{where}.header") if "header" in spec else None
    files = _texts(spec.get("files", "*"), f"{where}.files")
    own = _texts(spec["nulls"], f"{where}.nulls") if "nulls" in spec else nulls
    return SourceTable(
        name,
        files,
        spec.get("format"),
        delimiter,
        quote,
        encoding,
        header,
        own,
    )


def _section(spec: Mapping[str, Any], where: str, tables: Sequence[str]) -> Section:
    _known(spec, ("of", "join", "key", "order", "keep", "drop", "derive", "common", "emit"), where)
    of = spec.get("of", tables[0] if len(tables) == 1 else None)
    _one_of(of, tables, f"{where}.of", "table")
    others = [name for name in tables if name != of]
    derive = _table_of(spec.get("derive", {}), f"{where}.derive")
    joins = tuple(_join(_table_of(j, f"{where}.join"), f"{where}.join", others) for j in _list(spec, "join", where))
    twice = next((name for name in others if [join.table for join in joins].count(name) > 1), None)
    if twice is not None:
        raise MapError(f"read the map: {where}.join", f"the table {twice} twice", "join it once, by all its columns")
    section = Section(
        of=str(of),
        joins=joins,
        key=_texts(spec["key"], f"{where}.key") if "key" in spec else (),
        order=tuple(_order(v, f"{where}.order") for v in _list(spec, "order", where)),
        derive=tuple((str(n), parse_value(v, f"{where}.derive.{n}", derive=True)) for n, v in derive.items()),
        keep=_condition(spec, "keep", where),
        drop=_condition(spec, "drop", where),
        emits=_emits(spec, where),
    )
    _check_derived(section, derive, where)
    return section


def _emits(spec: Mapping[str, Any], where: str) -> tuple[Emit, ...]:
    common = _table_of(spec.get("common", {}), f"{where}.common")
    emits = [_table_of(e, f"{where}, emit {i}") for i, e in enumerate(_list(spec, "emit", where), 1)]
    if not emits:
        raise MapError(f"read the map: {where}", "no emit", "write at least one [[rows.emit]]")
    found = tuple(_emit(emit, common, f"{where}, emit {i}") for i, emit in enumerate(emits, 1))
    lost = [name for name in common if not any(name in CONTRACTS[emit.into].names for emit in found)]
    if lost:
        do = "no emit's table has such a column; correct the name"
        raise MapError(f"read the map: {where}.common", f"the key {lost[0]}", do)
    return found


def _condition(spec: Mapping[str, Any], key: str, where: str) -> Condition | None:
    return conditions.parse(spec[key], where=f"read the map: {where}.{key}") if key in spec else None


def _check_derived(section: Section, derive: Mapping[str, Any], where: str) -> None:
    forms = {"changed", "previous", "first_of_key", "row_number"}
    needs = [name for name, v in derive.items() if isinstance(v, Mapping) and forms & set(v)]
    if needs and not section.key:
        do = 'say which rows belong together: key = ["number"], and in which order: order = […]'
        raise MapError(f"read the map: {where}.derive.{needs[0]}", "no key in this section", do)
    taken = [name for name in derive if name in OWN or "." in name]
    if taken:
        raise MapError(
            f"read the map: {where}.derive.{taken[0]}",
            "a name that is taken or holds a dot",
            "choose another name",
        )


def _join(spec: Mapping[str, Any], where: str, tables: Sequence[str]) -> Join:
    _known(spec, ("table", "on", "first_by", "sum", "count"), where)
    _one_of(spec.get("table"), tables, f"{where}.table", "other table")
    on = spec.get("on")
    if isinstance(on, Mapping) and on:
        pairs = tuple((str(here), str(there)) for here, there in on.items())
    else:
        pairs = tuple((name, name) for name in _texts(on, f"{where}.on"))
    first_by = tuple(_order(v, f"{where}.first_by") for v in _list(spec, "first_by", where))
    sums = _texts(spec["sum"], f"{where}.sum") if "sum" in spec else ()
    count = spec.get("count")
    if count is not None and not isinstance(count, str):
        raise MapError(f"read the map: {where}.count", f"{count!r}", 'name the column that shall hold it: count = "n"')
    if count in sums or (count is not None and _TAKEN.fullmatch(count)):
        raise MapError(f"read the map: {where}.count", f"{count!r}, a name that is taken", "choose another name")
    return Join(str(spec["table"]), pairs, first_by, sums, count)


def _emit(spec: Mapping[str, Any], common: Mapping[str, Any], where: str) -> Emit:
    into = spec.get("into")
    _one_of(into, _INTO, f"{where}.into", "table")
    contract = CONTRACTS[str(into)]
    _known(spec, ("into", "when", *contract.names), where)
    columns = {**{k: v for k, v in common.items() if k in contract.names}, **spec}
    values = tuple(
        (name, parse_value(columns[name], f"{where}.{name}", whole_object=name == "properties"))
        for name in contract.names
        if name in columns
    )
    missing = [c.name for c in contract.columns if c.required and c.name not in columns]
    if missing:
        raise MapError(f"read the map: {where}", f"no {', '.join(missing)}", f"every row of {into} needs it")
    return Emit(str(into), _condition(spec, "when", where), values)


def _order(spec: object, where: str) -> Value:
    if isinstance(spec, str) and "{" not in spec:
        return Template(((spec, 0),))
    value = parse_value(spec, where)
    if isinstance(value, Time | Number | Template):
        return value
    raise MapError(
        f"read the map: {where}",
        f"{spec!r}",
        'order by a column name, { time = "{at}" } or { number = "{n}" }',
    )


def _known(spec: Mapping[str, Any], keys: Sequence[str], where: str) -> None:
    for key in spec:
        if key not in keys:
            near = difflib.get_close_matches(str(key), keys, n=1)
            do = f"did you mean {near[0]}?" if near else f"the keys are: {', '.join(keys)}"
            raise MapError(f"read the map: {where}", f"the key {key!r}, which is unknown here", do)


def _one_of(name: object, known: Sequence[str], where: str, what: str) -> None:
    if name not in known:
        near = difflib.get_close_matches(str(name), known, n=1)
        do = f"did you mean {near[0]}?" if near else f"name one of: {', '.join(known)}"
        if not known:
            do = "add [tables.NAME] for the file that is to be joined"
        raise MapError(
            f"read the map: {where}",
            "nothing" if name is None else f"{name!r}, which is no {what} of this map",
            do,
        )


def _texts(value: object, where: str) -> tuple[str, ...]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not listed or not all(isinstance(item, str) for item in listed):
        raise MapError(f"read the map: {where}", f"{value!r}", 'give a text or a list of texts: ["a", "b"]')
    return tuple(listed)


def _list(spec: Mapping[str, Any], key: str, where: str) -> list[Any]:
    value = spec.get(key, [])
    if not isinstance(value, list):
        raise MapError(f"read the map: {where}.{key}", f"{value!r}", f"give a list: {key} = [ … ]")
    return value


def _table_of(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise MapError(f"read the map: {where}", f"{value!r}", "write a table of keys")
    return value
