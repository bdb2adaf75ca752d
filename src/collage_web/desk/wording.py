"""Instances in words: what happened where no mark says it, how long, how late, how much; and the lines of the brief."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import get_language, gettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from collage.experience import sentences
from collage_web.bridge.places import RATING
from collage_web.design.spoken import CHANNELS
from collage_web.desk.forms import KINDS_OF_PROMISE

__all__ = [
    "HAPPENED",
    "column",
    "day",
    "details",
    "duration",
    "happened",
    "language",
    "moment",
    "money",
    "promise",
    "score",
    "when",
]

HAPPENED: Final[Mapping[str, Any]] = {
    "ad.seen": _("saw an advertisement"), "coupon.received": _("coupon received"), "coupon.used": _("coupon used"),
    "coupon.refused": _("coupon refused"), "page.viewed": _("looked at a page"),
    "search.failed": _("searched and found nothing"), "help.not_found": _("looked for help and found none"),
    "order.started": _("order begun"), "order.placed": _("order placed"), "order.failed": _("order failed"),
    "order.cancelled": _("order cancelled"), "payment.failed": _("payment failed"),
    "delivery.shipped": _("parcel sent"), "delivery.arrived": _("parcel arrived"),
    "delivery.failed": _("parcel did not arrive"), "goods.damaged": _("goods damaged"), "goods.wrong": _("wrong goods"),
    "setup.started": _("began to set it up"), "setup.completed": _("set up"), "training.given": _("training given"),
    "warranty.registered": _("warranty registered"), "warranty.reminded": _("reminded of the warranty"),
    "product.used": _("product used"), "product.fault": _("product did not work"), "sensor.alert": _("sensor alert"),
    "outage": _("no service"), "service.visit": _("visit by service"), "visit.missed": _("visit missed"),
    "contact.queued": _("waited in the queue"), "contact.answered": _("spoke with us"),
    "contact.abandoned": _("gave up waiting"), "contact.ended": _("contact ended"), "hold.ended": _("was on hold"),
    "message.received": _("wrote to us"), "message.sent": _("we wrote"),
    "self_service.succeeded": _("did it without our help"), "self_service.failed": _("tried to do it alone"),
    "repeat.asked": _("had to say it again"), "note.made": _("note"),
    "issue.opened": _("matter opened"), "issue.resolved": _("matter settled"), "issue.reopened": _("matter reopened"),
    "approval.asked": _("approval asked for"), "approval.given": _("approval given"),
    "recovery.confirmed": _("made good, and confirmed"), "handover.connected": _("handed over"),
    "handover.transferred": _("transferred"), "policy.denied": _("refused by a rule of ours"),
    "conduct.reported": _("conduct reported"), "privacy.breached": _("data exposed"),
    "invoice.sent": _("invoice sent"), "invoice.corrected": _("invoice corrected"), "price.raised": _("price raised"),
    "refund.made": _("money paid back"), "gesture.made": _("gesture made"),
    "promise.made": _("promise made"), "promise.kept": _("promise kept"), "promise.broken": _("promise broken"),
    "promise.exceeded": _("promise more than kept"),
    "feedback.given": _("gave feedback"), "feedback.unread": _("feedback not read"),
    "feedback.heeded": _("feedback acted upon"), "complaint.filed": _("complained"),
    "survey.invited": _("asked how it was"), "survey.answered": _("said how it was"),
    "notice.proactive": _("we warned them first"), "appreciation.sent": _("was thanked"),
    "followup.made": _("we asked again"),
    "contract.renewed": _("contract renewed"), "contract.cancelled": _("contract cancelled"),
    "customer.left": _("left us"),
    RATING: _("rated us"),
}  # fmt: skip
_COLUMNS: Final[Mapping[str, Any]] = {
    "kind": _("kind"), "touchpoint_id": _("id"), "rating_id": _("id"), "identifier": _("under"),
    "occurred_at": _("happened"), "received_at": _("recorded"), "source": _("source"), "channel": _("channel"),
    "department": _("department"), "site": _("site"), "agent": pgettext_lazy("who served", "agent"),
    "issue_id": _("matter"), "contact_id": _("contact"), "severity": _("claimed severity"), "wait_s": _("wait"),
    "duration_s": _("duration"), "late_s": _("after the time promised"), "amount": _("amount"), "outcome": _("outcome"),
    "instrument": _("asked by"), "item": _("asked about"), "wording": _("question"), "score": _("score"),
    "properties": _("more"),
}  # fmt: skip
_OUTCOMES: Final[Mapping[str, Any]] = {
    "resolved": _("resolved"), "unresolved": _("not resolved"), "abandoned": _("given up"), "refused": _("refused"),
    "failed": _("failed"), "on_time": _("on time"), "late": _("late"),
}  # fmt: skip
# an outcome that the kind says already, or the figures do
_SAID: Final = {("issue.resolved", "resolved"), ("contact.abandoned", "abandoned"), ("order.failed", "failed"),
                ("delivery.failed", "failed")}  # fmt: skip
_SLOTS: Final = {name: sentences.parse(f"{{{name}:duration}}") for name in ("wait_s", "duration_s", "late_s")}
_MONEY: Final = sentences.parse("{amount:money}")
_YESTERDAY: Final = 1


def language() -> str:
    """Return the language of sentences about marks, one of those that catalogues have."""
    asked = (get_language() or "en").partition("-")[0]
    return asked if asked in sentences.LANGUAGES else "en"


def happened(kind: str) -> str:
    """Return what happened, in words; a kind that nobody foresaw by its name."""
    return str(HAPPENED.get(kind) or kind.replace(".", " ").replace("_", " "))


def promise(kind: str) -> str:
    """Return what was promised."""
    known = {**dict(KINDS_OF_PROMISE), "delivery": gettext("to deliver"), "appointment": gettext("to come")}
    return str(known.get(kind) or kind.replace("_", " "))


def duration(row: Mapping[str, Any], name: str) -> str:
    """Return a duration of a row, without its sign."""
    return sentences.tell(_SLOTS[name], row, language())


def money(row: Mapping[str, Any]) -> str:
    """Return the amount of a row."""
    return sentences.tell(_MONEY, row, language())


def details(row: Mapping[str, Any]) -> list[str]:
    """Return what is known of an instance beside what happened, the measured first."""
    told = [str(score(row))] if row["kind"] == RATING else []
    if row.get("amount") is not None and row.get("currency"):
        told.append(money(row))
    if row.get("wait_s"):
        told.append(gettext("waited %(time)s") % {"time": duration(row, "wait_s")})
    if row.get("late_s") is not None:
        told.append(_late(row))
    if row.get("duration_s"):
        told.append(gettext("lasted %(time)s") % {"time": duration(row, "duration_s")})
    outcome = row.get("outcome")
    if outcome and (row["kind"], outcome) not in _SAID and not (row.get("late_s") is not None):
        told.append(str(_OUTCOMES.get(outcome, outcome)))
    return told


def score(row: Mapping[str, Any]) -> str:
    """Return what somebody said when asked for a number."""
    low, high = number_format(row["scale_low"]), number_format(row["scale_high"])
    return gettext("%(score)s on a scale from %(low)s to %(high)s") % {
        "score": number_format(row["score"]), "low": low, "high": high,
    }  # fmt: skip


def _late(row: Mapping[str, Any]) -> str:
    if row["late_s"] <= 0:
        return gettext("on time")
    return gettext("%(time)s late") % {"time": duration(row, "late_s")}


def column(name: str, row: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return a column of an instance in words: what it is called and what stands there; None where there is nothing."""
    value = row.get(name)
    if value is None or value == "" or name not in _COLUMNS:
        return None
    if name in _SLOTS:
        before = "−" if value < 0 else ""
        return str(_COLUMNS[name]), before + duration(row, name)
    if name == "amount":
        return str(_COLUMNS[name]), money(row) if row.get("currency") else number_format(value)
    if name == "score":
        return str(_COLUMNS[name]), score(row)
    known = {"channel": CHANNELS, "outcome": _OUTCOMES}.get(name, {})
    if isinstance(value, datetime):
        return str(_COLUMNS[name]), moment(value)
    return str(_COLUMNS[name]), number_format(value) if isinstance(value, float) else str(known.get(value, value))


# ---- days and moments, in the zone that is in force


def moment(at: datetime) -> str:
    """Return a moment, to the minute."""
    here = timezone.localtime(at)
    return f"{_written(here.date())}, {here:%H:%M}"


def day(on: date, *, today: date) -> str:
    """Return a day as people say it."""
    ago = (today - on).days
    if ago == 0:
        return gettext("Today")
    if ago == _YESTERDAY:
        return gettext("Yesterday")
    return _written(on, year=on.year != today.year)


def when(at: datetime, *, now: datetime) -> str:
    """Return when something is or was due: at what time where it is near, on which day where it is not."""
    here, today = timezone.localtime(at), timezone.localtime(now).date()
    away = (here.date() - today).days
    near = {0: gettext("today, %(time)s"), 1: gettext("tomorrow, %(time)s"), -1: gettext("yesterday, %(time)s")}
    if away in near:
        return near[away] % {"time": f"{here:%H:%M}"}
    return _written(here.date(), year=here.year != today.year)


def _written(on: date, *, year: bool = True) -> str:
    form = pgettext("how a day is written", "j M Y") if year else pgettext("how a day is written", "j M")
    return date_format(on, form)
