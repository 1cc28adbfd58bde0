"""What `broadsheet clean` reads: pages, texts and JSON Lines from files, folders and standard input, streamed."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import msgspec
from backports import zstd

from cleaners.decode import decode
from cleaners.models import Document, Listed
from pipelines.stated_url import find_stated_url
from pipelines.worker import DirtyText

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pipelines.worker import Page

MAX_LINE_BYTES = 64 * 1024 * 1024
"""A longer line is one rejection, `too_large`: eight times the largest page that the crawl takes."""

_PEEK_BYTES = 64 * 1024
_KINDS: dict[str, Literal["html", "text", "lines"]] = {
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".txt": "text",
    ".jsonl": "lines",
    ".ndjson": "lines",
}
_COMPRESSED = (".gz", ".zst")
_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


class InputError(Exception):
    """An input that cannot be read: one line that names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One page or text to clean, or what stood in its place."""

    where: str
    """File and, in JSON Lines, line number; for people."""
    id: Any = None
    """As the line gave it; None: it gave none."""
    url: str | None = None
    fetched_at: datetime | None = None
    """As the line gave it; None: nobody knows."""
    page: Page | None = None
    """None: there is nothing to clean, and `fault` says why."""
    fault: str = ""
    """One word of the rejections in docs/output.md: `not_json`, `no_content`, `too_large`."""
    evidence: str = ""


def find_inputs(names: Iterable[str]) -> tuple[Path | None, ...]:
    """The files behind the names, folders opened; None is standard input. InputError: one cannot be read."""
    found: list[Path | None] = []
    for name in names:
        path = Path(name)
        if name == "-":
            found.append(None)
        elif path.is_dir():
            inside = [file for file in sorted(path.rglob("*")) if file.is_file() and _kind(file)]
            if not inside:
                raise InputError(f"{name}: no .html, .txt or .jsonl file in this folder")
            found += inside
        elif not path.exists():
            raise InputError(f"{name}: no such file")
        elif _kind(path) is None:
            raise InputError(f"{name}: not a .html, .txt or .jsonl file (.gz and .zst are fine after these)")
        else:
            found.append(path)
    for file in found:
        if file is not None:
            with _naming(str(file)), file.open("rb"):
                pass
    return tuple(found)


def holds_lines(path: Path | None) -> bool:
    """Whether any number of pages may come from it."""
    return path is None or _kind(path) == "lines"


def read_inputs(paths: Iterable[Path | None]) -> Iterator[Input]:
    """Everything in the files, in order. InputError: a file cannot be read on."""
    for path in paths:
        name = "standard input" if path is None else str(path)
        with _naming(name), _opened(path) as raw:
            stream = _decompressed(io.BufferedReader(raw, _PEEK_BYTES))
            kind = _kind(path) if path is not None else _sniffed(stream)
            if kind == "lines":
                yield from _read_lines(stream, name)
            else:
                yield _whole(stream.read(), name, kind)


def _opened(path: Path | None) -> io.FileIO:
    """Unbuffered, so that what standard input has is read as it comes."""
    # Not sys.stdin: Python aborts at its exit if a thread waits in that reader.
    return io.FileIO(0, closefd=False) if path is None else io.FileIO(path)


def _kind(path: Path) -> Literal["html", "text", "lines"] | None:
    name = path.with_suffix("") if path.suffix.lower() in _COMPRESSED else path
    return _KINDS.get(name.suffix.lower())


def _decompressed(stream: io.BufferedReader) -> io.BufferedReader:
    """By the first bytes and not by the name: standard input has no name, and names lie."""
    start = stream.peek(4)[:4]
    if start.startswith(_GZIP_MAGIC):
        return io.BufferedReader(gzip.GzipFile(fileobj=stream))
    if start == _ZSTD_MAGIC:
        return io.BufferedReader(zstd.ZstdFile(stream))
    return stream


def _sniffed(stream: io.BufferedReader) -> Literal["html", "text", "lines"]:
    """JSON Lines if one of the first lines begins like an object, or there is none; a page if it all begins with a tag."""
    start = stream.peek(_PEEK_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"<"):
        return "html"
    if not start or any(line.lstrip().startswith(b"{") for line in start.splitlines()):
        return "lines"
    return "text"


@contextmanager
def _naming(name: str) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError, zlib.error, zstd.ZstdError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{name}: cannot be read: {reason}") from error


def _whole(body: bytes, name: str, kind: str | None) -> Input:
    if not body.strip():
        return Input(where=name, fault="no_content", evidence="the file is empty")
    if kind == "text":
        return Input(where=name, page=DirtyText(text=_text(body), url=""))
    url = find_stated_url(body)
    return Input(where=name, url=url, page=_document(body, url, None, {}))


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return decode(body, None)


def _read_lines(stream: BinaryIO, name: str) -> Iterator[Input]:
    number = 0
    while line := stream.readline(MAX_LINE_BYTES):
        number += 1
        where = f"{name}, line {number}"
        if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
            _skip_line(stream)
            evidence = f"the line is longer than {MAX_LINE_BYTES // 1024**2} MiB"
            yield Input(where=where, fault="too_large", evidence=evidence)
        elif line.strip():
            yield _from_line(line, where)


def _skip_line(stream: BinaryIO) -> None:
    while (part := stream.readline(_PEEK_BYTES)) and not part.endswith(b"\n"):
        pass


def _from_line(line: bytes, where: str) -> Input:
    try:
        given = _parsed(line)
    except (ValueError, RecursionError) as error:
        return Input(where=where, fault="not_json", evidence=f"the line is no JSON: {error}")
    if not isinstance(given, dict):
        return Input(where=where, fault="not_json", evidence="the line is JSON, but no object")
    known_id = given.get("id")
    url = _string(given, "url")
    title = _string(given, "title")
    fetched_at = _moment(given.get("fetched_at"))
    html, text = _string(given, "html"), _string(given, "text")
    page: Page
    if html is not None:
        body = html.encode("utf-8", "replace")
        url = url or find_stated_url(body)
        # The text of a JSON line is decoded already, whatever the page's own <meta> says.
        page = _document(body, url, fetched_at, {"content-type": "text/html; charset=utf-8"}, title=title)
    elif text is not None:
        page = DirtyText(text=text, url=url or "", title=title)
    else:
        evidence = "the line has neither html nor text (as strings)"
        return Input(where=where, id=known_id, url=url, fault="no_content", evidence=evidence)
    return Input(where=where, id=known_id, url=url, fetched_at=fetched_at, page=page)


def _parsed(line: bytes) -> Any:
    try:
        return msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # More lenient, as writers are: lone surrogates are left out; bytes that are no UTF-8 are replaced.
        return json.loads(line.decode("utf-8-sig", "replace"), parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"JSON has no {name}")


def _string(given: dict[str, Any], key: str) -> str | None:
    """The value without lone surrogates; None where it is no string, or blank."""
    value = given.get(key)
    if not isinstance(value, str):
        return None
    value = value.encode("utf-8", "ignore").decode()
    return value if value.strip() else None


def _moment(value: object) -> datetime | None:
    """An ISO 8601 time with its zone; anything else is not known."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment is not None and moment.tzinfo else None


def _document(
    body: bytes,
    url: str | None,
    fetched_at: datetime | None,
    headers: dict[str, str],
    *,
    title: str | None = None,
) -> Document:
    return Document(
        url=url or "",
        requested_url=url or "",
        fetched_at=fetched_at or datetime.now(UTC),
        headers=headers,
        listed=Listed(url=url or "", title=title) if title else None,
        body=body,
    )
