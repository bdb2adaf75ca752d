"""What can be filled in at the desk. Every form has a meaning when nothing but the obvious is filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.html import escape
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from collage_web.records.models import Consent

__all__ = [
    "KINDS_OF_PROMISE",
    "NEW_ISSUE",
    "AboutForm",
    "ConsentForm",
    "ContactForm",
    "DecideForm",
    "Moment",
    "Offered",
    "PromiseForm",
    "ReasonForm",
    "RecordForm",
    "SameForm",
    "SettleForm",
]

NEW_ISSUE: Final = "new"
OTHER: Final = "other"
KINDS_OF_PROMISE: Final = (
    ("callback", _("to call back")),
    ("answer", _("to answer")),
    ("refund", _("to pay back")),
    ("repair", _("to repair")),
    (OTHER, _("something else")),
)
_LONG: Final = 5_000
_WHAT: Final = (("call", _("a call")), ("visit", _("a visit")), ("note", _("a note")))
_OUTCOMES: Final = (("", _("not known")), ("resolved", _("resolved")), ("unresolved", _("not resolved")))
_CHANNELS: Final = (
    ("phone", _("phone")),
    ("email", _("e-mail")),
    ("chat", _("chat")),
    ("sms", _("SMS")),
    ("post", _("post")),
    ("app", _("app")),
    ("web", _("web")),
    ("visit", _("visit")),
    ("store", _("store")),
    ("social", _("social media")),
)
_LANGUAGES: Final = (
    ("de", _("German")),
    ("en", _("English")),
    ("ar", _("Arabic")),
    ("cs", _("Czech")),
    ("da", _("Danish")),
    ("el", _("Greek")),
    ("es", _("Spanish")),
    ("fr", _("French")),
    ("it", _("Italian")),
    ("nl", _("Dutch")),
    ("pl", _("Polish")),
    ("pt", _("Portuguese")),
    ("ro", _("Romanian")),
    ("ru", _("Russian")),
    ("sv", _("Swedish")),
    ("tr", _("Turkish")),
    ("uk", _("Ukrainian")),
    ("zh", _("Chinese")),
)
_NAMESPACES: Final = (("phone", _("phone number")), ("email", _("e-mail address")), ("user", _("customer number")))


class Moment(forms.DateTimeField):
    """A moment as a clock on the wall shows it, in the zone that the form sets."""

    def __init__(self, **given: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        super().__init__(widget=widget, **given)
        self.zone: tzinfo = UTC

    def to_python(self, value: Any) -> datetime | None:
        """Return the moment that was meant."""
        with timezone.override(self.zone):
            return super().to_python(value)

    def prepare_value(self, value: Any) -> Any:
        """Return a moment as it is shown."""
        with timezone.override(self.zone):
            return super().prepare_value(value)


class Offered(forms.CharField):
    """A text for which some are offered (`offered`), which need not be taken."""

    offered: Sequence[str] = ()

    def get_bound_field(self, form: forms.BaseForm, field_name: str) -> forms.BoundField:
        """Return the field in its form, where a list of what is offered stands beside it."""
        bound = super().get_bound_field(form, field_name)
        if self.offered:
            self.widget.attrs["list"] = f"{bound.auto_id}_offered"
        return bound


class _OfCustomer(forms.Form):
    """What is said of one customer: as the clocks of whoever says it show it, about one of their issues."""

    def __init__(self, *given: Any, issues: Mapping[str, str], zone: tzinfo = UTC, **more: Any) -> None:
        super().__init__(*given, **more)
        for field in self.fields.values():
            if isinstance(field, Moment):
                field.zone = zone
        issue = self.fields["issue"]
        if isinstance(issue, forms.ChoiceField):
            none = [("", _("no particular one")), (NEW_ISSUE, _("a new one"))]
            issue.choices = [*none, *issues.items()]


class RecordForm(_OfCustomer):
    """A call, a visit or a note, to be recorded.

    Parameters
    ----------
    identifiers
        The customer's, with their states; None: it is recorded for the one known longest.
    issues
        The customer's, the latest first, with the words for each.
    zone
        Where the clocks are by which moments are filled in.
    """

    what = forms.ChoiceField(label=_("What was it?"), choices=_WHAT, initial="call")
    text = forms.CharField(
        label=_("What was said or done"),
        required=False,
        max_length=_LONG,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    outcome = forms.ChoiceField(label=_("Is it resolved?"), required=False, choices=_OUTCOMES)
    issue = forms.ChoiceField(label=_("Matter"), required=False)
    occurred_at = Moment(label=_("When"), required=False, help_text=_("By the company's clocks. Empty: now."))
    identifier = forms.ChoiceField(label=_("Under which number or address"), required=False)
    sensitive = forms.BooleanField(
        label=_("Sensitive"), required=False, help_text=_("Only your own department can read the text.")
    )

    def __init__(self, *given: Any, identifiers: Mapping[str, str] | None = None, **more: Any) -> None:
        super().__init__(*given, **more)
        named = list(identifiers or ())
        if len(named) < 2:  # noqa: PLR2004  # there is nothing to choose
            del self.fields["identifier"]
        else:
            choose = self.fields["identifier"]
            assert isinstance(choose, forms.ChoiceField)  # noqa: S101  # said above
            choose.choices = [("", _("the one known longest")), *((each, each) for each in named)]

    def clean_text(self) -> str:
        """Return the text; a note without one says nothing."""
        text: str = self.cleaned_data["text"].replace("\r\n", "\n")
        if self.cleaned_data.get("what") == "note" and not text:
            raise forms.ValidationError(_("A note needs a text."))
        return text


class PromiseForm(_OfCustomer):
    """A promise, to be made.

    Parameters
    ----------
    issues
        The customer's, the latest first, with the words for each.
    zone
        Where the clocks are by which moments are filled in.
    department
        Whose promise it is where nothing else is said.
    departments
        Those that are known.
    """

    kind = forms.ChoiceField(label=_("We promise"), choices=KINDS_OF_PROMISE, initial="callback")
    other = forms.CharField(
        label=_("What, in a word"),
        required=False,
        max_length=40,
        help_text=_("Where it is something else, such as visit or sample."),
    )
    due_at = Moment(label=_("By when"), help_text=_("By the company's clocks."))
    issue = forms.ChoiceField(label=_("Matter"), required=False)
    department = Offered(label=_("Department that keeps it"), required=False, max_length=120)

    def __init__(self, *given: Any, department: str = "", departments: Sequence[str] = (), **more: Any) -> None:
        super().__init__(*given, **more)
        keeps = self.fields["department"]
        assert isinstance(keeps, Offered)  # noqa: S101  # said above
        keeps.offered = departments  # what stands in a field hides what is offered that begins otherwise
        if department:
            keeps.help_text = gettext("Empty: your own, %(department)s.") % {"department": escape(department)}

    @staticmethod
    def usual(now: datetime) -> dict[str, Any]:
        """Return what may stand in it at first: due a day from now, at a full hour."""
        return {"due_at": (now + timedelta(days=1, hours=1)).replace(minute=0, second=0, microsecond=0)}

    def clean(self) -> dict[str, Any]:
        """Return what is promised, `kind` being the word for it."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if found.get("kind") == OTHER:
            if not found.get("other"):
                self.add_error("other", _("Say what is promised."))
            found["kind"] = found.get("other", "")
        return found


class ReasonForm(forms.Form):
    """Why something is done that others will ask about."""

    reason = forms.CharField(label=_("Why?"), max_length=500)

    def __init__(self, *given: Any, label: Any = None, help_text: Any = None, **more: Any) -> None:
        super().__init__(*given, **more)
        if label is not None:
            self.fields["reason"].label = label
        if help_text is not None:
            self.fields["reason"].help_text = help_text


class SettleForm(forms.Form):
    """How a promise was kept; or that it is open again, where somebody settled the wrong one."""

    outcome = forms.ChoiceField(
        label=_("Outcome"), choices=(("kept", _("kept")), ("exceeded", _("more than kept")), ("open", _("open again")))
    )


class DecideForm(ReasonForm):
    """A decision on a strike that is contested."""

    verdict = forms.ChoiceField(
        label=_("Decision"),
        choices=(
            ("", "–"),
            ("upheld", _("it was as recorded: it stays")),
            ("struck_out", _("it was not: it goes")),
        ),
    )
    field_order: Sequence[str] = ("verdict", "reason")


class SameForm(forms.Form):
    """Who else this customer is."""

    other = forms.CharField(
        label=_("Also known as"),
        max_length=320,
        help_text=_("A phone number, an e-mail address, a customer number, in any spelling."),
    )


class ContactForm(ReasonForm):
    """A number or an address at which a customer can be found."""

    namespace = forms.ChoiceField(label=_("Kind"), choices=_NAMESPACES)
    value = forms.CharField(label=_("Number or address"), max_length=320)
    reason = forms.CharField(label=_("How do you know?"), max_length=500)
    field_order: Sequence[str] = ("namespace", "value", "reason")


class AboutForm(forms.Form):
    """What a customer told us about themselves: how to call them, and how and when they want to be reached."""

    name = forms.CharField(label=_("Name"), required=False, max_length=200)
    channel = forms.ChoiceField(label=_("Preferred channel"), required=False)
    language = forms.ChoiceField(label=_("Language"), required=False)
    hours = forms.CharField(
        label=_("When to be reached"), required=False, max_length=200, help_text=_("Such as: mornings, not on Mondays.")
    )

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        for name, known in (("channel", _CHANNELS), ("language", _LANGUAGES)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101  # said above
            said = self.initial.get(name) or ""  # a system may know a word that we do not
            odd = [(said, said)] if said and said not in dict(known) else []
            field.choices = [("", _("not known")), *known, *odd]


class ConsentForm(forms.Form):
    """What a customer allows or refuses."""

    purpose = forms.ChoiceField(label=_("What for"), choices=Consent.Purpose.choices)
    channel = forms.ChoiceField(label=_("By which channel"), required=False, choices=(("", _("every one")), *_CHANNELS))
    given = forms.TypedChoiceField(
        label=_("They"),
        choices=(("", "–"), ("yes", _("allow it")), ("no", _("refuse it"))),
        coerce=lambda value: value == "yes",
    )
    basis = forms.CharField(
        label=_("How it was said"), max_length=500, help_text=_("Such as: on the phone, in a letter of 3 November.")
    )
