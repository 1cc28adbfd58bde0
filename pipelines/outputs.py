"""Where `broadsheet clean` writes: standard output, or a file that appears only when it is complete."""

from __future__ import annotations

import gzip
import os
import sys
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, cast

from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class OutputError(Exception):
    """The output file cannot be made: the user's mistake, one line that names it."""


class WriteError(Exception):
    """Writing failed on the way, such as a full disk: a fault, one line that names the file."""


@contextmanager
def open_output(path: Path | None) -> Iterator[Callable[[bytes], object]]:
    """A function that writes bytes to the file; None: to standard output.

    The file is written beside its place and gets its name when the block ends well; else it is as it was before.
    `.gz` and `.zst` are compressed. OutputError at the start, WriteError later; a closed pipe is BrokenPipeError.
    """
    if path is None:
        yield _print_line
    elif path.is_dir():
        raise OutputError(f"{path}: is a folder; name a file")
    elif path.exists() and not path.is_file():
        # A pipe or a device is written as it is: there is no place beside it.
        with path.open("wb", buffering=0) as stream:
            yield partial(_write, stream, str(path))
    else:
        yield from _into_file(path)


def _into_file(path: Path) -> Iterator[Callable[[bytes], object]]:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        stream = unfinished.open("xb")
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
    try:
        packed = _compressed(stream, path)
        yield partial(_write, packed, str(path))
        with _naming(str(path)):
            if packed is not stream:
                packed.close()
            stream.flush()
            os.fsync(stream.fileno())
            unfinished.replace(path)
    finally:
        # Of a file that failed, what is still in the buffer fails again.
        with suppress(OSError):
            stream.close()
        unfinished.unlink(missing_ok=True)


def _print_line(line: bytes) -> None:
    with _naming("standard output"):
        sys.stdout.buffer.write(line)
        # Whoever reads us may wait for this line, however slow our input is.
        sys.stdout.buffer.flush()


def _write(stream: BinaryIO, name: str, line: bytes) -> None:
    with _naming(name):
        stream.write(line)


def _compressed(stream: BinaryIO, path: Path) -> BinaryIO:
    if path.suffix == ".gz":
        # No name and no time inside: the same lines give the same bytes.
        return cast(
            "BinaryIO", gzip.GzipFile(filename="", mode="wb", fileobj=stream, mtime=0, compresslevel=6)
        )
    if path.suffix == ".zst":
        return cast("BinaryIO", zstd.ZstdFile(stream, mode="w"))
    return stream


@contextmanager
def _naming(name: str) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise WriteError(f"{name}: cannot be written: {error.strerror or error}") from error
