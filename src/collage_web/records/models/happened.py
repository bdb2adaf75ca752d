"""What happened: the tables of a dataset that are facts. Columns, units and nulls are the contracts'."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from collage_web.records.models.arrivals import Arrival, Upload

__all__ = ["Fact", "Invitation", "Promise", "Rating", "Touchpoint"]


def _text() -> Any:
    return models.TextField(null=True)


class Fact(models.Model):
    """A row of a dataset, and whence it came."""

    arrival = models.ForeignKey(Arrival, models.SET_NULL, null=True, related_name="+")
    upload = models.ForeignKey(Upload, models.SET_NULL, null=True, related_name="+")

    class Meta:
        """No table of its own."""

        abstract = True


class Touchpoint(Fact):
    """An instance of a customer meeting the company."""

    touchpoint_id = models.TextField(unique=True)
    identifier = models.TextField()
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField(null=True)
    source = _text()
    kind = models.TextField()
    channel = _text()
    department = _text()
    site = _text()
    agent = _text()
    issue_id = _text()
    contact_id = _text()
    severity = models.FloatField(null=True)
    wait_s = models.FloatField(null=True)
    duration_s = models.FloatField(null=True)
    late_s = models.FloatField(null=True)
    amount = models.BigIntegerField(null=True)
    currency = _text()
    outcome = _text()
    text = _text()
    properties = _text()

    class Meta:
        """Whose, and when."""

        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["identifier", "occurred_at"], name="touchpoint_of"),
            models.Index(
                fields=["issue_id"], name="touchpoint_in", condition=models.Q(issue_id__isnull=False)
            ),  # an order's number is asked for
        ]


class Rating(Fact):
    """What a customer said when asked for a number."""

    rating_id = models.TextField(unique=True)
    identifier = models.TextField(db_index=True)
    rated_at = models.DateTimeField()
    contact_id = _text()
    contact_started_at = models.DateTimeField(null=True)
    issue_id = _text()
    department = _text()
    agent = _text()
    participants = _text()
    instrument = _text()
    item = _text()
    wording = _text()
    channel = _text()
    score = models.FloatField()
    scale_low = models.FloatField()
    scale_high = models.FloatField()
    comment = _text()
    weight = models.FloatField(null=True)
    invitation_id = _text()


class Invitation(Fact):
    """That a customer was asked, or would have been."""

    invitation_id = models.TextField(unique=True)
    identifier = models.TextField(db_index=True)
    trigger = _text()
    contact_id = _text()
    instrument = _text()
    channel = _text()
    invited_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    suppressed = _text()
    reminded_at = models.DateTimeField(null=True)


class Promise(Fact):
    """What we said we would do, and by when."""

    promise_id = models.TextField(unique=True)
    identifier = models.TextField(db_index=True)
    kind = models.TextField()
    department = _text()
    agent = _text()
    channel = _text()
    issue_id = _text()
    made_at = models.DateTimeField()
    due_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    outcome = _text()
    quoted_share = models.FloatField(null=True)
