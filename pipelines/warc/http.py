"""The HTTP message in a record's block: status, headers, and the body with its encodings taken off."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from cleaners.headers import join_headers
from pipelines.decompress import DecodingError, decompress

MAX_BODY_BYTES = 8 * 1024 * 1024
"""Of a page once decoded: as much as the crawl takes."""

_STATUS_LINE = re.compile(rb"HTTP/\d(?:\.\d)?\s+(\d{3})(?:\s|$)")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9a-fA-F]{1,16})[ \t]*(?:;[^\r\n]{0,4096})?\r?\n")
_MAX_HEAD_BYTES = 256 * 1024
_MARKUP = b"<"


class NoHttpError(ValueError):
    """A block that holds no answer of a server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """An answer as it stands in its record."""

    status: int
    headers: tuple[tuple[str, str], ...]
    """Names in lower case, in their order."""
    body: bytes = field(repr=False)
    """As sent: with its encodings."""

    def get(self, name: str) -> str:
        """Give the values of a header, joined by a comma; empty: there is none."""
        return ", ".join(value for known, value in self.headers if known == name)

    @property
    def mime(self) -> str:
        """The type that the answer says it is of, in lower case; empty: it says none."""
        return self.get("content-type").partition(";")[0].strip().lower()

    def cleaned_headers(self) -> dict[str, str]:
        """Give those headers that cleaning reads, as `cleaners.models.Document` has them."""
        return join_headers(self.headers)


def read_message(block: bytes) -> Message:
    """Read a block of type `application/http`. Raises NoHttpError."""
    first = _STATUS_LINE.match(block)
    if first is None:
        raise NoHttpError
    end = _HEAD_END.search(block, 0, _MAX_HEAD_BYTES)
    head, body = (block[: end.start()], block[end.end() :]) if end else (block, b"")
    headers: list[tuple[str, str]] = []
    for line in head.splitlines()[1:]:
        if line[:1] in b" \t" and headers:
            # Folded lines are gone from HTTP, and stand in old archives.
            headers[-1] = (headers[-1][0], f"{headers[-1][1]} {_text(line)}")
            continue
        name, colon, value = line.partition(b":")
        if colon:
            headers.append((name.strip().decode("latin-1").lower(), _text(value)))
    return Message(status=int(first[1]), headers=tuple(headers), body=body)


def decode_body(message: Message, body: bytes, max_bytes: int = MAX_BODY_BYTES) -> bytes:
    """Take the content encodings off a body without transfer encoding. Raises DecodingError.

    Where the body is markup already, its header is what the archive's writer forgot to take away.
    """
    encoding = message.get("content-encoding")
    if encoding and body.lstrip()[:1] != _MARKUP:
        body = decompress(body, encoding, max_bytes)
    if len(body) > max_bytes:
        raise DecodingError("too_large", f"more than {max_bytes} bytes")
    return body


def unchunk(message: Message) -> bytes:
    """Take the transfer encoding off the body. Raises DecodingError where it ends early.

    Many archives hold bodies without it and headers that name it: what does not begin like a chunk has none.
    """
    if "chunked" not in message.get("transfer-encoding").lower():
        return message.body
    body, place, pieces = message.body, 0, list[bytes]()
    while size := _CHUNK_SIZE.match(body, place):
        count = int(size[1], 16)
        if not count:
            return b"".join(pieces)
        piece = body[size.end() : size.end() + count]
        pieces.append(piece)
        place = size.end() + count
        if len(piece) < count:
            break
        place += 2 if body.startswith(b"\r\n", place) else body.startswith(b"\n", place)
    if not pieces:
        return body
    raise DecodingError(
        "truncated", f"the chunked body ends after {sum(map(len, pieces))} bytes without its last chunk"
    )


def _text(value: bytes) -> str:
    return value.strip().decode("utf-8", "replace")
