"""Where WARC files are: folders, object stores, web servers, and lists of paths such as Common Crawl publishes."""

from __future__ import annotations

import gzip
import re
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote, urlsplit

import obstore
import obstore.store
from obstore.exceptions import BaseError

from pipelines.given import InputError
from pipelines.store_errors import find_cause

if TYPE_CHECKING:
    from collections.abc import Iterator

    from obstore.store import ObjectStore

    from pipelines.warc.members import RawFile

_ARCHIVE = re.compile(r"\.warc(?:\.gz|\.zst)?$", re.IGNORECASE)
_TEXTS = re.compile(r"\.(?:wet|wat)(?:\.gz|\.zst)?$", re.IGNORECASE)
_ARC = re.compile(r"\.arc(?:\.gz|\.zst)?$", re.IGNORECASE)
_BUFFER_BYTES = 4 << 20


def is_archive(name: str) -> bool:
    """Say by its name whether a file is a WARC."""
    return _ARCHIVE.search(_path_of(name)) is not None


def find_refusal(name: str) -> str | None:
    """Say by its name why a file is not read, in one line; None: it may be a WARC, or something else."""
    path = _path_of(name)
    if _TEXTS.search(path):
        return f"{name}: holds texts or metadata (WET, WAT), no pages: give the WARC that it was made from"
    if _ARC.search(path):
        return (
            f"{name}: ARC, the format before WARC, is not read: convert it first, as with warcio's arc2warc"
        )
    return None


def is_remote(name: str) -> bool:
    """Say whether it is an address."""
    return "://" in name


def find_remote(name: str) -> tuple[str, ...]:
    """Give the WARC files that an address stands for: itself, or those below a prefix, sorted.

    Raises InputError, one line, where it cannot be listed, or there is none.
    """
    if is_archive(name):
        return (name,)
    if refusal := find_refusal(name):
        raise InputError(refusal)
    if name.startswith(("http://", "https://")):
        raise InputError(
            f"{name}: a web server lists no files: name WARC files, or give their paths by --list"
        )
    root, path = _parted(name)
    with naming(name):
        store = _open_store(root)
        found = [
            entry["path"]
            for chunk in obstore.list(store, path or None)
            for entry in chunk
            if is_archive(entry["path"])
        ]
    if not found:
        raise InputError(f"{name}: no .warc, .warc.gz or .warc.zst object below it")
    return tuple(f"{root}/{path}" for path in sorted(found))


def read_list(path: Path, base: str | None) -> tuple[str, ...]:
    """Read a list of paths, one a line, plain or gzipped; blank lines and those that begin with # say nothing.

    `base`: the address or folder that they are relative to; None: the folder of the list.
    """
    with naming(str(path)):
        body = path.read_bytes()
        text = (gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body).decode("utf-8")
    names = [line.strip() for line in text.splitlines()]
    names = [name for name in names if name and not name.startswith("#")]
    if not names:
        raise InputError(f"{path}: names no file")
    root = base.rstrip("/") if base is not None else str(path.parent)
    return tuple(name if is_remote(name) or name.startswith("/") else f"{root}/{name}" for name in names)


def open_place(name: str) -> RawFile:
    """Open a file or an object for reading. Raises what the disk or the store raises: see `naming`."""
    if not is_remote(name):
        return Path(name).open("rb", buffering=0)
    root, path = _parted(name)
    return cast("RawFile", obstore.open_reader(_open_store(root), path, buffer_size=_BUFFER_BYTES))


def describe(name: str) -> tuple[int, datetime]:
    """Give the size of a file or an object, and when it was written. Raises as `open_place` does."""
    if not is_remote(name):
        found = Path(name).stat()
        return found.st_size, datetime.fromtimestamp(found.st_mtime, UTC)
    root, path = _parted(name)
    about = obstore.head(_open_store(root), path)
    return about["size"], about["last_modified"]


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Turn what a disk, a store or a server raises into one line that names the input."""
    try:
        yield
    except (OSError, EOFError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or find_cause(error, name)
        raise InputError(f"{name}: cannot be read: {reason}") from error
    except (BaseError, ValueError) as error:
        raise InputError(f"{name}: cannot be read: {find_cause(error, name)}") from error


def _open_store(root: str) -> ObjectStore:
    options: dict[str, Any] = {"client_options": {"allow_http": True}} if root.startswith("http://") else {}
    return obstore.store.from_url(root, **options)


def _parted(name: str) -> tuple[str, str]:
    parts = urlsplit(name)
    return f"{parts.scheme}://{parts.netloc}", unquote(parts.path.lstrip("/"))


def _path_of(name: str) -> str:
    return urlsplit(name).path if is_remote(name) else name
