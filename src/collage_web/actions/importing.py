"""Many facts at once: a dataset folder is taken in, and can be taken out again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

import pyarrow as pa
from django.db import connection, transaction

from collage_web.actions.auditing import note
from collage_web.bridge import snapshot
from collage_web.bridge.arrows import as_tuples
from collage_web.records import bulk
from collage_web.records.models import Colleague, Correction, Stale, Touchpoint, Upload

__all__ = ["take_in", "take_out"]

_WHO: Final = ("identifier", "one", "other")


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
    counts: dict[str, dict[str, int]] = {}
    try:
        with transaction.atomic():
            for name, part in snapshot.of_folder(folder, progress=progress):
                seen = counts.setdefault(name, {"rows": 0, "new": 0})
                seen["rows"] += part.num_rows
                seen["new"] += _added(name, part, upload)
                progress(f"{seen['rows']:,} {name}")
            upload.rows = sum(seen["rows"] for seen in counts.values())
            upload.done = sum(seen["new"] for seen in counts.values())
            upload.state, upload.counts, upload.ended_at = Upload.State.DONE, counts, now
            upload.save()
            note("import", f"upload {upload.pk}", by=by, now=now, details=counts)
    except BaseException:
        Upload.objects.filter(pk=upload.pk).update(state=Upload.State.FAILED, ended_at=now)
        raise
    return upload


def _added(name: str, part: pa.Table, upload: Upload) -> int:
    """Store rows of a table, and note whom they are about as touched."""
    model, columns = snapshot.TABLES[name], list(part.column_names)
    rows = as_tuples(part)
    if issubclass(model, Correction):
        n = bulk.add(model, columns, rows)
        about = bulk.within(Touchpoint, ("identifier",), "touchpoint_id", set(part["touchpoint_id"].to_pylist()))
        who = {identifier for (identifier,) in about}
    else:
        n = bulk.add(model, [*columns, "upload_id"], [(*row, upload.pk) for row in rows])
        who = {each for column in columns if column in _WHO for each in part[column].to_pylist()}
    bulk.add(Stale, ("identifier",), [(each,) for each in sorted(who)])
    return n


def take_out(upload: Upload, *, by: Colleague, now: datetime, reason: str) -> int:
    """Take out again what an import brought; return how many rows.

    Corrections that came with it stay: they are about touchpoints that may have come otherwise.
    """
    gone = 0
    with transaction.atomic():
        for model in (model for model in snapshot.TABLES.values() if model is not Correction):
            who = [name for name in _WHO if name in {field.name for field in model._meta.get_fields()}]  # noqa: SLF001  # Django's public way to it
            table = bulk.table(model)
            for column in who:
                with connection.cursor() as cursor:
                    cursor.execute(
                        f"INSERT INTO {bulk.table(Stale)} (identifier) SELECT DISTINCT {bulk.names([column])} "  # noqa: S608  # names of our own
                        f"FROM {table} WHERE upload_id = %s",
                        [upload.pk],
                    )
            with connection.cursor() as cursor:
                cursor.execute(f"DELETE FROM {table} WHERE upload_id = %s", [upload.pk])  # noqa: S608  # as above
                gone += cursor.rowcount
        Upload.objects.filter(pk=upload.pk).update(state=Upload.State.UNDONE, ended_at=now)
        note("import.undo", f"upload {upload.pk}", by=by, now=now, reason=reason, details={"rows": gone})
    return gone
