"""What a command is told of the files to read, judged before anything is read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from crawler.errors import UserError
from pipelines.foreign import read_map
from pipelines.warc.filters import HTML_TYPES, Filters
from pipelines.warc.places import read_list

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pipelines.foreign import LineFormat

_HOST = re.compile(r"[\w.:\[\]-]{1,253}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{1,8})*")
_MIME = re.compile(r"[\w.+-]+/[\w.+-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveOptions:
    """The options as they were typed; None or empty: not given."""

    list: Path | None = None
    base: str | None = None
    hosts: Sequence[str] | None = None
    languages: Sequence[str] | None = None
    first: str | None = None
    last: str | None = None
    mimes: Sequence[str] | None = None

    def read_list(self) -> tuple[str, ...]:
        """Give the files of the list. Raises UserError, and `pipelines.given.InputError` where it cannot be read."""
        if self.list is None:
            if self.base is not None:
                raise UserError("--base: is what the paths of --list are relative to; give that, too")
            return ()
        return read_list(self.list, self.base)

    def to_filters(self) -> Filters:
        """Read the filters. Raises UserError."""
        first, last = _read_day("--from", self.first), _read_day("--to", self.last)
        if first and last and last < first:
            raise UserError(f"--to {last}: is before --from {first}")
        return Filters(
            hosts=_read_all("--host", self.hosts, _HOST, "news.example"),
            languages=_read_all("--language", self.languages, _LANGUAGE, "de or pt-br"),
            first=first,
            last=last,
            mimes=_read_all("--mime", self.mimes, _MIME, "text/html") or HTML_TYPES,
        )


def read_keys(keys: str | None) -> LineFormat | None:
    """Read `--map`; None: it was not given. Raises UserError."""
    try:
        return read_map(keys) if keys is not None else None
    except ValueError as error:
        raise UserError(f"--map {error}") from error


def _read_day(name: str, text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise UserError(f"{name} {text}: is no day such as 2026-04-14") from None


def _read_all(
    name: str, values: Sequence[str] | None, pattern: re.Pattern[str], example: str
) -> tuple[str, ...]:
    found = tuple(value.strip().lower() for value in values or ())
    for value in found:
        if not pattern.fullmatch(value):
            raise UserError(f"{name} {value!r}: must be such as {example}")
    return found
