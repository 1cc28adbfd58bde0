"""`broadsheet seen`: what is remembered of visited pages, and how it is mended or moved."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from crawler.errors import UserError
from crawler.exits import exit_codes, printable
from crawler.joined import join
from crawler.seeds import find_url_problem
from crawler.settings import SettingError
from pipelines.memory import ImportFileError
from pipelines.objects import StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Sequence
    from pathlib import Path

    from pipelines.memory import Memory, Seen, Usage


def show(urls: Sequence[str], data: str, state: Path | None) -> None:
    """Print what is remembered of each address, or without any, how much in all."""

    async def run() -> None:
        async with _open_memory(data, state) as memory:
            if not urls:
                for line in _total(await memory.usage()):
                    print(line)
            for url in _checked(urls):
                print(f"{printable(url)}: {_account(await memory.show(url))}")

    _run(run())


def forget(urls: Sequence[str], data: str, state: Path | None) -> None:
    """Forget the addresses."""

    async def run() -> None:
        async with _open_memory(data, state) as memory:
            for url in _checked(urls):
                is_done = await memory.forget(url)
                print(f"{printable(url)}: {'forgotten' if is_done else 'was not known'}")

    _run(run())


def export(file: Path | None, data: str, state: Path | None) -> None:
    """Write all that is remembered; a file appears when it is complete."""

    async def run() -> None:
        async with _open_memory(data, state) as memory:
            if file is None:
                async for line in memory.export():
                    sys.stdout.buffer.write(line)
                sys.stdout.buffer.flush()
                return
            count = await _write(memory, file)
            print(f"{count} entries written to {file}")

    _run(run())


def import_file(file: Path, data: str, state: Path | None) -> None:
    """Remember what the file says; all of it or, if a line cannot be read, nothing."""

    async def run() -> None:
        lines = await asyncio.to_thread(_read_lines, file)
        async with _open_memory(data, state) as memory:
            try:
                count = await memory.import_lines(lines)
            except ImportFileError as error:
                raise UserError(f"{file}: {error}") from error
            print(f"{count} entries imported")

    _run(run())


def rebuild(data: str, state: Path | None) -> None:
    """Make the memory anew from the log."""

    async def run() -> None:
        async with _open_memory(data, state) as memory:
            await memory.rebuild()
            for line in _total(await memory.usage()):
                print(line)

    _run(run())


def _run(command: Coroutine[None, None, None]) -> None:
    with exit_codes(mistakes=(UserError, SettingError), faults=(StoreError,)):
        asyncio.run(command)


@asynccontextmanager
async def _open_memory(data: str, state: Path | None) -> AsyncIterator[Memory]:
    async with join(data, state) as (_, ledger):
        yield ledger.memory


def _checked(urls: Sequence[str]) -> Sequence[str]:
    for url in urls:
        if problem := find_url_problem(url):
            raise UserError(problem)
    return urls


def _read_lines(file: Path) -> list[bytes]:
    try:
        return file.read_bytes().splitlines()
    except OSError as error:
        raise UserError(f"{file}: {error.strerror}") from error


async def _write(memory: Memory, file: Path) -> int:
    part = file.with_name(f"{file.name}.part")
    count = -1  # the header is no entry
    try:
        with part.open("wb") as out:
            async for line in memory.export():
                out.write(line)
                count += 1
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
    except OSError as error:
        part.unlink(missing_ok=True)
        if not file.parent.is_dir():
            raise UserError(f"{file}: there is no such folder to write it to") from error
        raise StoreError(f"{file}: {error.strerror}") from error
    return count


def _total(usage: Sequence[Usage]) -> list[str]:
    lines = [
        f"{each.urls} addresses and {each.texts} texts in {each.bytes / 1e6:.1f} MB"
        + (f" (generation {each.generation})" if len(usage) > 1 else "")
        for each in usage
    ]
    count, size = sum(each.urls for each in usage), sum(each.bytes for each in usage)
    if count:
        lines.append(f"{size / count:.1f} bytes an address")
    return lines


def _account(seen: Seen) -> str:
    parts = []
    if seen.fetched_at is not None:
        parts.append(f"{seen.outcome}, fetched at {seen.fetched_at.isoformat()}")
    if seen.revision is not None:
        parts.append(f"revision {seen.revision} is published")
    if seen.claimed_by is not None:
        parts.append(f"being visited by worker {seen.claimed_by}")
    for site, moment in seen.due:
        when = f"from {moment.isoformat(timespec='seconds')} on" if moment else "now"
        parts.append(f"to be visited {when} for {printable(site)}")
    return "; ".join(parts) or "not known"
