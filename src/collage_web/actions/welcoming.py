"""Colleagues: made, given another role, shut out."""

from __future__ import annotations

from datetime import datetime

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from collage.errors import CollageError
from collage_web.actions.auditing import note
from collage_web.records.models import Colleague, Role

__all__ = ["ColleagueError", "admit", "change"]


class ColleagueError(CollageError):
    """A colleague cannot be as it was asked."""


def admit(  # noqa: PLR0913  # what is to be known of a colleague
    email: str,
    name: str,
    role: str,
    password: str,
    *,
    department: str = "",
    agent: str = "",
    by: Colleague | None,
    now: datetime,
) -> Colleague:
    """Make an account for a colleague.

    Raises
    ------
    ColleagueError
        When the address, the role or the password will not do.
    """
    email = email.strip().lower()
    asked = f"make an account for {email}"
    if role not in Role.values:
        raise ColleagueError(asked, f"the role {role!r}", f"the roles are {', '.join(Role.values)}")
    made = Colleague(email=email, name=name.strip() or email.partition("@")[0], role=role)
    made.department, made.agent = department.strip(), agent.strip()
    try:
        validate_email(email)
        validate_password(password, made)
    except ValidationError as error:
        raise ColleagueError(asked, " ".join(error.messages), _("correct it and try again")) from error
    made.set_password(password)
    with transaction.atomic():
        if Colleague.objects.filter(email=email).exists():
            raise ColleagueError(asked, _("an account of this address"), _("change that one instead"))
        made.save(force_insert=True)
        EmailAddress.objects.create(user=made, email=email, verified=True, primary=True)
        note("colleague.admit", f"colleague {made.pk}", by=by, now=now, details={"role": role})
    return made


def change(  # noqa: PLR0913  # as above
    colleague: Colleague,
    *,
    role: str,
    department: str,
    agent: str,
    is_active: bool,
    password: str,
    by: Colleague,
    now: datetime,
) -> None:
    """Change what a colleague may do, or give them another password.

    Parameters
    ----------
    password
        Empty: it stays as it is.

    Raises
    ------
    ColleagueError
        When the password will not do, or nobody would be left to administrate.
    """
    asked = f"change the account of {colleague.name}"
    loses = colleague.role == Role.ADMIN and (role != Role.ADMIN or not is_active)
    if loses and not Colleague.objects.filter(role=Role.ADMIN, is_active=True).exclude(pk=colleague.pk).exists():
        raise ColleagueError(asked, _("the last administrator"), _("make another one first"))
    changed = sorted(
        name for name, new in (
            ("role", role), ("department", department), ("agent", agent), ("is_active", is_active),
        )
        if getattr(colleague, name) != new
    )  # fmt: skip
    colleague.role, colleague.department, colleague.agent, colleague.is_active = role, department, agent, is_active
    if password:
        try:
            validate_password(password, colleague)
        except ValidationError as error:
            raise ColleagueError(asked, " ".join(error.messages), _("choose another password")) from error
        colleague.set_password(password)
        changed.append("password")
    with transaction.atomic():
        colleague.save()
        note(
            "colleague.change", f"colleague {colleague.pk}", by=by, now=now, details={"changed": changed, "role": role}
        )
