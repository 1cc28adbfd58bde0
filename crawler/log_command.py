"""`broadsheet log`: the entries of the log, one line each, as far as a reader does not know them yet."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from crawler.exits import exit_codes
from pipelines.log import read_entries, refuse_gap
from pipelines.objects import MistakeError, StoreError, open_objects

if TYPE_CHECKING:
    from pipelines.log import Entry

_FIRST_POLL_SECONDS = 0.5
_MOST_POLL_SECONDS = 5.0


def show_log(data: str, after: int, *, follow: bool) -> None:
    """Run the command; ends the process where something is wrong."""
    with exit_codes(faults=(StoreError,)):
        asyncio.run(_show(data, after, follow=follow))


async def _show(data: str, after: int, *, follow: bool) -> None:
    objects = open_objects(data, Path(), worker_id="log")
    if not await refuse_gap(objects):
        raise MistakeError(f"{objects.name}: there is no log here")
    position, pause = after, _FIRST_POLL_SECONDS
    while True:
        async for sequence, entry in read_entries(objects, position):
            sys.stdout.buffer.write(_line(sequence, entry))
            position, pause = sequence, _FIRST_POLL_SECONDS
        sys.stdout.buffer.flush()
        if not follow:
            return
        await asyncio.sleep(pause)
        pause = min(2 * pause, _MOST_POLL_SECONDS)


def _line(sequence: int, entry: Entry) -> bytes:
    fields = asdict(entry)
    return msgspec.json.encode({"entry": sequence, "kind": fields.pop("kind"), **fields}) + b"\n"
