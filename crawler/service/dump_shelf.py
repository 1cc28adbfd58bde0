"""The dumps that the service keeps: made one at a time by a process of their own, withdrawn when a row is taken down.

Each has a folder `dumps/<id>/` in the state folder: `ticket.json`, `visits`, and the dump itself in `files/`.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import shutil
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from crawler.errors import Fault
from crawler.service.dump_process import BuildJob, CheckJob, Job, Result
from pipelines.dumps.files import explained
from pipelines.dumps.folder import SHEET, SUMS, is_held, read_state
from pipelines.dumps.selection import DumpOptions, dump_id, resolve
from pipelines.dumps.withdrawal import Held
from pipelines.live import read_live
from pipelines.log import Takedown, read_entries
from pipelines.objects import StoreError
from pipelines.record import to_timestamp

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.objects import Objects

Status = Literal["building", "ready", "held", "withdrawn", "failed"]

_TICKET = "ticket.json"
_LOOK_SECONDS = 1.0
"""Between two looks at the log for takedowns: so long a download may still begin."""
_AGAIN_SECONDS = 10.0
_END_SECONDS = 10.0
_NICE = 10

_log = logging.getLogger(__name__)


class BusyError(Exception):
    """Another dump is being made."""

    def __init__(self, running: str) -> None:
        super().__init__(f"the dump {running} is being made; ask again when it is done, or delete it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """Why a dump is not given any more."""

    rows: int
    """Of it, taken down after it was made."""
    entries: dict[str, int]
    """Rows by the takedown's entry."""
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What is known of a dump, beside its files."""

    id: str
    options: DumpOptions
    ordered_at: str
    status: Literal["building", "ready", "withdrawn", "failed"] = "building"
    error: str | None = None
    """Why it failed, in one line."""
    checked: int = 0
    """The last takedown that its rows are held against."""
    withdrawn: Withdrawal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDump:
    """A dump of the shelf, as it is now."""

    ticket: Ticket
    status: Status
    """`held`: something was taken down, and whether it concerns this dump is being looked at."""
    progress: float
    """0 to 1."""
    rows: int
    sheet: dict[str, Any] | None
    """What its datasheet.json holds. None: it is not complete, or not given any more."""
    files: dict[str, tuple[int, str]]
    """By name: bytes and sha256, as in SHA256SUMS; empty where there is no sheet."""


class DumpShelf:
    """All dumps of a service. `run` makes what was ordered, and looks for takedowns."""

    def __init__(self, folder: Path, *, data: str, objects: Objects) -> None:
        self._folder = folder
        self._data = data
        self._objects = objects
        self._tickets: dict[str, Ticket] = {}
        self._sheets: dict[str, dict[str, Any]] = {}
        self._files: dict[str, dict[str, tuple[int, str]]] = {}
        self._ordered = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._looking = asyncio.Lock()
        self._looked_at = float("-inf")
        self._position = 0
        self._last_takedown = 0
        self._read_tickets()

    async def run(self) -> None:
        """Work for ever; what is being made when this ends goes on when it begins again."""
        try:
            while True:
                await self._work()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._ordered.wait(), _AGAIN_SECONDS)
                self._ordered.clear()
        finally:
            await self._end_building()

    async def list_dumps(self) -> list[StoredDump]:
        """All dumps, the last ordered first. Raises StoreError where the log cannot be read."""
        await self._look()
        tickets = sorted(self._tickets.values(), key=lambda ticket: ticket.ordered_at, reverse=True)
        return [await asyncio.to_thread(self._describe, ticket) for ticket in tickets]

    async def find(self, name: str) -> StoredDump | None:
        """Find a dump; None: there is none. Raises StoreError where the log cannot be read."""
        await self._look()
        ticket = self._tickets.get(name)
        return None if ticket is None else await asyncio.to_thread(self._describe, ticket)

    async def order(self, options: DumpOptions) -> StoredDump:
        """Have a dump made, unless it is there. Raises DumpError, BusyError, and StoreError."""
        live = await read_live(self._objects)
        resolved = await asyncio.to_thread(resolve, options, live)
        name = dump_id(resolved, live.log_id)
        await self._look()
        known = self._tickets.get(name)
        if known is None or known.status in {"withdrawn", "failed"}:
            running = next((one.id for one in self._tickets.values() if one.status == "building"), None)
            if running is not None:
                raise BusyError(running)
            moment = datetime.now(UTC).isoformat(timespec="milliseconds")
            # Noted at once: another order may come while the disk is written.
            self._tickets[name] = known = Ticket(id=name, options=resolved, ordered_at=moment)
            try:
                await asyncio.to_thread(self._save, known)
            except StoreError:
                del self._tickets[name]
                raise
            self._ordered.set()
        return await asyncio.to_thread(self._describe, known)

    async def remove(self, name: str) -> bool:
        """Delete a dump, also one that is being made; False: there is none."""
        ticket = self._tickets.pop(name, None)
        if ticket is None:
            return False
        if ticket.status == "building":
            await self._end_building()
        self._sheets.pop(name, None)
        self._files.pop(name, None)
        await asyncio.to_thread(shutil.rmtree, self._folder / name, ignore_errors=True)
        return True

    def file(self, name: str, file: str) -> Path:
        """Where a file of a dump lies."""
        return self._folder / name / "files" / file

    async def _work(self) -> None:
        if self._running is not None and self._running.done():
            done, self._running = self._running, None
            try:
                done.result()
            except StoreError as error:
                _log.warning("a dump is made again: %s", error)
        if self._running is None:
            waiting = next((one for one in self._tickets.values() if one.status == "building"), None)
            if waiting is not None:
                self._running = asyncio.create_task(self._build(waiting))
        # A store that does not answer is told of by those who look after it.
        with suppress(StoreError):
            await self._look()
            await self._check()

    async def _look(self) -> None:
        """Read the log as far as it goes, at most a second ago."""
        loop = asyncio.get_running_loop()
        async with self._looking:
            if loop.time() - self._looked_at < _LOOK_SECONDS or not self._tickets:
                return
            if not self._position:
                live = await read_live(self._objects)
                self._position, self._last_takedown = live.sequence, max(live.takedowns, default=0)
            async for sequence, entry in read_entries(self._objects, self._position):
                self._position = sequence
                if isinstance(entry, Takedown):
                    self._last_takedown = sequence
                    self._ordered.set()
            self._looked_at = loop.time()

    async def _check(self) -> None:
        """Hold the finished dumps against what was taken down since."""
        dumps = [
            Held(id=one.id, visits=str(self._folder / one.id / "visits"), checked=one.checked)
            for one in self._tickets.values()
            if one.status == "ready" and one.checked < self._last_takedown
        ]
        if not dumps:
            return
        try:
            result = await self._do(Job(check=CheckJob(data=self._data, dumps=tuple(dumps))))
        except Fault as error:
            _log.warning("dumps are not given until takedowns are held against them: %s", error)
            return
        assert result.findings is not None
        for dump in dumps:
            ticket = self._tickets.get(dump.id)
            if ticket is None:
                continue
            rows = result.findings.rows.get(dump.id)
            if rows:
                await asyncio.to_thread(self._withdraw, ticket, rows)
            else:
                await asyncio.to_thread(self._save, replace(ticket, checked=result.findings.takedown))

    async def _build(self, ticket: Ticket) -> None:
        """Make a dump; it is begun where a process that is gone has left it."""
        folder = self._folder / ticket.id
        out = folder / "files"
        # The process of a service that was killed may still be at it.
        while await asyncio.to_thread(is_held, out):  # noqa: ASYNC110 - another process cannot set an event
            await asyncio.sleep(_LOOK_SECONDS)
        job = BuildJob(data=self._data, out=str(out), visits=str(folder / "visits"), options=ticket.options)
        try:
            result = await self._do(Job(build=job))
        except Fault as error:
            done = replace(ticket, status="failed", error=str(error))
        else:
            done = replace(ticket, status="ready", checked=result.takedown or 0)
        if self._tickets.get(ticket.id) is ticket:
            await asyncio.to_thread(self._save, done)
            self._ordered.set()

    async def _do(self, job: Job) -> Result:
        """Have a process do something. Raises Fault with the line that it has left."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "crawler.service.dump_process",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            # Ctrl-C is for the service, which ends it.
            start_new_session=True,
        )
        try:
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)
            said, told = await process.communicate(msgspec.json.encode(job))
        except asyncio.CancelledError:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), _END_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()
            raise
        if process.returncode:
            lines = told.decode("utf-8", "replace").splitlines()
            raise Fault(
                lines[-1].removeprefix("broadsheet: ") if lines else f"it ended by {process.returncode}"
            )
        return msgspec.json.decode(said, type=Result)

    async def _end_building(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            await asyncio.wait({running})

    def _withdraw(self, ticket: Ticket, rows: dict[int, int]) -> None:
        why = Withdrawal(
            rows=sum(rows.values()),
            entries={str(entry): count for entry, count in sorted(rows.items())},
            at=to_timestamp(datetime.now(UTC)),
        )
        self._save(replace(ticket, status="withdrawn", withdrawn=why))
        self._sheets.pop(ticket.id, None)
        self._files.pop(ticket.id, None)
        for path in (self._folder / ticket.id / "files").glob("*"):
            # A download that is under way ends here, too.
            with suppress(OSError):
                os.truncate(path, 0)
        shutil.rmtree(self._folder / ticket.id / "files", ignore_errors=True)
        (self._folder / ticket.id / "visits").unlink(missing_ok=True)
        _log.warning("the dump %s is withdrawn: %d of its rows were taken down", ticket.id, why.rows)

    def _describe(self, ticket: Ticket) -> StoredDump:
        status: Status = ticket.status
        progress, rows, sheet = 0.0, 0, None
        if ticket.status == "building":
            with suppress(Exception):
                state = read_state(self._folder / ticket.id / "files")
                if state is not None:
                    progress, rows = state.share_done, state.tally.rows
        elif ticket.status == "ready":
            sheet = self._read_sheet(ticket.id)
            progress, rows = 1.0, sheet["rows"] if sheet is not None else 0
            if ticket.checked < self._last_takedown or sheet is None:
                status = "held"
        return StoredDump(
            ticket=ticket,
            status=status,
            progress=progress,
            rows=rows,
            sheet=sheet,
            files=self._files.get(ticket.id, {}) if sheet is not None else {},
        )

    def _read_sheet(self, name: str) -> dict[str, Any] | None:
        if name not in self._sheets:
            try:
                sheet = msgspec.json.decode(self.file(name, SHEET).read_bytes(), type=dict[str, Any])
                sums = self.file(name, SUMS).read_bytes()
                files = {SUMS: (len(sums), hashlib.sha256(sums).hexdigest())}
                for line in sums.decode().splitlines():
                    digest, _, file = line.partition("  ")
                    files[file] = (self.file(name, file).stat().st_size, digest)
            except FileNotFoundError:
                # It is being withdrawn.
                return None
            self._files[name] = files
            self._sheets[name] = sheet
        return self._sheets.get(name)

    def _save(self, ticket: Ticket) -> None:
        folder = self._folder / ticket.id
        written = folder / f".{_TICKET}"
        with explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
            written.write_bytes(msgspec.json.encode(ticket))
            written.replace(folder / _TICKET)
        self._tickets[ticket.id] = ticket

    def _read_tickets(self) -> None:
        for path in sorted(self._folder.glob(f"*/{_TICKET}")):
            try:
                ticket = msgspec.json.decode(path.read_bytes(), type=Ticket)
            except ValueError as error:
                _log.warning("%s: is no dump of this Broadsheet and is left alone: %s", path.parent, error)
                continue
            self._tickets[ticket.id] = ticket
