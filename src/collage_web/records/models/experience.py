"""How it adds up: catalogues, marks, scores, corrections, reactions."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

__all__ = ["Catalogue", "Correction", "Figures", "Mark", "Reaction", "Score"]


def _text() -> Any:
    return models.TextField(null=True)


class Catalogue(models.Model):
    """The rules by which touchpoints leave marks; the newest that is in force counts."""

    version = models.TextField()
    digest = models.CharField(max_length=64, unique=True)
    text = models.TextField()
    since = models.DateTimeField()


class Correction(models.Model):
    """That a mark is contested, upheld or struck out."""

    correction_id = models.TextField(unique=True)
    touchpoint_id = models.TextField(db_index=True)
    mark = models.TextField()
    verdict = models.TextField()
    by = _text()
    reason = _text()
    at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)


class Mark(models.Model):
    """What a touchpoint left behind. Derived: all rows of a customer are replaced together."""

    customer = models.CharField(max_length=24, db_index=True)
    touchpoint_id = models.TextField()
    mark = models.TextField()
    identifier = models.TextField()
    channel = _text()
    site = _text()
    agent = _text()
    issue_id = _text()
    contact_id = _text()
    occurred_at = models.DateTimeField()
    fades_from = models.DateTimeField()
    weighs_as = models.TextField()
    severity = models.FloatField()
    evidence = models.FloatField()
    uncapped = models.FloatField(null=True)
    owner = _text()
    cause = _text()
    agent_controllable = models.BooleanField(null=True)
    about = _text()
    catalogue = models.TextField()

    class Meta:
        """A touchpoint leaves a mark once; a recovery takes back several."""

        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["touchpoint_id", "mark"], name="mark_once", condition=~models.Q(mark="recovered")
            ),
        ]


class Score(models.Model):
    """What a customer's marks came to when they were last derived."""

    customer = models.CharField(max_length=24, primary_key=True)
    at = models.DateTimeField()
    experience = models.FloatField()
    index = models.FloatField(db_index=True)
    evidence = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()
    trend = models.FloatField()
    n_marks = models.BigIntegerField()
    strikes_90d = models.BigIntegerField()
    last_touchpoint_at = models.DateTimeField()


class Reaction(models.Model):
    """That a subject takes note of a mark: once, however often marks are derived.

    It is due at `at`: a mark can count from a moment that is still to come, such as a promise's.
    """

    touchpoint_id = models.TextField()
    mark = models.TextField()
    reaction = models.TextField()
    customer = models.CharField(max_length=24)
    details = models.JSONField(default=dict)
    at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        """Once; what is due is found at once."""

        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["touchpoint_id", "mark", "reaction"], name="reaction_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["at"], name="reaction_due", condition=models.Q(done_at=None)),
        ]


class Figures(models.Model):
    """Figures of the whole company, as a job worked them out over a snapshot."""

    name = models.CharField(max_length=40)
    at = models.DateTimeField()
    made_at = models.DateTimeField()
    catalogue = models.TextField()
    body = models.JSONField()

    class Meta:
        """The newest is found at once."""

        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["name", "-made_at"], name="figures_newest")]
