"""Files: kept, looked at, tried, taken in by the worker, taken out again."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import Error, transaction
from django.utils.translation import gettext as _

from collage.errors import CollageError
from collage.reading import Reading
from collage_web.actions.auditing import note
from collage_web.actions.importing import remove, store
from collage_web.bridge.files import Preview, preview, read_parts, reading_of
from collage_web.bridge.mapped import map_of
from collage_web.records.models import Colleague, Source, Upload

__all__ = ["MOST_BYTES", "UploadError", "begin", "discard", "keep", "look_at", "quarantined", "take_next"]

MOST_BYTES: Final = 2 * 2**30
_TOLD_EACH_S: Final = 0.5
_NAME: Final = 200
_log = structlog.get_logger()


class UploadError(CollageError):
    """A file cannot be taken in as it was asked."""


def _place(upload: Upload, ending: str = "") -> Path:
    return Path(settings.VAR) / "uploads" / f"{upload.kept_as}{ending}"


def keep(source: Source, name: str, parts: Iterable[bytes], *, by: Colleague, now: datetime) -> Upload:
    """Keep a file, to be looked at.

    Parameters
    ----------
    source
        Of kind ``files``, or any with a map for files.
    name
        As it is called where it comes from.
    parts
        Its bytes.
    by, now
        Who, and when.

    Raises
    ------
    UploadError
        When it has no bytes or too many, or nothing can be kept.
    """
    name = Path(name.replace("\\", "/")).name[-_NAME:]
    asked = f"keep the file {name}"
    upload = Upload(
        source=source, file=name, kept_as=secrets.token_hex(16), state=Upload.State.NEW, by=by, created_at=now
    )
    place, size = _place(upload), 0
    try:
        place.parent.mkdir(mode=0o700, exist_ok=True)
        with place.open("wb") as file:
            for part in parts:
                size += len(part)
                if size > MOST_BYTES:
                    break
                file.write(part)
    except OSError as error:
        place.unlink(missing_ok=True)
        raise UploadError(asked, str(error), _("free the disk, or ask whoever runs the server")) from error
    if not 0 < size <= MOST_BYTES:
        place.unlink(missing_ok=True)
        if not size:
            raise UploadError(asked, _("no bytes"), _("export it again"))
        raise UploadError(
            asked,
            _("more than %(n)s MiB") % {"n": f"{MOST_BYTES // 2**20:,}"},
            _("cut it, or use `collage read` and `collage import`"),
        )
    upload.save()
    return upload


def look_at(upload: Upload, *, now: datetime) -> Preview:
    """Return what the first lines of a file would become.

    Raises
    ------
    CollageError
        When its map or the file will not do.
    """
    return preview(_place(upload), upload.file, _map(upload), now=now)


def _map(upload: Upload) -> Any:
    source = upload.source
    if source is None:
        raise UploadError(f"read {upload.file}", _("no source"), _("upload it again"))
    return map_of(source.name, source.kind, source.map)


def begin(upload: Upload, *, try_only: bool, by: Colleague, now: datetime) -> None:
    """Let the worker take a file in, or only try to.

    Raises
    ------
    UploadError
        When it is at it, or has done it.
    """
    may = (Upload.State.NEW, Upload.State.TRIED, Upload.State.FAILED)
    with transaction.atomic():
        begun = Upload.objects.filter(pk=upload.pk, state__in=may).exclude(kept_as="")
        if not begun.update(state=Upload.State.WAITING, try_only=try_only, problem="", rows=0, done=0, counts={}):
            raise UploadError(
                f"take {upload.file} in",
                _("it is %(state)s") % {"state": upload.get_state_display()},
                _("upload it again"),
            )
        note("upload.try" if try_only else "upload.begin", f"upload {upload.pk}", by=by, now=now)


def discard(upload: Upload) -> None:
    """Remove a file that was not taken in."""
    if Upload.objects.filter(
        pk=upload.pk, state__in=(Upload.State.NEW, Upload.State.TRIED, Upload.State.FAILED)
    ).delete()[0]:
        for ending in ("", ".quarantine"):
            _place(upload, ending).unlink(missing_ok=True)


def quarantined(upload: Upload) -> Path | None:
    """Return the file of what was set aside, a JSON object a line; None: nothing was."""
    place = _place(upload, ".quarantine")
    return place if upload.kept_as and place.exists() else None


def take_next(*, clock: Callable[[], datetime]) -> bool:
    """Take the next file in that waits; return whether there was one.

    Only who holds the lease of uploads may ask. So one that is running was begun by somebody who died: what is stored
    of it goes, and it begins anew.
    """
    upload = (
        Upload.objects.filter(state__in=(Upload.State.WAITING, Upload.State.RUNNING))
        .exclude(kept_as="")
        .order_by("id")
        .first()
    )
    if upload is None:
        return False
    if upload.state == Upload.State.RUNNING:
        remove(upload)
    Upload.objects.filter(pk=upload.pk).update(state=Upload.State.RUNNING)
    try:
        counts, rows, done = _taken(upload, clock=clock)
    except Error:  # the database is not to be had: the file waits
        raise
    except Exception as error:  # noqa: BLE001  # whatever it is, the next file is taken in
        remove(upload)
        problem = (
            str(error) if isinstance(error, CollageError) else "a mistake of ours: tell your administrator the time"
        )
        Upload.objects.filter(pk=upload.pk).update(
            state=Upload.State.FAILED, problem=problem, ended_at=clock(), step=""
        )
        _log.error("upload.failed", upload=upload.pk, kind=type(error).__name__)  # no text of it
        return True
    state = Upload.State.TRIED if upload.try_only else Upload.State.DONE
    Upload.objects.filter(pk=upload.pk).update(
        state=state, counts=counts, rows=rows, done=done, ended_at=clock(), step=""
    )
    if not upload.try_only:
        _place(upload).unlink(missing_ok=True)
    return True


def _taken(upload: Upload, *, clock: Callable[[], datetime]) -> tuple[dict[str, Any], int, int]:
    """Read a file and store what it becomes, and return the counts."""
    named = _place(upload, ".d") / upload.file  # the map goes by the name
    named.parent.mkdir(exist_ok=True)
    named.unlink(missing_ok=True)
    named.symlink_to(_place(upload))
    done = 0
    try:
        with reading_of(named, _map(upload), now=clock(), progress=_telling(upload)) as (found, engine):
            _set_aside(upload, found, engine)
            counts = found.note()
            rows = sum(count.rows for count in found.files.values())
            if not upload.try_only:
                stored = store(read_parts(found, engine), upload, progress=_telling(upload))
                done = sum(seen["new"] for seen in stored.values())
                with transaction.atomic():
                    note(
                        "upload", f"upload {upload.pk}", by=upload.by, now=clock(), details={"rows": rows, "new": done}
                    )
    finally:
        named.unlink(missing_ok=True)
        named.parent.rmdir()
    counts["quarantine"] = counts["quarantine"][:50]
    return counts, rows, done


def _set_aside(upload: Upload, found: Reading, engine: Any) -> None:
    place = _place(upload, ".quarantine")
    place.unlink(missing_ok=True)
    rows = engine.backend.to_pyarrow(found.quarantine).to_pylist()
    if rows:
        place.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def _telling(upload: Upload) -> Callable[[str], None]:
    """Return a function that tells how far it is, to whoever looks at the page."""
    last = 0.0

    def told(step: str) -> None:
        nonlocal last
        if time.monotonic() - last >= _TOLD_EACH_S:
            last = time.monotonic()
            Upload.objects.filter(pk=upload.pk).update(step=step[:120])

    return told
