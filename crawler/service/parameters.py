"""What the parameters of endpoints may hold, each with its schema: one reads what the other describes."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from crawler.errors import UserError
from crawler.seeds import find_url_problem
from crawler.service.endpoints import Parameter
from crawler.stop_command import read_span

if TYPE_CHECKING:
    from collections.abc import Callable

_SITE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
_ID = re.compile(r"[0-9a-f]{32}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_PORT = "[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]"
URL_PATTERN = rf"^https?://[A-Za-z0-9._-]+(:({_PORT}))?([/?#][^\s\x00-\x1f\x7f]*)?$"
URL_CHARS = 8_192
_URL = re.compile(URL_PATTERN)
_DIGITS = re.compile(r"[0-9]{1,19}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2}))?"
)


def read_url(given: str) -> str:
    """Check an address. Raises ValueError."""
    if len(given) > URL_CHARS:
        raise ValueError(f"must have at most {URL_CHARS} characters")
    if problem := find_url_problem(given):
        raise ValueError(problem)
    if not _URL.fullmatch(given):
        raise ValueError("must have its host in ASCII, as xn--… where it is not by itself")
    return given


def site(*, place: Any = "query") -> Parameter:
    """A site's id."""
    return Parameter(
        name="site" if place == "query" else "id",
        description="A site's id, as in its seed.",
        read=_matching(_SITE, "must be a site's id: letters, digits, dots, hyphens"),
        schema={"type": "string", "pattern": f"^{_SITE.pattern}$"},
        place=place,
        is_required=place == "path",
    )


def article_id() -> Parameter:
    """An article's id."""
    return Parameter(
        name="id",
        description="An article's id: 32 hexadecimal digits.",
        read=_matching(_ID, "must be an article's id: 32 hexadecimal digits in lower case"),
        schema={"type": "string", "pattern": f"^{_ID.pattern}$"},
        place="path",
        is_required=True,
    )


def language() -> Parameter:
    """A language."""
    return Parameter(
        name="language",
        description="A language tag such as en or pt-BR; en finds en-GB, too.",
        read=_matching(_LANGUAGE, "must be a language tag such as en or pt-BR"),
        schema={"type": "string", "pattern": f"^{_LANGUAGE.pattern}$"},
    )


def text(name: str, description: str, *, chars: int = 200) -> Parameter:
    """Any text."""

    def read(given: str) -> str:
        if len(given) > chars:
            raise ValueError(f"must have at most {chars} characters")
        if "\0" in given:
            raise ValueError("must not hold U+0000")
        return given

    return Parameter(
        name=name, description=description, read=read, schema={"type": "string", "maxLength": chars}
    )


def url(*, is_required: bool = True) -> Parameter:
    """An address."""
    return Parameter(
        name="url",
        description="An http(s) address, its host in ASCII.",
        read=read_url,
        schema={"type": "string", "pattern": URL_PATTERN, "maxLength": URL_CHARS},
        is_required=is_required,
    )


def count(name: str, description: str, *, most: int, least: int = 0, default: int | None = None) -> Parameter:
    """A whole number."""

    def read(given: str) -> int:
        if not _DIGITS.fullmatch(given) or not least <= int(given) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(given)

    schema: dict[str, Any] = {"type": "integer", "minimum": least, "maximum": most}
    if default is not None:
        schema["default"] = default
    return Parameter(name=name, description=description, read=read, schema=schema, default=default)


def cursor() -> Parameter:
    """Where a list goes on."""
    return replace(
        count("after", "The `after` of the page before.", most=2**63 - 1),
        schema={"type": "string", "pattern": f"^{_DIGITS.pattern}$"},
    )


def moment(name: str, description: str, *, is_end: bool = False) -> Parameter:
    """A moment; a day stands for its first second or, where it ends a span, for the first one after it."""

    def read(given: str) -> datetime:
        problem = "must be a day such as 2026-04-14, or a moment with its zone such as 2026-04-14T08:00:00Z"
        if not _MOMENT.fullmatch(given):
            raise ValueError(problem)
        try:
            if len(given) > len("2026-04-14"):
                return datetime.fromisoformat(given)
            found = datetime.combine(date.fromisoformat(given), time(), UTC)
        except ValueError:
            raise ValueError(problem) from None
        return found + timedelta(days=1) if is_end and found.date() < date.max else found

    schema = {"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]}
    return Parameter(name=name, description=description, read=read, schema=schema)


def span() -> Parameter:
    """How long something lasts."""

    def read(given: str) -> float:
        try:
            return read_span(given)
        except UserError:
            raise ValueError("must be a span such as 30min, 12h, 2d or 1w, up to ten years") from None

    return Parameter(
        name="for",
        description="How long, such as 30min, 12h, 2d or 1w; without it, until further notice.",
        read=read,
        schema={"type": "string", "pattern": r"^[1-9][0-9]{0,2}(min|[smhdw])$"},
    )


def _matching(pattern: re.Pattern[str], problem: str) -> Callable[[str], str]:
    def read(given: str) -> str:
        if not pattern.fullmatch(given):
            raise ValueError(problem)
        return given

    return read
