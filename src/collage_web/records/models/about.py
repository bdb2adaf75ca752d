"""What is known about a customer beside what happened: what they told us, what they allow, how their name is found."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from collage_web.records.models.colleagues import Colleague
from collage_web.records.models.happened import Fact

__all__ = ["Consent", "NameKey", "Trait"]


class Trait(Fact):
    """One thing said about somebody. Rows are added; the latest of a name counts, a colleague's before a system's."""

    class Name(models.TextChoices):
        """What it can be."""

        NAME = "name", _("name")
        CHANNEL = "channel", _("preferred channel")
        LANGUAGE = "language", _("language")
        HOURS = "hours", _("when to be reached")

    identifier = models.TextField(db_index=True)
    name = models.CharField(max_length=16, choices=Name.choices)
    value = models.TextField(blank=True)  # empty: nothing, or no longer
    said_at = models.DateTimeField()
    by = models.ForeignKey(Colleague, models.SET_NULL, null=True, related_name="+")  # null: a system


class NameKey(models.Model):
    """By which a name is found, also where it is not written quite so: derived from traits."""

    identifier = models.TextField(db_index=True)
    key = models.TextField()

    class Meta:
        """Found by its key; once an identifier."""

        indexes: ClassVar[list[Any]] = [models.Index(fields=["key", "identifier"], name="name_key")]


class Consent(models.Model):
    """What somebody allowed or refused. Rows are added; the latest for a purpose and channel counts."""

    class Purpose(models.TextChoices):
        """What for."""

        OFFERS = "offers", _("offers and news")
        SURVEYS = "surveys", _("being asked how it was")
        PROFILE = "profile", _("what they told us, used to serve them")
        SCORING = "scoring", _("the index of their experience")

    identifier = models.TextField(db_index=True)
    purpose = models.CharField(max_length=16, choices=Purpose.choices)
    channel = models.CharField(max_length=16, blank=True)  # empty: every channel
    given = models.BooleanField()
    basis = models.TextField(blank=True)  # how it was said, such as "on the phone"
    at = models.DateTimeField()
    by = models.ForeignKey(Colleague, models.SET_NULL, null=True, related_name="+")
