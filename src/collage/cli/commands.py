"""What each command does: opens, calls the rooms, prints."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collage.cli.opening import opened, running, text_of
from collage.cli.printing import SHOWN, at_work, plain, print_table, say, show
from collage.errors import CatalogueError, MapError, UsageError

if TYPE_CHECKING:
    from collage.reading import Reading
    from collage.store import Engine

__all__ = ["check", "read"]

_REASONS = 10


def read(arguments: argparse.Namespace) -> None:
    """Read exports through a map into a dataset; or suggest a map; or only try."""
    from collage import customers, reading, store

    if arguments.suggest:
        show(reading.suggest(arguments.sources).rstrip("\n"))
        return
    _check_usage(arguments)
    map_ = reading.parse_map(text_of(arguments.map, MapError), file=str(arguments.map))
    files = _travelling(arguments.catalogue)
    if not arguments.dry_run:
        store.in_the_way(arguments.out, replace=arguments.replace)
    with running("duckdb") as engine:
        with at_work() as step:
            now = arguments.now or datetime.now(UTC)
            # whoever only tries a map wants to see what is wrong with it
            bad = 1.0 if arguments.dry_run else arguments.max_bad
            writing = customers.in_normal_form
            found = reading.read(
                engine.backend, arguments.sources, map_, now=now, max_bad=bad, normalise=writing, progress=step
            )
            if not arguments.dry_run:
                tables = {**found.tables, "quarantine": found.quarantine}
                notes, again = {"read.json": found.note()}, arguments.replace
                store.write_dataset(
                    arguments.out, tables, engine, notes=notes, files=files, replace=again, progress=step
                )
        _tell_counts(found)
        if arguments.dry_run:
            _show_rows(found, engine)
            _tell_refusal(found, arguments.max_bad)
        else:
            say(f"Written to {arguments.out}.")


def check(arguments: argparse.Namespace) -> None:
    """Check a dataset at the door and show what is in it."""
    from collage import touchpoints

    with opened(arguments.dataset, "duckdb", trust=False) as dataset:
        tables = {name: asdict(checked) for name, checked in dataset.checked.items()}
        found = touchpoints.summary(dataset.table("touchpoints")) if "touchpoints" in dataset.files else None
    if arguments.format == "json":
        whole = {"tables": tables, "touchpoints": asdict(found) if found else None}
        show(dumps(whole, indent=1, default=plain, ensure_ascii=False))
        return
    for name, checked in tables.items():
        show(f"{name}: {checked['rows']:,} rows ({'; '.join(_door_notes(checked))})")
    if found is None or found.first_at is None or found.last_at is None:
        return
    span = f"{found.first_at:%d %b %Y} to {found.last_at:%d %b %Y}"
    show(f"touchpoints of {found.identifiers:,} identifiers and {found.issues:,} issues, {span}")
    print_table(
        ["kind", "touchpoints", "in the vocabulary"], [[k, f"{n:,}", _is_known(k)] for k, n in found.kinds.items()]
    )
    if found.unknown_channels:
        show(f"channels that are not in the vocabulary: {', '.join(found.unknown_channels)}")


def _check_usage(arguments: argparse.Namespace) -> None:
    missing = "--map" if arguments.map is None else "--out (or --dry-run)"
    if arguments.map is None or (arguments.out is None and not arguments.dry_run):
        do = "collage read SOURCE… --map MAP.toml --out DATASET; --suggest prints a first map"
        raise UsageError("collage read", f"no {missing}", do)
    if not 0 <= arguments.max_bad <= 1:
        raise UsageError("collage read --max-bad", f"{arguments.max_bad}", "give a share from 0 to 1, such as 0.05")


def _travelling(catalogue: Path | None) -> dict[str, str]:
    """Return the catalogue that is to travel with the dataset, once it has been checked."""
    from collage import experience

    if catalogue is None:
        return {}
    text = text_of(catalogue, CatalogueError)
    experience.load(text, file=str(catalogue))
    return {"catalogue.toml": text}


def _tell_counts(found: Reading) -> None:
    for name, count in found.files.items():
        parts = f"{count.used:,} used + {count.filtered:,} filtered + {count.quarantined:,} quarantined"
        say(f"{name}: {count.rows:,} rows = {parts}")
    for name, table in found.counts.items():
        more = f" written + {table.duplicates:,} duplicates = {table.emitted:,} emitted"
        say(f"{name}: {table.written:,}{more if table.duplicates else ''}")
    if found.ambiguous_times or found.skipped_times:
        ambiguous = f"{found.ambiguous_times:,} with an ambiguous one (the earlier taken)"
        say(f"rows with local times: {ambiguous}, {found.skipped_times:,} with a skipped one (moved forward)")
    for reason in found.reasons[:_REASONS]:
        value = "" if reason["found"] is None else f"{str(reason['found'])[:80]!r} "
        place = f"first in {reason['file']} row {reason['first_row']}"
        say(f"  quarantined {reason['rows']:,}: {reason['column'] or 'the row'} {value}{reason['reason']}; {place}")
    if found.left_alone:
        say(f"left alone, no table of the map takes them: {', '.join(found.left_alone)}")


def _tell_refusal(found: Reading, max_bad: float) -> None:
    """Say whether reading in earnest would be refused."""
    for name, count in found.files.items():
        if count.quarantined > max_bad * count.rows:
            share = (
                f"{count.quarantined:,} of {count.rows:,} rows of {name} are bad ({count.quarantined / count.rows:.1%})"
            )
            say(f"In earnest this may be refused: {share}, {max_bad:.1%} are allowed (--max-bad).")


def _show_rows(found: Reading, engine: Engine) -> None:
    """Print what became of the first rows of each file."""
    for name, table in found.placed.items():
        places = table.select("_file", "_row").distinct().order_by("_file", "_row").limit(SHOWN)
        first = table.semi_join(places, ["_file", "_row"]).order_by("_file", "_row", "_section", "_emit")
        show(f"\n{name}, of the first {SHOWN} rows that make one:")
        for row in engine.backend.to_pyarrow(first).to_pylist():
            known = {key: value for key, value in row.items() if value is not None and not key.startswith("_")}
            told = ", ".join(f"{key} = {plain(value)}" for key, value in known.items())
            show(f"  {row['_file']} {row['_row']}: {told}")


def _door_notes(checked: Mapping[str, Any]) -> list[str]:
    notes = ["as written by collage read" if checked["verified"] else "checked row by row"]
    if checked["duplicates"]:
        notes.append(f"{checked['duplicates']:,} duplicates dropped")
    if checked["unknown"]:
        notes.append(f"unknown columns: {', '.join(checked['unknown'])}")
    return notes


def _is_known(kind: str) -> str:
    from collage.touchpoints import KINDS, nearest

    if kind in KINDS:
        return "yes"
    near = nearest(kind, KINDS)
    return f"no; {near}?" if near else "no"
