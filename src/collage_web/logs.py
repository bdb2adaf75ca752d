"""What is said to the log: one JSON object a line, without keys, addresses' queries, bodies or anybody's data."""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path
from typing import Final

import structlog

__all__ = ["failed", "set_up"]

# gunicorn's lines with what somebody sent, or its address
_SENT: Final = ("Invalid request", "Error handling request", "Socket error processing request")
_FRAMES: Final = 4
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
        structlog.stdlib.ProcessorFormatter(processor=structlog.processors.JSONRenderer(), foreign_pre_chain=shared)
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


def failed(exception: BaseException) -> None:
    """Tell of a page or an answer that could not be made: which kind of mistake, and where; nothing of what was in it.

    Parameters
    ----------
    exception
        What was raised.
    """
    frames = traceback.extract_tb(exception.__traceback__)
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames[-_FRAMES:]]
    structlog.get_logger().error("answer.failed", kind=type(exception).__name__, places=places)
