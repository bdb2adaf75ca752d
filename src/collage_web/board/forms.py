"""What can be filled in."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from collage_web.records.models import Role, Source

__all__ = ["ColleagueForm", "NewColleague", "NewSource", "NewUpload", "Reason", "SourceForm"]


class NewSource(forms.Form):
    """A source to be made."""

    name = forms.SlugField(
        label=_("Name"),
        max_length=40,
        help_text=_("Lower-case letters, digits, - and _. All its ids begin with it, for ever."),
    )
    kind = forms.ChoiceField(label=_("How it speaks"), choices=Source.Kind.choices)


class SourceForm(forms.Form):
    """What can be changed about a source."""

    map = forms.CharField(
        label=_("Map"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 12, "class": "mono", "spellcheck": "false"}),
        help_text=_("How what it sends becomes touchpoints (TOML). Empty: the ready map of its kind."),
    )
    origins = forms.CharField(
        label=_("Web pages that may send"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("One a line, such as https://shop.example. Empty: any."),
    )
    rate = forms.IntegerField(label=_("Requests a second"), min_value=1, max_value=1_000_000)
    most_bytes = forms.IntegerField(label=_("Bytes of one touchpoint, at most"), min_value=256, max_value=4 * 2**20)
    quiet_after_min = forms.IntegerField(
        label=_("Minutes of silence after which it is flagged"),
        required=False,
        min_value=1,
        help_text=_("Empty: never."),
    )


class NewUpload(forms.Form):
    """A file to be taken in."""

    source = forms.ModelChoiceField(
        label=_("Source"), queryset=Source.objects.none(), help_text=_("Its map says what the rows of the file become.")
    )
    file = forms.FileField(label=_("File"), help_text=_("CSV, JSON Lines, Parquet or XES; gzipped or not."))


class Reason(forms.Form):
    """Why something is done that cannot simply be done again."""

    reason = forms.CharField(label=_("Why?"), max_length=500)


class NewColleague(forms.Form):
    """A colleague to be admitted."""

    email = forms.EmailField(label=_("E-mail"))
    name = forms.CharField(label=_("Name"), max_length=120)
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)
    department = forms.CharField(label=_("Department"), max_length=120, required=False)
    agent = forms.CharField(
        label=_("Called in the records"),
        max_length=120,
        required=False,
        help_text=_("As touchpoints name them as agent: nobody decides on a strike that is about themselves."),
    )
    password = forms.CharField(
        label=_("First password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("12 characters or more. They can change it when they have logged in."),
    )


class ColleagueForm(forms.Form):
    """What can be changed about a colleague."""

    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)
    department = forms.CharField(label=_("Department"), max_length=120, required=False)
    agent = forms.CharField(
        label=_("Called in the records"),
        max_length=120,
        required=False,
        help_text=_("As touchpoints name them as agent: nobody decides on a strike that is about themselves."),
    )
    is_active = forms.BooleanField(label=_("may log in"), required=False)
    password = forms.CharField(
        label=_("New password"),
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Empty: it stays as it is."),
    )
