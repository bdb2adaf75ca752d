"""The company itself: what is the same for everybody who works here."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

__all__ = ["Company"]


class Company(models.Model):
    """One row: its name, where its clocks are, when it is there, how its phone numbers are dialled."""

    name = models.CharField(_("name"), max_length=120, blank=True)
    zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    region = models.CharField(_("country of phone numbers"), max_length=2, blank=True)  # ISO 3166-1; empty: none
    opens = models.JSONField(_("business hours"), default=dict)  # weekday 0 (Monday) to 6 → [["09:00", "17:00"], …]

    class Meta:
        """There is one company."""

        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=models.Q(pk=1), name="company_is_one"),
        ]

    def __str__(self) -> str:
        """Return the name."""
        return self.name
