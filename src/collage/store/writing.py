"""Writing a dataset: under a temporary name first, then renamed, so that nobody ever sees half of one."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq

from collage.errors import DatasetError
from collage.store.engine import Engine, said
from collage.tables import CONTRACTS, contract_hash

__all__ = ["in_the_way", "write_dataset"]

# what is written beside the tables
_NOTES = ("dataset.json", "read.json", "catalogue.toml")
_TRUTH = "truth/causes.json"  # what tells that a folder beside the tables was simulated with them
_SHOWN = 5
_ROWS = 122_880  # of a row group, as DuckDB has them
_NAME = 200  # of 255 bytes, so that ours fits where the folder's fits


def write_dataset(
    folder: Path,
    tables: Mapping[str, ir.Table | pa.Table],
    engine: Engine,
    *,
    notes: Mapping[str, object],
    files: Mapping[str, str | pa.Table] | None = None,
    replace: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, int]:
    """Write tables as a dataset folder.

    Parameters
    ----------
    folder
        The new dataset. It appears whole or not at all.
    tables
        Name of the table → its rows, in contract order and types. Rows that come in memory are written by one writer:
        the same rows are then the same bytes, whatever the machine.
    engine
        The DuckDB engine that holds the tables.
    notes
        Name of a JSON file → its content, such as ``{"read.json": {...}}``.
    files
        Name of a text file → its text, such as a catalogue to travel with the dataset; or of a Parquet file that is
        no table of the dataset → its rows, such as ``truth/agents.parquet``.
    replace
        Whether an existing *dataset* of this name may be replaced. Anything else in the way is never touched.
    progress
        Called with the name of each table before it is written.

    Returns
    -------
    dict
        Name of the table → its rows.

    Raises
    ------
    DatasetError
        When something else is in the way, or the place cannot be written.
    """
    in_the_way(folder, replace=replace)
    place = _place(folder)
    part = _beside(place, "part")
    made = _missing(place.parent)
    try:
        part.mkdir(parents=True)
        rows = {}
        for name, table in tables.items():
            progress(name)
            rows[name] = _write_table(table, part / f"{name}.parquet", engine)
        for name, note in {**notes, "dataset.json": _description(part, rows)}.items():
            (part / name).write_text(json.dumps(note, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        for name, content in (files or {}).items():
            _write_file(content, part / name)
        _settle(part, place)
    except (OSError, UnicodeError, duckdb.Error, pa.ArrowException) as error:
        do = "choose another place with --out, or free the disk"
        raise DatasetError(f"write the dataset {folder}", said(error), do) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
        _remove_empty(made)  # where the dataset stands in them they are not
    return rows


def in_the_way(folder: Path, *, replace: bool) -> None:
    """Refuse, before any work is done, a place that is taken.

    Parameters
    ----------
    folder
        Where a dataset is to go.
    replace
        Whether a dataset that is there may be replaced.

    Raises
    ------
    DatasetError
        When it may not, or something else is there.
    """
    do = "choose another --out; nothing was touched"
    try:
        place = _place(folder)
        if not place.exists() or (place.is_dir() and not any(place.iterdir())):
            return
        foreign = _foreign(place)
    except (OSError, RuntimeError, ValueError) as error:  # no such name, no right, a circle of links
        raise DatasetError(f"write the dataset {folder}", str(error), do) from None
    if not (place / "dataset.json").is_file():
        found = "something that is not a dataset of ours"
    elif not replace:
        found, do = "a dataset is there already", "choose another --out, or say --replace to write it anew"
    elif foreign:
        found = f"a dataset beside other things, which would be lost: {', '.join(foreign[:_SHOWN])}"
    else:
        return
    raise DatasetError(f"write the dataset {folder}", found, do)


def _beside(place: Path, ending: str) -> Path:
    """Return a hidden place of our own beside another."""
    name = os.fsencode(place.name)[:_NAME].decode(errors="ignore")
    return place.parent / f".{name}.{os.getpid()}.{ending}"


def _place(folder: Path) -> Path:
    """Return where a folder really is, links and dots followed."""
    return folder.resolve()


def _foreign(place: Path) -> list[str]:
    """Return what stands in a folder and is not written with a dataset."""
    if not place.is_dir():
        return []
    ours = {*_NOTES, *(f"{name}.parquet" for name in CONTRACTS)}
    if (place / _TRUTH).is_file():
        ours.add(Path(_TRUTH).parent.name)
    return sorted(entry.name for entry in place.iterdir() if entry.name not in ours)


def _missing(folder: Path) -> list[Path]:
    """Return the folders that have to be made before something can be put into this one, innermost first."""
    return [each for each in (folder, *folder.parents) if not each.exists()]


def _remove_empty(folders: Sequence[Path]) -> None:
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


def _write_table(table: ir.Table | pa.Table, file: Path, engine: Engine) -> int:
    if isinstance(table, pa.Table):
        return _write_rows(table, file)
    # Ibis's own to_parquet stumbles over a quote in the path
    view = engine.backend.create_view(ibis.util.gen_name("written"), table).get_name()
    engine.backend.raw_sql(f"COPY {view} TO {_quoted(str(file))} (FORMAT parquet, COMPRESSION zstd)").fetchall()
    return int(pq.read_metadata(file).num_rows)


def _write_rows(rows: pa.Table, file: Path) -> int:
    pq.write_table(rows, file, compression="zstd", row_group_size=_ROWS, store_schema=False)
    return int(rows.num_rows)


def _write_file(content: str | pa.Table, file: Path) -> None:
    file.parent.mkdir(exist_ok=True)
    if isinstance(content, str):
        file.write_text(content, encoding="utf-8")
    else:
        _write_rows(content, file)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _description(part: Path, rows: Mapping[str, int]) -> dict[str, Any]:
    sizes = {name: (part / f"{name}.parquet").stat().st_size for name in rows}
    tables = {name: {"rows": n, "files": {f"{name}.parquet": sizes[name]}} for name, n in rows.items()}
    return {"contract": contract_hash(), "tables": tables}


def _settle(part: Path, folder: Path) -> None:
    """Sync, then rename into place; an old dataset steps aside first and is removed last."""
    for path in (*part.rglob("*"), part):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    aside = _beside(folder, "old")
    if folder.exists():
        folder.rename(aside)
    try:
        part.rename(folder)
    except OSError:
        if aside.exists():
            aside.rename(folder)
        raise
    shutil.rmtree(aside, ignore_errors=True)
