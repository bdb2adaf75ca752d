"""Words of the contracts as people say them: on which channel something happened, and why a strike came about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

__all__ = ["CAUSES", "CHANNELS"]

CHANNELS: Final[Mapping[str, Any]] = {
    "web": _("web"), "shop": _("shop"), "app": _("app"), "phone": _("phone"), "ivr": _("phone menu"), "chat": _("chat"),
    "email": _("e-mail"), "sms": _("SMS"), "social": _("social media"), "fax": _("fax"), "post": _("post"),
    "visit": _("visit"), "store": _("store"), "product": _("product"), "sensor": _("sensor"), "partner": _("partner"),
}  # fmt: skip
CAUSES: Final[Mapping[str, Any]] = {
    "agent": _("the agent"), "staffing": _("too few of us"), "routing": _("the way it was routed"),
    "policy": _("a rule of ours"), "product": _("the product"), "process": _("the process"),
    "partner": _("a partner"),
}  # fmt: skip
