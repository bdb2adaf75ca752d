"""What arrived: from which source, as it came, and what became of it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from collage_web.records.models.colleagues import Colleague

__all__ = ["Arrival", "Source", "SourceHour", "Upload"]


class Source(models.Model):
    """A system that tells us what happened. Its name is the first part of all ids that come from it."""

    class Kind(models.TextChoices):
        """How it speaks."""

        SEGMENT = "segment", _("Segment-compatible")
        NATIVE = "native", _("Collage's own API")
        FILES = "files", _("files")

    name = models.SlugField(_("name"), max_length=40, unique=True)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices)
    key_digest = models.CharField(max_length=64, unique=True, null=True)  # unique where there is one
    key_hint = models.CharField(max_length=8, blank=True)
    map = models.TextField(_("map"), blank=True)  # empty: the ready one of its kind
    origins = models.TextField(_("web pages that may send"), blank=True)  # one a line; empty: any
    rate = models.PositiveIntegerField(_("requests a second"), default=200)
    most_bytes = models.PositiveIntegerField(_("bytes of one touchpoint"), default=32 * 1024)
    quiet_after_s = models.PositiveIntegerField(_("seconds until silence is odd"), null=True, blank=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        """Order in lists."""

        ordering: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        """Return the name."""
        return self.name


class SourceHour(models.Model):
    """What came of what a source sent within an hour: the sum over all rows of that hour.

    Whoever counts has a row of its own, by `writer`: transactions that changed the same row would wait for one
    another's commit. A single row may be below zero, where what one has counted another counts differently.
    """

    source = models.ForeignKey(Source, models.CASCADE, related_name="hours")
    hour = models.DateTimeField()
    writer = models.SmallIntegerField(default=0)
    accepted = models.BigIntegerField(default=0)
    duplicate = models.BigIntegerField(default=0)
    quarantined = models.BigIntegerField(default=0)
    refused = models.BigIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        """One row a source, hour and writer."""

        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["source", "hour", "writer"], name="source_hour_once"),
        ]


class Upload(models.Model):
    """A file or a dataset folder whose rows were taken in at once, and can be taken out again."""

    class State(models.TextChoices):
        """How far it is."""

        NEW = "new", _("to be looked at")
        WAITING = "waiting", _("waiting")
        TRIED = "tried", _("tried, nothing stored")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        UNDONE = "undone", _("undone")

    source = models.ForeignKey(Source, models.PROTECT, null=True, related_name="uploads")
    file = models.CharField(max_length=255)
    kept_as = models.CharField(max_length=40, blank=True)  # under VAR/uploads; empty: nothing is kept of it
    try_only = models.BooleanField(default=False)
    state = models.CharField(max_length=16, choices=State.choices, default=State.RUNNING)
    rows = models.PositiveBigIntegerField(default=0)
    done = models.PositiveBigIntegerField(default=0)
    counts = models.JSONField(default=dict)
    problem = models.TextField(blank=True)
    step = models.CharField(max_length=120, blank=True)
    by = models.ForeignKey(Colleague, models.SET_NULL, null=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)


class Arrival(models.Model):
    """One instance as it was sent. It stays as it is; all else is derived from it and can be derived again."""

    source = models.ForeignKey(Source, models.PROTECT, related_name="arrivals", db_index=False)
    message_id = models.TextField()
    type = models.TextField()
    received_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    occurred_at = models.DateTimeField()  # with the sender's clock set right
    clock = models.TextField()  # known, unknown, ahead or absent: how far occurred_at can be trusted
    body = models.TextField()
    digested_at = models.DateTimeField(null=True)
    became = models.TextField(blank=True)  # kept, excluded; empty: not digested
    quarantined_at = models.DateTimeField(null=True)
    column = models.TextField(blank=True)
    reason = models.TextField(blank=True)
    found = models.TextField(blank=True)

    class Meta:
        """A message counts once for as long as its row lives; what waits is found at once."""

        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["source", "message_id"], name="arrival_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["id"],
                name="arrival_waits",
                condition=models.Q(digested_at=None, quarantined_at=None),
            ),
            models.Index(
                fields=["source", "-quarantined_at"],
                name="arrival_set_aside",
                condition=models.Q(quarantined_at__isnull=False),
            ),
        ]
