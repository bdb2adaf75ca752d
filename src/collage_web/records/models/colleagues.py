"""Who works here: whoever logs in, and as what."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _

__all__ = ["Colleague", "Role"]


class Role(models.TextChoices):
    """What somebody may see and do; `gates` says what."""

    AGENT = "agent", _("agent")
    LEAD = "lead", _("lead")
    MANAGER = "manager", _("manager")
    ANALYST = "analyst", _("analyst")
    ADMIN = "admin", _("administrator")


class Colleagues(BaseUserManager["Colleague"]):
    """Colleagues by their address; Django and allauth look them up by it."""

    def get_by_natural_key(self, username: str | None) -> Colleague:
        """Return the colleague of an address, in whatever letter case."""
        return self.get(email=(username or "").strip().lower())


class Colleague(AbstractBaseUser):
    """Somebody who works here."""

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    role = models.CharField(_("role"), max_length=16, choices=Role.choices, default=Role.AGENT)
    department = models.CharField(_("department"), max_length=120, blank=True)
    agent = models.CharField(_("called in the records"), max_length=120, blank=True)  # as `agent` in touchpoints
    language = models.CharField(_("language"), max_length=8, blank=True)  # empty: as their browser asks
    zone = models.CharField(_("time zone"), max_length=64, blank=True)  # empty: the company's
    is_active = models.BooleanField(_("may log in"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = Colleagues()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        """How it is called."""

        verbose_name = _("colleague")
        verbose_name_plural = _("colleagues")
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="colleague_role_is_one"),
        ]

    def __str__(self) -> str:
        """Return the name."""
        return self.name or self.email
