"""What `broadsheet clean` reads: pages, texts, JSON Lines and WARC files from disks, stores and standard input, streamed."""

from __future__ import annotations

import gzip
import io
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

from backports import zstd

from cleaners.decode import decode
from pipelines.given import Input, InputError
from pipelines.lines import read_line, to_document
from pipelines.stated_url import find_stated_url
from pipelines.warc import places
from pipelines.warc.filters import Filters
from pipelines.warc.reading import NoPagesError, ReadReport, read_warc
from pipelines.worker import DirtyText

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from pipelines.foreign import LineFormat

__all__ = ["MAX_LINE_BYTES", "Input", "InputError", "find_inputs", "holds_lines", "read_inputs"]

MAX_LINE_BYTES = 64 * 1024 * 1024
"""A longer line is one rejection, `too_large`: eight times the largest page that the crawl takes."""

_PEEK_BYTES = 64 * 1024
_Kind = Literal["html", "text", "lines", "warc"]
_KINDS: dict[str, _Kind] = {
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".txt": "text",
    ".jsonl": "lines",
    ".ndjson": "lines",
    ".warc": "warc",
}
_COMPRESSED = (".gz", ".zst")
_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


Source = Path | str | None
"""A file, the address of a WARC, or standard input."""


def find_inputs(names: Iterable[str]) -> tuple[Source, ...]:
    """The files behind the names, folders and prefixes opened; None is standard input. InputError: one cannot be read."""
    found = tuple(source for name in names for source in _find(name))
    for file in found:
        if isinstance(file, Path):
            with naming(str(file)), file.open("rb"):
                pass
    return found


def _find(name: str) -> Iterable[Source]:
    if name == "-":
        return (None,)
    if places.is_remote(name):
        return places.find_remote(name)
    path = Path(name)
    if path.is_dir():
        inside = [file for file in sorted(path.rglob("*")) if file.is_file() and find_kind(file)]
        if not inside:
            raise InputError(f"{name}: no .html, .txt, .jsonl or .warc file in this folder")
        return inside
    if not path.exists():
        raise InputError(f"{name}: no such file")
    if refusal := places.find_refusal(name):
        raise InputError(refusal)
    if find_kind(path) is None:
        raise InputError(
            f"{name}: not a .html, .txt, .jsonl or .warc file (.gz and .zst are fine after these)"
        )
    return (path,)


def holds_lines(source: Source) -> bool:
    """Whether any number of pages may come from it."""
    return not isinstance(source, Path) or find_kind(source) in ("lines", "warc")


def read_inputs(
    sources: Iterable[Source],
    *,
    filters: Filters | None = None,
    report: ReadReport | None = None,
    known: LineFormat | None = None,
) -> Iterator[Input]:
    """Everything in the files, in order. InputError: a file cannot be read on, or no WARC among them holds a response.

    `filters` says which pages of WARC files are wanted, and `report` counts what was read of those. `known`: how lines are
    read; None: their keys tell.
    """
    filters, report = filters or Filters(), report if report is not None else ReadReport()
    nothing: NoPagesError | None = None
    for source in sources:
        if isinstance(source, str) or (source is not None and find_kind(source) == "warc"):
            try:
                yield from read_warc(str(source), filters=filters, report=report)
            except NoPagesError as error:
                nothing = error
            continue
        name = "standard input" if source is None else str(source)
        with naming(name), _opened(source) as raw:
            stream = decompress(io.BufferedReader(raw, _PEEK_BYTES))
            kind = find_kind(source) if source is not None else _sniffed(stream)
            if kind == "lines":
                yield from _read_lines(stream, name, known)
            else:
                yield read_whole(stream.read(), name, kind)
    if nothing is not None and len(report.without_pages) == report.files:
        raise nothing


def _opened(path: Path | None) -> io.FileIO:
    """Unbuffered, so that what standard input has is read as it comes."""
    # Not sys.stdin: Python aborts at its exit if a thread waits in that reader.
    return io.FileIO(0, closefd=False) if path is None else io.FileIO(path)


def find_kind(path: Path) -> _Kind | None:
    """Tell by its name what a file holds; None: nothing that is read."""
    name = path.with_suffix("") if path.suffix.lower() in _COMPRESSED else path
    return _KINDS.get(name.suffix.lower())


def decompress(stream: io.BufferedReader) -> io.BufferedReader:
    """Give the plain bytes, told by the first bytes and not by the name: standard input has no name, and names lie."""
    start = stream.peek(4)[:4]
    if start.startswith(_GZIP_MAGIC):
        return io.BufferedReader(gzip.GzipFile(fileobj=stream))
    if start == _ZSTD_MAGIC:
        return io.BufferedReader(zstd.ZstdFile(stream))
    return stream


def _sniffed(stream: io.BufferedReader) -> _Kind:
    """JSON Lines if one of the first lines begins like an object, or there is none; a page if it all begins with a tag."""
    start = stream.peek(_PEEK_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"WARC/"):
        raise InputError(
            "standard input: is a WARC: give it as a file or an address, since its records are sought"
        )
    if start.startswith(b"<"):
        return "html"
    if not start or any(line.lstrip().startswith(b"{") for line in start.splitlines()):
        return "lines"
    return "text"


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Turn what reading raises into one line that names the input."""
    try:
        yield
    except (OSError, EOFError, zlib.error, zstd.ZstdError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{name}: cannot be read: {reason}") from error


def read_whole(body: bytes, name: str, kind: str | None, *, by: datetime | None = None) -> Input:
    """Read a file that is one page or text. `by`: when it was fetched at the latest; None: by now."""
    if not body.strip():
        return Input(where=name, fault="no_content", evidence="the file is empty")
    if kind == "text":
        return Input(where=name, page=DirtyText(text=_text(body), url=""))
    url = find_stated_url(body)
    return Input(where=name, url=url, page=to_document(body, url, by, {}))


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return decode(body, None)


def _read_lines(stream: BinaryIO, name: str, known: LineFormat | None) -> Iterator[Input]:
    number = 0
    while line := stream.readline(MAX_LINE_BYTES):
        number += 1
        where = f"{name}, line {number}"
        if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
            _skip_line(stream)
            evidence = f"the line is longer than {MAX_LINE_BYTES // 1024**2} MiB"
            yield Input(where=where, fault="too_large", evidence=evidence)
        elif line.strip():
            yield read_line(line, where, known)


def _skip_line(stream: BinaryIO) -> None:
    while (part := stream.readline(_PEEK_BYTES)) and not part.endswith(b"\n"):
        pass
