"""What operators read: one line per happening on stderr, with every address taken out."""

import logging
import re
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, TextIO, cast

import structlog

# Anything that looks like local@domain, in Latin or other scripts; meant to err on the safe side.
_ADDRESS = re.compile(r"(?:\"[^\"]{1,64}\"|[^\s<>\"(),;:@＠]{1,64})(?:@|＠|%40)[^\s<>\"(),;:@＠]{1,255}")


def scrub(text: str) -> str:
    """``text`` with each address in it replaced by ``<address>``."""
    return _ADDRESS.sub("<address>", text)


def _scrub_event(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: scrub(value) if isinstance(value, str) else value for key, value in event.items()}


class _Scrubber(logging.Filter):
    """The same for what libraries log, tracebacks included."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if record.exc_info:
            message += "\n" + logging.Formatter().formatException(record.exc_info)
            record.exc_info = record.exc_text = None
        record.msg, record.args = scrub(message), None
        return True


class _Stderr:
    """stderr, whose loss is nobody's end: a full disk or a closed pipe behind it costs lines, not mail."""

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.flush()


def configure(level: str) -> None:
    """Set up this process's log once, at its start."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            _scrub_event,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Stderr())),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_Scrubber())
    # Libraries speak up only when something is wrong.
    quiet = max(logging.WARNING, logging.getLevelNamesMapping()[level.upper()])
    # Without a host in its URL the folder broker is complained of at each use.
    logging.getLogger("kombu.connection").setLevel(logging.ERROR)
    logging.basicConfig(level=quiet, handlers=[handler], force=True, format="%(asctime)s %(levelname)s %(message)s")


def logger(**context: object) -> structlog.typing.FilteringBoundLogger:
    """A logger that adds ``context`` to each of its lines."""
    return structlog.get_logger(**context)  # type: ignore[no-any-return]  # structlog types this as Any
