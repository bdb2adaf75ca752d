"""What colleagues did, and why: rows that nobody can change."""

from __future__ import annotations

from django.db import models

from collage_web.records.models.colleagues import Colleague

__all__ = ["AuditEntry"]


class AuditEntry(models.Model):
    """One deed. `chain` is a digest of it and of the entry before: what is changed or missing shows."""

    at = models.DateTimeField()
    by = models.ForeignKey(Colleague, models.PROTECT, null=True)  # null: Collage itself, or the command on the machine
    verb = models.CharField(max_length=60)
    subject = models.TextField()
    reason = models.TextField(blank=True)
    details = models.JSONField(default=dict)
    chain = models.CharField(max_length=64, unique=True)
