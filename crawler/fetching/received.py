"""An answer as it came over the network, whichever client asked for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from multidict import CIMultiDict

from crawler.fetching.failures import NotHtmlError, TooLargeError

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterable


_HTML_TYPES = frozenset({"", "text/html", "application/xhtml+xml", "application/xml", "text/xml"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is read of a good answer."""

    html_only: bool
    max_bytes: int
    cut: bool
    """Whether a larger body is cut there, and not refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """What only an archive wants to know of a request and its answer."""

    target: str
    """The request's path and query."""
    request_headers: tuple[tuple[str, str], ...]
    protocol: str
    """`HTTP/1.1`, `HTTP/1.0` or `HTTP/2`."""
    reason: str
    headers: tuple[tuple[bytes, bytes], ...]
    """The answer's, as sent."""


@dataclass(slots=True)
class Received:
    """Status, headers, and the body as it was sent, as far as it was read."""

    status: int
    headers: CIMultiDict[str]
    body: bytes = b""
    was_read: bool = False
    is_whole: bool = True
    """Whether the body was read to its end."""
    wire: Wire | None = None
    """None: nobody has asked for it."""

    @classmethod
    def of(cls, status: int, headers: Iterable[tuple[str, str]]) -> Received:
        """An answer whose body was not read yet."""
        return cls(status, CIMultiDict(headers))

    async def read(self, pieces: AsyncIterable[bytes], wanted: Wanted) -> None:
        """Read the body, if it is wanted. Raises NotHtmlError, and TooLargeError for what is not to be cut."""
        if not 200 <= self.status < 300:
            return
        if wanted.html_only:
            _check_type(self.headers.get("Content-Type", ""))
        announced = self.headers.get("Content-Length", "")
        if (
            announced.isascii()
            and announced.isdigit()
            and int(announced[:18]) > wanted.max_bytes
            and not wanted.cut
        ):
            raise TooLargeError(f"{announced[:18]} bytes are announced, {wanted.max_bytes} is the limit")
        self.was_read = True
        found: list[bytes] = []
        total = 0
        async for piece in pieces:
            total += len(piece)
            found.append(piece)
            if total > wanted.max_bytes:
                if not wanted.cut:
                    raise TooLargeError(f"more than {wanted.max_bytes} bytes")
                self.body, self.is_whole = b"".join(found)[: wanted.max_bytes], False
                return
        self.body = b"".join(found)


def _check_type(content_type: str) -> None:
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in _HTML_TYPES:
        raise NotHtmlError(f"the answer is {kind[:80]}")
