"""Whom we tell, and who may ask: webhooks with their outbox, keys that read."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from collage_web.records.models.colleagues import Colleague

__all__ = ["Delivery", "Hook", "ReadKey"]


class Hook(models.Model):
    """An address that is told of what happens. Its secret is made of ours and of `salt`, and stands nowhere."""

    url = models.URLField(_("address"), max_length=500)
    events = models.JSONField(_("what it is told of"), default=list)
    salt = models.CharField(max_length=32)
    by = models.ForeignKey(Colleague, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        """Order in lists."""

        ordering: ClassVar[list[str]] = ["id"]

    def __str__(self) -> str:
        """Return the address."""
        return self.url


class Delivery(models.Model):
    """One thing to tell one address: the outbox. It is tried until it was taken, or for too long."""

    hook = models.ForeignKey(Hook, models.CASCADE, related_name="deliveries")
    message_id = models.CharField(max_length=40, unique=True)
    event = models.CharField(max_length=40)
    body = models.TextField()
    created_at = models.DateTimeField()
    tries = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True)  # null: delivered, or given up
    done_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True)

    class Meta:
        """What waits is found at once."""

        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["next_at"], name="delivery_waits", condition=models.Q(next_at__isnull=False)),
        ]


class ReadKey(models.Model):
    """A key of a system that may read about customers."""

    name = models.SlugField(_("name"), max_length=40, unique=True)
    key_digest = models.CharField(max_length=64, unique=True)
    key_hint = models.CharField(max_length=8)
    by = models.ForeignKey(Colleague, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        """Order in lists."""

        ordering: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        """Return the name."""
        return self.name
