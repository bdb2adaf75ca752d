"""Many facts at once: a dataset folder is taken in, and can be taken out again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

import pyarrow as pa
from django.db import transaction

from collage_web.actions.auditing import note
from collage_web.actions.identifying import touched
from collage_web.bridge import snapshot
from collage_web.bridge.arrows import WHO, as_tuples, who_of
from collage_web.records import bulk
from collage_web.records.models import Colleague, Correction, Promise, Touchpoint, Upload

__all__ = ["remove", "store", "take_in", "take_out"]

_WRITTEN: Final = 5_000  # rows in one transaction


def take_in(
    folder: Path, *, by: Colleague | None, now: datetime, progress: Callable[[str], None] = lambda _: None
) -> Upload:
    """Store the tables of a dataset folder; what is there already (by its id) is left as it is.

    Marks are derived by the worker, or by whoever calls `derive` next.

    Parameters
    ----------
    folder
        The dataset.
    by, now
        Who, and when.
    progress
        Told what is being done.

    Returns
    -------
    Upload
        Its `counts` say how many rows of each table there were, and how many were new.

    Raises
    ------
    DatasetError, ContractError
        When the folder is no dataset: nothing was stored.
    """
    upload = Upload.objects.create(file=folder.name, by=by, created_at=now)
    try:
        counts = store(snapshot.of_folder(folder, progress=progress), upload, progress=progress)
        bulk.analyze()
        upload.rows = sum(seen["rows"] for seen in counts.values())
        upload.done = sum(seen["new"] for seen in counts.values())
        upload.state, upload.counts, upload.ended_at = Upload.State.DONE, counts, now
        with transaction.atomic():
            upload.save()
            note("import", f"upload {upload.pk}", by=by, now=now, details=counts)
    except BaseException:
        remove(upload)
        Upload.objects.filter(pk=upload.pk).update(state=Upload.State.FAILED, ended_at=now)
        raise
    return upload


def store(
    parts: Iterable[tuple[str, pa.Table]], upload: Upload, *, progress: Callable[[str], None]
) -> dict[str, dict[str, int]]:
    """Store tables that come in parts, in short transactions: whoever else writes waits no longer than one takes.

    Returns
    -------
    dict
        Name of each table → how many rows there were, and how many of them were new.
    """
    counts: dict[str, dict[str, int]] = {}
    for name, part in parts:
        seen = counts.setdefault(name, {"rows": 0, "new": 0})
        for first in range(0, part.num_rows, _WRITTEN):
            with transaction.atomic():
                seen["new"] += _add(name, part.slice(first, _WRITTEN), upload)
        seen["rows"] += part.num_rows
        progress(f"{seen['rows']:,} {name}")
    return counts


def _add(name: str, part: pa.Table, upload: Upload) -> int:
    """Store rows of a table, and note whom they are about as touched."""
    model, columns = snapshot.TABLES[name], list(part.column_names)
    rows = as_tuples(part)
    if issubclass(model, Correction):
        n = bulk.add(model, columns, rows)
        who = _corrected(set(part["touchpoint_id"].to_pylist()))
    else:
        n = bulk.add(model, [*columns, "upload_id"], [(*row, upload.pk) for row in rows])
        who = {each for column in columns if column in WHO for each in part[column].to_pylist()}
    touched(who)
    return n


def _corrected(touchpoints: set[str]) -> set[str]:
    """Return whose touchpoints these are; those that promises become are known by the promise alone."""
    promises = {each.removeprefix("promise:").rpartition(":")[0] for each in touchpoints if each.startswith("promise:")}
    about = bulk.within(Touchpoint, ("identifier",), "touchpoint_id", touchpoints)
    about += bulk.within(Promise, ("identifier",), "promise_id", promises)
    return {identifier for (identifier,) in about}


def take_out(upload: Upload, *, by: Colleague, now: datetime, reason: str) -> int:
    """Take out again what an import brought; return how many rows.

    Corrections that came with it stay: they are about touchpoints that may have come otherwise.
    """
    gone = remove(upload)
    with transaction.atomic():
        Upload.objects.filter(pk=upload.pk).update(state=Upload.State.UNDONE, ended_at=now)
        note("import.undo", f"upload {upload.pk}", by=by, now=now, reason=reason, details={"rows": gone})
    return gone


def remove(upload: Upload) -> int:
    """Remove the rows that an import brought, and note whom they were about as touched; return how many."""
    gone = 0
    for model in (model for model in snapshot.TABLES.values() if model is not Correction):
        while rows := bulk.rows(model, ("id", *who_of(model)), "WHERE upload_id = %s LIMIT %s", [upload.pk, _WRITTEN]):
            with transaction.atomic():
                touched(identifier for row in rows for identifier in row[1:])
                bulk.delete(model, "id", [row[0] for row in rows])
            gone += len(rows)
    return gone
