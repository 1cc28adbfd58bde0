"""Which responses of an archive are wanted, decided before any page is parsed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from datetime import date, datetime

    from pipelines.warc.http import Message

HTML_TYPES = ("text/html", "application/xhtml+xml")

_HEAD_BYTES = 16 * 1024
_HTML_TAG = re.compile(rb"<html\b([^>]{0,2000})>?", re.IGNORECASE)
_LANG = re.compile(
    rb"(?<![\w-])(?:xml:)?lang\s*=\s*[\"']?\s*([A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*)", re.IGNORECASE
)
_META = re.compile(rb"<meta\b([^>]{0,500})", re.IGNORECASE)
_META_LANGUAGE = re.compile(rb"[\"']?(?:content-language|og:locale|dc\.language)[\"'\s]", re.IGNORECASE)
_CONTENT = re.compile(rb"content\s*=\s*[\"']?\s*([A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Empty, or None: everything passes."""

    hosts: tuple[str, ...] = ()
    """In lower case; each stands for itself and what is below it."""
    languages: tuple[str, ...] = ()
    """Such as `de`, which `de-AT` is of, too. A page that declares none passes: only its text would say it."""
    first: date | None = None
    """The first day, UTC, of the fetch."""
    last: date | None = None
    """The last day."""
    mimes: tuple[str, ...] = HTML_TYPES
    """The types that answers say they are of."""

    def find_objection(self, url: str, fetched_at: datetime | None) -> str | None:
        """Say by a record's headers why it is left out: `host` or `date`; None: it is not. A date must be known."""
        if self.hosts and not self._has_host(url):
            return "host"
        if self.first is None and self.last is None:
            return None
        day = fetched_at.date() if fetched_at else None
        if day is None or (self.first and day < self.first) or (self.last and day > self.last):
            return "date"
        return None

    def find_objection_to_type(self, message: Message) -> str | None:
        """Say `mime` where an answer is of no type that is wanted. One that says none passes if it begins as markup."""
        is_wanted = message.mime in self.mimes or (not message.mime and message.body.lstrip()[:1] == b"<")
        return None if is_wanted else "mime"

    def find_objection_to_language(self, message: Message, body: bytes) -> str | None:
        """Say `language` where a page declares one, and none that is wanted."""
        if not self.languages:
            return None
        declared = find_declared_languages(message.get("content-language"), body)
        if not declared:
            return None
        return None if any(_is_of(tag, self.languages) for tag in declared) else "language"

    def _has_host(self, url: str) -> bool:
        try:
            host = (urlsplit(url).hostname or "").lower()
        except ValueError:
            return False
        return any(host == wanted or host.endswith(f".{wanted}") for wanted in self.hosts)


def find_declared_languages(header: str, body: bytes) -> list[str]:
    """Read what a page declares: its `lang`, else its metas, else its header, which sites set for all pages alike."""
    head = body[:_HEAD_BYTES]
    if (tag := _HTML_TAG.search(head)) and (lang := _LANG.search(tag[1])):
        return [_normal(lang[1])]
    for meta in _META.finditer(head):
        if _META_LANGUAGE.search(meta[1]) and (content := _CONTENT.search(meta[1])):
            return [_normal(content[1])]
    return [part.strip().lower() for part in header.split(",") if part.strip()]


def _normal(tag: bytes) -> str:
    return tag.decode("ascii").replace("_", "-").lower()


def _is_of(tag: str, languages: tuple[str, ...]) -> bool:
    return any(tag == language or tag.startswith(f"{language}-") for language in languages)
