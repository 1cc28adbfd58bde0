"""Structured logs: one event a line, as JSON unless a person looks on; whatever strangers wrote cannot end a line.

All that Python's own `logging` is told comes this way too, so that there is one stream. Tracebacks are one field.
"""

from __future__ import annotations

import logging
import re
import sys
from typing import TYPE_CHECKING, Any, Literal, TextIO

import structlog

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from structlog.typing import EventDict, WrappedLogger

LogFormat = Literal["auto", "json", "text"]
"""`auto`: text on a terminal, else JSON."""

# The user part of an address in a URL, and what query parameters and headers call a secret.
_LOG_IN = re.compile(r"(?<=://)[^/?#\s@]+@")
_SECRET = re.compile(
    r"(?i)\b(token|password|passwd|secret|api[_-]?key|authorization|cookie)(\"?\s*[=:]\s*\"?)(bearer\s+|basic\s+)?[^\s&\"',;]+"
)
_SECRET_NAME = re.compile(r"(?i)token|password|passwd|secret|api_?key|authorization|cookie")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_HIDDEN = "***"
FIELDS = (
    *("site", "alert", "monitor", "evidence", "opened_at"),
    *("pages", "new_links", "owed", "put_off", "verdict"),
)
"""What modules that do not know structlog may give by `extra=`, each a field of the line; a library's own is no field."""
_MOST_CHARS = 8_000
"""Of one value: a traceback has its end, which says most, in the last half of it."""


def set_up(form: LogFormat = "auto", *, stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Send all logs of the process to a stream, None: standard error; replaces what was set up before."""
    stream = stream or sys.stderr
    is_json = form == "json" or (form == "auto" and not stream.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        structlog.processors.UnicodeDecoder(),
        _clean,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False, sort_keys=False) if is_json else _to_text
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(allow=FIELDS), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    # Each names every request that it sends or is sent.
    for name in ("scrapy", "aiohttp.access", "uvicorn.access", "asyncio", "httpcore"):
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def get_log(name: str) -> structlog.stdlib.BoundLogger:
    """The log of a module; events take their particulars as keywords."""
    log: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return log


def _clean(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Hide what is secret, by its key or by how it is written, and escape what would steer a terminal or end a line."""
    return {_escape(str(key)): _clean_value(str(key), value) for key, value in event.items()}


def _clean_value(key: str, value: Any) -> Any:
    # Structlog's own, such as the record: they are taken out before a line is made.
    if key.startswith("_") or value is None or isinstance(value, bool | int | float):
        return value
    if _SECRET_NAME.search(key):
        return _HIDDEN
    if isinstance(value, dict):
        return {_escape(str(name)): _clean_value(str(name), one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean_value(key, one) for one in value]
    return _escape(hide_secrets(str(value)))


def hide_secrets(text: str) -> str:
    """The text without passwords in addresses, tokens and the like.

    >>> hide_secrets("redis://me:pw@host/0 token=abc123 Authorization: Bearer xyz")
    'redis://***@host/0 token=*** Authorization: ***'
    """
    return _SECRET.sub(rf"\1\2{_HIDDEN}", _LOG_IN.sub(f"{_HIDDEN}@", text))


def _escape(text: str) -> str:
    if len(text) > _MOST_CHARS:
        half = _MOST_CHARS // 2
        text = f"{text[:half]} … {text[-half:]}"
    text = text.encode("utf-8", "backslashreplace").decode()
    return _CONTROLS.sub(lambda match: f"\\u{ord(match[0]):04x}" if match[0] != "\n" else "\\n", text)


def _to_text(_logger: WrappedLogger, _method: str, event: MutableMapping[str, Any]) -> str:
    """A line for a person at a terminal."""
    said = dict(event)
    moment, level, text = said.pop("timestamp", ""), said.pop("level", ""), said.pop("event", "")
    said.pop("logger", None)
    rest = "".join(f" {key}={value}" for key, value in said.items())
    return f"{str(moment)[:19]} {level:<7} {text}{rest}"
