"""Keys of systems that may read about customers: made, revoked."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from collage.errors import CollageError
from collage_web.actions.auditing import note
from collage_web.records.keys import digest
from collage_web.records.models import Colleague, ReadKey

__all__ = ["ReadKeyError", "create", "revoke"]

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_HINT: Final = 4


class ReadKeyError(CollageError):
    """A key that reads cannot be as it was asked to be."""


def create(name: str, *, by: Colleague | None, now: datetime, new_key: Callable[[], str]) -> tuple[ReadKey, str]:
    """Make a key that reads.

    Parameters
    ----------
    name
        Lower-case letters, digits, ``-`` and ``_``: which system has it.
    by, now
        Who, and when.
    new_key
        Gives a key.

    Returns
    -------
    tuple of ReadKey and str
        The row, and the key, which nobody is told again: only its digest is kept.

    Raises
    ------
    ReadKeyError
        When there is, or was, one of this name, or the name is none.
    """
    asked = f"make the key {name!r}"
    if not _NAME.fullmatch(name):
        raise ReadKeyError(
            asked, _("a name of other characters"), _("use lower-case letters, digits, - and _, 40 at most")
        )
    key = new_key()
    with transaction.atomic():
        if ReadKey.objects.filter(name=name).exists():
            raise ReadKeyError(asked, _("a key of this name"), _("choose another name"))
        made = ReadKey.objects.create(
            name=name, key_digest=digest(key), key_hint=key[-_HINT:], by=by, created_at=now
        )  # fmt: skip
        note("read_key.create", name, by=by, now=now)
    return made, key


def revoke(key: ReadKey, *, by: Colleague | None, now: datetime, reason: str) -> None:
    """Answer a key no more.

    Raises
    ------
    ReadKeyError
        When it is revoked already, or no reason is given.
    """
    asked = f"revoke the key {key.name!r}"
    if not reason.strip():
        raise ReadKeyError(asked, _("no reason"), _("say why: others will want to know"))
    with transaction.atomic():
        if not ReadKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now):
            raise ReadKeyError(asked, _("one that is revoked already"), _("look at the list again"))
        note("read_key.revoke", key.name, by=by, now=now, reason=reason)
