"""What was sent and what came back, as it is kept in an archive."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cleaners.models import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its answer, as the network had them."""

    target: str
    """The request's path and query, as sent."""
    request_headers: tuple[tuple[str, str], ...]
    """As sent, without what is nobody's business: see docs/archives.md."""
    protocol: str
    """`HTTP/1.1`, `HTTP/1.0` or `HTTP/2`."""
    status: int
    reason: str
    """The words after the status; empty: there were none."""
    headers: tuple[tuple[bytes, bytes], ...]
    """The answer's, in their order and letters."""
    body: bytes = field(repr=False)
    """Without its transfer encoding, with its content encoding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """A fetched page on its way into the archive."""

    exchange: Exchange
    document: Document
    """What was made of it for cleaning: with the same address and time, and what is known of the page beside it."""
    is_rendered: bool = False
    """The document's body is what the page's scripts have made of it in a browser."""
