"""CDXJ: the index beside a WARC file, one line a page, sorted by address and time, as pywb and others read it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_WWW = re.compile(r"^www\d*\.")
_PORTS = {"http": 80, "https": 443}
_REVISIT = "warc/revisit"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexLine:
    """Where one page stands in a file, and whose it is."""

    url: str
    """The address that answered."""
    timestamp: str
    """Of the fetch: 14 digits."""
    mime: str
    """The answer's type, or `warc/revisit`."""
    status: int
    digest: str
    """Of the payload."""
    offset: int
    length: int
    """Of the record's member; the page's other records follow it."""
    group: int
    """Bytes of all records of the page, that one included."""
    filename: str
    """The file, relative to the data folder."""
    record_id: str
    visit: str
    site: str
    requested: str | None = None
    """The address that was asked for, where that is another."""
    refers_to: str | None = None
    """Of a revisit: the record that has the payload."""
    refers_to_file: str | None = None
    """The file that this is in, as rows name it."""

    @property
    def is_revisit(self) -> bool:
        """Whether the payload stands in an earlier record."""
        return self.mime == _REVISIT

    @property
    def urls(self) -> tuple[str, ...]:
        """The addresses that the page stands for."""
        return (self.url,) if self.requested is None else (self.url, self.requested)


def encode_index(lines: Iterable[IndexLine]) -> bytes:
    """Give the index, sorted."""
    made = []
    for line in lines:
        fields: dict[str, Any] = msgspec.to_builtins(line)
        timestamp = fields.pop("timestamp")
        # Numbers stand as strings there.
        fields |= {name: str(fields[name]) for name in ("status", "offset", "length", "group")}
        said = {name: value for name, value in fields.items() if value is not None}
        made.append(
            b"%s %s %s\n" % (to_surt(line.url).encode(), timestamp.encode(), msgspec.json.encode(said))
        )
    return b"".join(sorted(made))


def decode_index(body: bytes) -> Iterator[IndexLine]:
    """Read an index. Raises ValueError, one line, where it is none of ours."""
    for number, line in enumerate(body.splitlines(), 1):
        try:
            _, timestamp, fields = line.split(b" ", 2)
            known = msgspec.json.decode(fields, type=dict[str, Any])
            yield msgspec.convert({**known, "timestamp": timestamp.decode()}, IndexLine, strict=False)
        except ValueError as error:
            raise ValueError(f"line {number} is no line of our index: {error}") from error


def to_surt(url: str) -> str:
    """Give the address as it is sorted: host turned round, without scheme and `www.`, its query's parts sorted.

    >>> to_surt("https://www.News.example:443/A?b=2&a=1")
    'example,news)/a?a=1&b=2'
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return url.replace(" ", "%20")
    turned = ",".join(reversed(_WWW.sub("", host).split(".")))
    if port is not None and port != _PORTS.get(parts.scheme):
        turned += f":{port}"
    query = "&".join(sorted(parts.query.split("&"))) if parts.query else ""
    rest = (parts.path or "/") + (f"?{query}" if query else "")
    return f"{turned}){rest}".lower().replace(" ", "%20")
