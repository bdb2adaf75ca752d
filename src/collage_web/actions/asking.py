"""That new figures are wanted, and that they could not be had: notes for the worker and for the page."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from collage_web.actions.auditing import note
from collage_web.bridge import figures
from collage_web.records.models import Colleague, Figures

__all__ = ["ask_for_figures", "note_failure"]


def ask_for_figures(*, by: Colleague, now: datetime) -> bool:
    """Ask for the company's figures to be worked out now; return False where somebody asked already."""
    with transaction.atomic():
        if Figures.objects.filter(name=figures.ASKED).exists():
            return False
        Figures.objects.create(name=figures.ASKED, at=now, made_at=now, catalogue="", body={})
        note("figures.ask", figures.COMPANY, by=by, now=now)
    return True


def note_failure(kind: str, *, now: datetime) -> None:
    """Note that the figures could not be worked out, so that it is not tried again at once.

    Parameters
    ----------
    kind
        What went wrong, without a text that could be somebody's.
    now
        When.
    """
    with transaction.atomic():
        Figures.objects.filter(name__in=(figures.ASKED, figures.FAILED), made_at__lte=now).delete()
        Figures.objects.create(name=figures.FAILED, at=now, made_at=now, catalogue="", body={"kind": kind})
