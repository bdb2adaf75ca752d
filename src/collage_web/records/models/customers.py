"""Who: identifiers, what is claimed of them, and whose they are."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from collage_web.records.models.happened import Fact

__all__ = ["Claim", "Identifier", "Stale"]


class Claim(Fact):
    """That two identifiers are one customer."""

    claim_id = models.TextField(unique=True)
    one = models.TextField(db_index=True)
    other = models.TextField(db_index=True)
    source = models.TextField(null=True)  # the contract's null: not known
    confidence = models.FloatField(null=True)
    claimed_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)


class Identifier(models.Model):
    """One writing of a customer.

    `home` is random and this identifier's for ever; the customer's id is the home of the identifier known longest among
    all that are one customer. So ids come back when customers are told apart again, and nothing has to be remembered
    for it.
    """

    value = models.TextField(unique=True)
    home = models.CharField(max_length=24, unique=True)
    customer = models.CharField(max_length=24, db_index=True)
    state = models.CharField(max_length=12, default="plain")
    created_at = models.DateTimeField()


class Stale(models.Model):
    """An identifier of which something changed: its customer's marks are to be derived anew.

    Rows are added and never changed, so that who derives can tell what came in the meantime.
    """

    identifier = models.TextField()

    class Meta:
        """Found by whose they are."""

        indexes: ClassVar[list[Any]] = [models.Index(fields=["identifier"], name="stale_of")]
