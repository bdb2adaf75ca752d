"""What is said to the log: one JSON object a line, without keys, addresses' queries, bodies or anybody's data."""

from __future__ import annotations

import logging
import sys

import structlog

__all__ = ["set_up"]

_SENT = ("Invalid request", "Error handling request")  # gunicorn's lines with what somebody sent, or its address
_QUIET = ("django.request", "django.security", "axes", "allauth")  # their lines may hold what somebody sent


def set_up(*, level: int = logging.INFO) -> None:
    """Set logging for a process.

    Parameters
    ----------
    level
        The least that is told.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processor=structlog.processors.JSONRenderer(), foreign_pre_chain=[*shared, _without_arguments]
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    logging.getLogger("gunicorn.error").addFilter(_DISCREET)


class _Discreet(logging.Filter):
    """Leaves of some of gunicorn's lines the beginning and the kind of exception: the rest is what somebody sent."""

    def filter(self, record: logging.LogRecord) -> bool:
        for beginning in _SENT:
            if str(record.msg).startswith(beginning):
                kind = record.exc_info[0] if record.exc_info else None
                record.msg = f"{beginning} ({kind.__name__})" if kind else beginning
                record.args, record.exc_info = (), None
        return True


_DISCREET = _Discreet()


def _without_arguments(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Leave out what a line of another library was filled with, where it is an error: it may be somebody's data."""
    return event
