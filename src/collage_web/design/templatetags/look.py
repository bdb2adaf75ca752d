"""What templates of every room may ask for: ``{% load look %}``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django import template
from django.conf import settings
from django.forms import BoundField, CheckboxInput, Select
from django.template import Context
from django.urls import NoReverseMatch, reverse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, pgettext

from collage import __version__

__all__ = ["Way", "Ways", "bare", "control", "mark", "may", "register", "strength", "version", "ways"]

register = template.Library()

_AT_ONCE: Final = 3  # ways beside one another
_FAINT, _SOME = 0.2, 0.5  # of evidence, as in the report
_SPEAK_FOR_THEMSELVES: Final = ("phone", "email")

# what it is called, the name of its address, the deed that one must be allowed to do
_WAYS: Final = (
    (gettext_noop("Customers"), "desk", "see customers"),
    (gettext_noop("Contested"), "contested", "decide"),
    (gettext_noop("Company"), "board", "see board"),
    (gettext_noop("Sources"), "sources", "see sources"),
    (gettext_noop("Quarantine"), "quarantine", "see sources"),
    (gettext_noop("Uploads"), "uploads", "import"),
    (gettext_noop("Colleagues"), "colleagues", "see colleagues"),
    (gettext_noop("Webhooks"), "hooks", "tell others"),
    (gettext_noop("Audit log"), "audit", "see audit"),
)


@dataclass(frozen=True)
class Way:
    """A link at the top of every page: its words, its address, and ``page`` or ``true`` where one is on it or below."""

    words: str
    href: str
    here: str


@dataclass(frozen=True)
class Ways:
    """The ways that are open to somebody: those that are always seen, and where there are many, `more` behind them."""

    first: tuple[Way, ...] = ()
    more: tuple[Way, ...] = ()


@register.simple_tag(takes_context=True)
def ways(context: Context) -> Ways:
    """Return the ways that are open to whoever is logged in: none, where nobody is."""
    user, path = context.get("user"), getattr(context.get("request"), "path", "")
    if user is None or not user.is_authenticated:
        return Ways()
    may: Callable[[Any, str], bool] = import_string(settings.COLLAGE_MAY)
    found = []
    for words, name, deed in _WAYS:
        if not may(user, deed):
            continue
        try:
            href = reverse(name)
        except NoReverseMatch:  # the room that has it is not installed
            continue
        found.append(Way(_(words), href, "page" if path == href else "true" if path.startswith(href) else ""))
    if len(found) <= _AT_ONCE + 1:  # nothing is put away for the sake of one
        return Ways(tuple(found))
    return Ways(tuple(found[:_AT_ONCE]), tuple(found[_AT_ONCE:]))


@register.simple_tag(takes_context=True)
def may(context: Context, deed: str) -> bool:
    """Return whether whoever looks at the page may do something; nobody may who is not logged in."""
    user = context.get("user")
    asked: Callable[[Any, str], bool] = import_string(settings.COLLAGE_MAY)
    return user is not None and user.is_authenticated and asked(user, deed)


@register.simple_tag
def strength(evidence: float) -> str:
    """Return in a word how strong evidence (0 to 1) is."""
    if evidence < _FAINT:
        return pgettext("evidence", "faint")
    return pgettext("evidence", "some") if evidence < _SOME else pgettext("evidence", "strong")


@register.filter
def bare(identifier: str) -> str:
    """Return an identifier as a person would say it: numbers and addresses without what they are."""
    namespace, _colon, value = identifier.partition(":")
    return value if namespace in _SPEAK_FOR_THEMSELVES and value else identifier


@register.simple_tag
def version() -> str:
    """Return the version of Collage."""
    return __version__


@register.simple_tag
def mark(weight: float, digits: int = 2) -> SafeString:
    """Return what an instance weighs, as it is shown everywhere: ✕ −0.31 is a strike, ✓ +0.22 a credit.

    Parameters
    ----------
    weight
        Signed weight; one that rounds to nothing has no sign and no colour.
    digits
        Places after the point.
    """
    rounded = round(weight, digits)
    number = number_format(abs(rounded), digits)
    if rounded == 0:
        return format_html("<span>{}</span>", number)
    kind, sign, said, words = (
        ("strike", "✕", "−", _("strike")) if rounded < 0 else ("credit", "✓", "+", _("credit"))
    )  # fmt: skip
    return format_html(
        '<span class="{}"><span aria-hidden="true">{}</span><span class="visually-hidden">{}</span> {}{}</span>',
        kind, sign, words, said, number,
    )  # fmt: skip


@register.simple_tag
def control(field: BoundField, *, focus: bool = False) -> SafeString:
    """Return the input of a field, looking as inputs do here.

    Parameters
    ----------
    field
        A field of a form.
    focus
        Whether typing begins in this form at once: in its first field that has an error, or else in its first.
    """
    widget = field.field.widget
    if isinstance(widget, CheckboxInput):
        look = "form-check-input"
    else:
        look = "form-select" if isinstance(widget, Select) else "form-control"
    attributes: dict[str, str | bool] = {"class": f"{look} is-invalid" if field.errors else look}
    if focus and field.name == _first(field):
        attributes["autofocus"] = True
    widget.attrs.pop("placeholder", None)  # it is gone when it is needed: a field has a label and a help
    return field.as_widget(attrs=attributes)


def _first(field: BoundField) -> str:
    seen = [each for each in field.form if not each.is_hidden]
    return next((each.name for each in seen if each.errors), seen[0].name)
