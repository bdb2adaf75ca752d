"""What can be filled in to begin a customer."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

__all__ = ["NewCustomerForm"]


class NewCustomerForm(forms.Form):
    """By what somebody is known, and how they are called."""

    identifier = forms.CharField(
        label=_("Phone number, e-mail address or customer number"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("A customer number with what it is, such as user:4711."),
    )
    name = forms.CharField(
        label=_("Name"), required=False, max_length=200, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
