"""Whose turn it is: work that only one process does at a time."""

from __future__ import annotations

from django.db import models

__all__ = ["Lease"]


class Lease(models.Model):
    """Held until a moment by whoever knows the token; what has run out may be taken over."""

    name = models.CharField(max_length=40, primary_key=True)
    token = models.CharField(max_length=32)
    until = models.DateTimeField()
