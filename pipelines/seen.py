"""What is known of URLs, articles and texts: their digests, the marks of a row, and the scripts that read and set them."""

from __future__ import annotations

import hashlib
import struct
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import msgspec
from redis.exceptions import NoScriptError

from cleaners.urls import canonical_url
from pipelines.record import encode_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from redis.asyncio import Redis

# The order is that of the outcome's number in a remembered entry (scripts/seen.lua).
OUTCOMES = ("article", "unchanged", "duplicate", "rejected", "gone", "blocked", "dead")

# They stand before every script, in this order.
_PRELUDE = ("gate", "seen", "links", "near", "again")

HIDDEN = "sha256:"
"""Begins what stands for an address that was taken down: the hex of its digest follows."""

_ROW = struct.Struct(">16s32sBIH16s10s3sIH")
_LATEST = 2**32 - 1
# An id that is unknown since its generation was dropped goes on beyond every revision that it may have had.
_REVISIONS_A_LIFE = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What Redis needs of one row: of its visit, and of its article where it is one."""

    digest: bytes
    """Of the URL as claimed: see `url_digest`."""
    token: str
    site: str
    outcome: str
    fetched_at: datetime
    revision: int = 0
    id: bytes = bytes(16)
    text: bytes = bytes(32)
    """Sha256 of the clean text; 8 bytes of it are remembered."""
    check: bytes = bytes(3)
    """Of the text and the title: see `to_check`."""
    said: bytes = b""
    """What its listing said of its URL, as JSON, where Redis may not know it any more; only an article's."""
    original: int = 0
    """The place, from 1, of the row in the same batch that this one is a duplicate of; 0: none."""

    def in_batch(self, *, original: int) -> Mark:
        """Give the mark with its original's place in the batch."""
        return replace(self, original=original)

    def packed(self) -> bytes:
        """Give the row as scripts/seen.lua unpacks it."""
        site = self.site.encode()
        return b"".join(
            (
                _ROW.pack(
                    self.digest,
                    self.token.encode(),
                    OUTCOMES.index(self.outcome) + 1,
                    to_seconds(self.fetched_at),
                    self.revision,
                    self.id,
                    self.text[:10],
                    self.check,
                    self.original,
                    len(site),
                ),
                site,
                struct.pack(">H", len(self.said)),
                self.said,
            )
        )


@lru_cache(maxsize=1024)
def url_digest(url: str) -> bytes:
    """Give the first 16 bytes of sha256 of the URL's canonical form: the id of the article, if it names one.

    So a page that is listed with and without tracking parameters is claimed, and fetched, once. What has no canonical
    form stands for itself.
    """
    if url.startswith(HIDDEN):
        return bytes.fromhex(url.removeprefix(HIDDEN))
    with suppress(ValueError):
        url = canonical_url(url)
    return hashlib.sha256(url.encode("utf-8", "surrogatepass")).digest()[:16]


def pack_rows(marks: Iterable[Mark]) -> bytes:
    """Give the marks of a batch, in its order, as one argument of a script."""
    return b"".join(mark.packed() for mark in marks)


def to_mark(row: Mapping[str, Any]) -> Mark:
    """Read the mark of a published row. Raises KeyError or ValueError where it is no row of ours."""
    is_article = row["outcome"] == "article"
    if row["outcome"] not in OUTCOMES:
        raise ValueError(f"unknown outcome {row['outcome']!r}")
    return Mark(
        digest=url_digest(row["url"]),
        token=row["visit"],
        site=row["site"] or "",
        outcome=row["outcome"],
        fetched_at=datetime.fromisoformat(row["fetched_at"]),
        revision=row["revision"] if is_article else 0,
        id=bytes.fromhex(row["id"]) if is_article else bytes(16),
        text=bytes.fromhex(row["content_hash"]) if is_article else bytes(32),
        check=to_check(row) if is_article else bytes(3),
        said=_to_said(row["url"]) if is_article else b"",
    )


def to_check(record: Mapping[str, Any]) -> bytes:
    """Give the three bytes that change with an article's text or title: a page where they stay is unchanged."""
    title = encode_line({"title": record["title"]})
    return hashlib.sha256(bytes.fromhex(record["content_hash"]) + title).digest()[:3]


def _to_said(url: str) -> bytes:
    said = msgspec.json.encode({"url": url})
    # An address that long is not visited again after a loss of Redis.
    return said if len(said) < 2**16 else b""


def begins_life(revision: int) -> bool:
    """Say whether an article that was forgotten, or never known, may begin with this revision (scripts/seen.lua)."""
    return (revision - 1) % _REVISIONS_A_LIFE == 0


def to_seconds(moment: datetime) -> int:
    """Give Unix seconds, within what four bytes hold."""
    return min(max(int(moment.timestamp()), 0), _LATEST)


def to_since(modified_at: str | None, now: datetime) -> int:
    """Give the Unix second before which a visit of a page modified then does not count; 0: the listing says nothing usable.

    A time in the future says nothing: some sites print their local time as UTC, and would be due on every pass.
    """
    if not modified_at:
        return 0
    try:
        moment = datetime.fromisoformat(modified_at.strip())
    except ValueError:
        try:
            moment = parsedate_to_datetime(modified_at)
        except ValueError:
            return 0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return 0 if moment > now else to_seconds(moment)


@cache
def _script(name: str) -> tuple[str, str]:
    """A script with what stands before it, and the name that the server gives it: the sha1 of its text."""
    folder = resources.files("pipelines") / "scripts"
    source = "\n".join((folder / f"{part}.lua").read_text("utf-8") for part in (*_PRELUDE, name))
    return source, hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()


class Scripts:
    """The Lua scripts on one Redis, each called by its file's name with the log's prefix as its key."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis = redis
        self._prefix = prefix

    async def run(self, name: str, *arguments: str | bytes | float) -> Any:
        """Run the script, sending its text only where the server does not know it."""
        source, digest = _script(name)
        try:
            return await self._redis.evalsha(digest, 1, self._prefix, *arguments)
        except NoScriptError:
            # Not loaded first and called then: the server may be killed in between.
            return await self._redis.eval(source, 1, self._prefix, *arguments)
