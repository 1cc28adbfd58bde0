"""What HTTP says of a listing's changes: its validators, how they are sent back, and how long an answer stays fresh."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from pipelines.ledger import Validators

if TYPE_CHECKING:
    from scrapy.http import Response

_DAY_SECONDS = 86_400


def read_validators(response: Response) -> Validators:
    """What the answer lets the next request say."""
    return Validators(
        etag=read_header(response, "ETag"),
        last_modified=read_header(response, "Last-Modified"),
        # Twelve bytes of it: one is kept for every listing of every site.
        body_hash=base64.b64encode(hashlib.sha256(response.body).digest()[:12]).decode(),
    )


def to_headers(known: Validators) -> dict[str, str]:
    """The headers of a request for what has changed since."""
    headers = {}
    if known.etag:
        headers["If-None-Match"] = known.etag
    if known.last_modified:
        headers["If-Modified-Since"] = known.last_modified
    return headers


def has_same_validators(now: Validators, before: Validators) -> bool:
    """Whether a request for changes would have had no such answer: by them, nothing has changed."""
    if now.etag or before.etag:
        return now.etag == before.etag
    return now.last_modified is not None and now.last_modified == before.last_modified


def read_fresh_seconds(response: Response) -> float:
    """How long the answer stays fresh, by `Cache-Control` and `Age`, up to a day; 0: they do not say."""
    passed = _to_seconds(read_header(response, "Age") or "")
    for directive in (read_header(response, "Cache-Control") or "").lower().split(","):
        name, _, value = directive.strip().partition("=")
        if name == "max-age":
            return float(max(_to_seconds(value.strip('"')) - passed, 0))
    return 0.0


def read_header(response: Response, name: str) -> str | None:
    """The header's last value; None: there is none."""
    value = response.headers.get(name)
    return value.decode("utf-8", "replace") if value else None


def _to_seconds(text: str) -> int:
    # At most nine digits: strangers send numbers that Python takes seconds to read.
    return min(int(text), _DAY_SECONDS) if text.isascii() and text.isdigit() and len(text) < 10 else 0
