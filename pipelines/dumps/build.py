"""Makes a dump: the rows of a snapshot as files, with all that it says of itself."""

from __future__ import annotations

import asyncio
import copy
import hashlib
import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from pipelines.dumps.datasheet import Facts, make_datasheet, to_citation, to_json, to_markdown
from pipelines.dumps.files import FileWriter, check_format
from pipelines.dumps.folder import SUMS, DumpState, final_names, open_folder, visits_name
from pipelines.dumps.rows import PartGoneError, Reader, ordered_rows
from pipelines.dumps.selection import DumpError, dump_id, resolve
from pipelines.dumps.tally import count_outcomes
from pipelines.live import read_live
from pipelines.log import Takedown, decode_entry, entry_path, read_entries, refuse_gap
from pipelines.objects import StoreError, open_objects

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipelines.dumps.folder import DumpFolder
    from pipelines.dumps.selection import DumpOptions
    from pipelines.dumps.tally import Outcomes, Tally
    from pipelines.live import Live, LivePart
    from pipelines.log import Part
    from pipelines.objects import Objects

FILE_BYTES = 256_000_000
"""Of a data file, about, as JSON Lines: large enough for few files, small enough to be read whole."""
TAKEDOWN_WAIT_SECONDS = 60.0
"""A takedown that is being carried out is waited for; one that takes longer may have lost its process."""
_POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A dump that is there."""

    id: str
    sheet: dict[str, Any]
    """What its datasheet.json holds."""
    is_new: bool
    """False: it was there already."""


def build_dump(  # noqa: PLR0913 - what a dump needs, and what only a caller knows
    data: str,
    out: Path,
    options: DumpOptions,
    *,
    tell: Callable[[str], None],
    visits: Path | None = None,
    file_bytes: int = FILE_BYTES,
) -> Built:
    """Write the dump into the folder, or go on where a run that was killed has stopped.

    `tell` gets a line for people now and then. `visits`: a file for the visits of all rows, 16 bytes each, in their order.
    Raises DumpError, and StoreError where the data cannot be read or the folder cannot be written.
    """
    check_format(options.format)
    with asyncio.Runner() as runner:
        reader = Reader(open_objects(data, Path(), worker_id="dump"), runner)
        runner.run(refuse_gap(reader.objects))
        live = read_settled(reader)
        # Before the folder is made.
        resolved = resolve(options, live)
        with open_folder(out) as folder:
            return _Build(reader, folder, options, resolved, tell, visits, file_bytes).run(live)


def read_settled(reader: Reader) -> Live:
    """Read what counts, once no takedown is being carried out. Raises StoreError where one is open for too long."""
    until = time.monotonic() + TAKEDOWN_WAIT_SECONDS
    while True:
        live = reader.runner.run(read_live(reader.objects))
        due = live.open_takedowns()
        if not due:
            return live
        if time.monotonic() >= until:
            raise StoreError(
                f"{reader.objects.name}: the takedown of entry {min(due)} is not carried out yet; "
                "wait, or run broadsheet compact, which does it"
            )
        time.sleep(_POLL_SECONDS)


def read_anew(reader: Reader, gone: PartGoneError) -> Live:
    """Read what counts after a part was replaced. Raises StoreError where it was not: then it is lost."""
    live = read_settled(reader)
    if str(gone) in live.parts:
        raise StoreError(f"{reader.objects.name}: {gone} is missing; run broadsheet verify")
    return live


class _Build:
    def __init__(  # noqa: PLR0913, PLR0917 - all that is the same for the whole run
        self,
        reader: Reader,
        folder: DumpFolder,
        asked: DumpOptions,
        options: DumpOptions,
        tell: Callable[[str], None],
        visits: Path | None,
        file_bytes: int,
    ) -> None:
        self._reader = reader
        self._folder = folder
        self._asked = asked
        self._options = options
        self._tell = tell
        self._visits = visits
        self._file_bytes = file_bytes

    def run(self, live: Live) -> Built:
        sheet = self._folder.read_sheet()
        if sheet is not None:
            return self._accept(sheet, live)
        state = self._begin(live)
        while not state.is_complete:
            try:
                self._write_rows(state, live)
                self._write_account(state, live)
            except PartGoneError as gone:
                # Compaction or a takedown; which of them the log says.
                live = read_anew(self._reader, gone)
            else:
                state.is_complete = not self._is_outdated(live)
                if not state.is_complete:
                    live = read_settled(self._reader)
            if last_takedown(live) != state.takedown:
                self._tell("something was taken down meanwhile; begins again")
                state = self._begin_again(state, live)
        self._folder.write_state(state)
        return self._finish(state)

    def _accept(self, sheet: dict[str, Any], live: Live) -> Built:
        """Take a dump that is there already for this one, if it is; without a snapshot any one is meant."""
        options = self._options
        if self._asked.snapshot is None and isinstance(sheet.get("snapshot"), int):
            options = replace(options, snapshot=sheet["snapshot"])
        name = dump_id(options, live.log_id)
        if sheet.get("dump") != name:
            raise DumpError(
                f"{self._folder.out}: holds the dump {sheet.get('dump')}, not {name}; name another folder"
            )
        if sheet.get("takedowns_known") != last_takedown(live):
            raise DumpError(
                f"{self._folder.out}: holds this dump from before the takedown of entry {last_takedown(live)}; "
                "remove it, and make it again"
            )
        return Built(id=name, sheet=sheet, is_new=False)

    def _begin(self, live: Live) -> DumpState:
        state = self._folder.read_state()
        if state is not None:
            is_same = state.asked == self._asked or state.options == self._options
            if not is_same or state.log_id != live.log_id:
                raise DumpError(
                    f"{self._folder.out}: holds the beginning of another dump, of snapshot {state.options.snapshot}; "
                    "name another folder"
                )
            self._options = state.options
            if state.takedown == last_takedown(live):
                if not state.is_complete:
                    self._folder.keep_only(state)
                self._tell(f"snapshot {state.options.snapshot}: goes on behind {state.tally.rows} rows")
                return state
            self._tell("something was taken down meanwhile; begins again")
            self._folder.forget(state)
        self._tell(f"snapshot {self._options.snapshot}")
        return self._new_state(live)

    def _begin_again(self, state: DumpState, live: Live) -> DumpState:
        self._folder.forget(state)
        return self._new_state(live)

    def _new_state(self, live: Live) -> DumpState:
        parts = self._find_parts(live)
        state = DumpState(
            asked=self._asked,
            options=self._options,
            log_id=live.log_id,
            takedown=last_takedown(live),
            rows_to_read=sum(part.rows for part, _ in parts),
        )
        self._check_disk(parts)
        self._folder.write_state(state)
        return state

    def _find_parts(self, live: Live) -> list[tuple[Part, LivePart]]:
        return [
            (part, place)
            for part, place in live.live_parts()
            if part.path.startswith("articles/")
            and self._options.may_cover(place)
            and self._options.selection.share_of(part)
        ]

    def _check_disk(self, parts: list[tuple[Part, LivePart]]) -> None:
        """Refuse what the disk cannot hold: a dump is about as large as the parts that it is made of."""
        needed = sum(round(part.bytes * self._options.selection.share_of(part)) for part, _ in parts)
        if self._options.format == "parquet":
            needed += self._file_bytes
        free = shutil.disk_usage(self._folder.out).free
        if needed > free:
            raise DumpError(
                f"{self._folder.out}: the dump needs about {needed / 1e6:,.0f} MB, and {free / 1e6:,.0f} MB are free there"
            )

    def _write_rows(self, state: DumpState, live: Live) -> None:
        """Write the data files that are not there yet."""
        exhausted = list(state.exhausted)
        known = set(exhausted)
        parts = [one for one in self._find_parts(live) if one[0].path not in known]
        rows = ordered_rows(self._reader, parts, behind=state.position, exhausted=exhausted)
        tally = copy.deepcopy(state.tally)
        selection, options = self._options.selection, self._options
        assert options.snapshot is not None
        writer: FileWriter | None = None
        visits = bytearray()
        position, rows_read = state.position, state.rows_read
        try:
            for line, row, place in rows:
                if place.entry > options.snapshot:
                    break
                position = place
                rows_read += 1
                if place.entry <= (options.since or 0) or not selection.has_row(row):
                    continue
                if row.duplicate_of is not None and not selection.duplicates:
                    tally.near_duplicates_left_out += 1
                    continue
                if writer is None:
                    writer = self._open_file(state)
                writer.add(line)
                tally.add(row)
                visits += bytes.fromhex(row.visit or "")
                if writer.plain_bytes >= self._file_bytes:
                    state.position, state.rows_read, state.exhausted = position, rows_read, list(exhausted)
                    self._close_file(state, writer, tally, visits)
                    writer = None
                    visits.clear()
            # Behind all rows, so that the next run finds nothing more to write.
            state.position, state.rows_read, state.exhausted = position, rows_read, exhausted
            if writer is not None:
                self._close_file(state, writer, tally, visits)
                writer = None
            state.tally = tally
        finally:
            if writer is not None:
                writer.give_up()

    def _open_file(self, state: DumpState) -> FileWriter:
        name = f"articles-{len(state.files) + 1:05}.{self._options.format}"
        return FileWriter(
            self._folder.work, name, packing=self._options.format, removals=self._options.removals
        )

    def _close_file(self, state: DumpState, writer: FileWriter, tally: Tally, visits: bytearray) -> None:
        file = writer.close()
        self._folder.write(visits_name(file.name), bytes(visits))
        tally.plain_bytes += file.plain_bytes
        state.files.append(file)
        state.tally = copy.deepcopy(tally)
        self._folder.write_state(state)
        self._tell(f"{file.name}: {tally.rows} rows by now, {state.share_done:.0%} read")

    def _write_account(self, state: DumpState, live: Live) -> None:
        """Write all that the dump says of itself."""
        outcomes = count_outcomes(self._reader, live, self._options)
        if self._options.since is not None:
            self._folder.write("taken-down.jsonl", _removed_lines(outcomes, live))
        sheet = make_datasheet(
            Facts(
                id=dump_id(self._options, live.log_id),
                options=self._options,
                live=live,
                snapshot_at=_written_at(self._reader, self._options.snapshot or 1),
                files=state.files,
                tally=state.tally,
                outcomes=outcomes,
            )
        )
        self._folder.write("datasheet.json", to_json(sheet))
        self._folder.write("datasheet.md", to_markdown(sheet))
        self._folder.write("CITATION.cff", to_citation(sheet))
        known = {file.name: file.sha256 for file in state.files}
        sums = [
            f"{known.get(name) or hashlib.sha256((self._folder.work / name).read_bytes()).hexdigest()}  {name}\n"
            for name in final_names(state)
        ]
        self._folder.write(SUMS, "".join(sums).encode())

    def _is_outdated(self, live: Live) -> bool:
        """Whether something was taken down since what counts was read."""

        async def find() -> bool:
            objects: Objects = self._reader.objects
            return any(
                [isinstance(entry, Takedown) async for _, entry in read_entries(objects, live.sequence)]
            )

        return self._reader.runner.run(find())

    def _finish(self, state: DumpState) -> Built:
        if self._visits is not None:
            with self._visits.open("wb") as target:
                for file in state.files:
                    target.write((self._folder.work / visits_name(file.name)).read_bytes())
        self._folder.finish(state)
        sheet = self._folder.read_sheet()
        assert sheet is not None, "it was just written"
        return Built(id=sheet["dump"], sheet=sheet, is_new=True)


def last_takedown(live: Live) -> int:
    """The last takedown of a log; 0: there is none."""
    return max(live.takedowns, default=0)


def _removed_lines(outcomes: Outcomes, live: Live) -> bytes:
    return b"".join(
        msgspec.json.encode({**one._asdict(), "reason": live.takedowns[one.takedown].reason}) + b"\n"
        for one in outcomes.removed
    )


def _written_at(reader: Reader, entry: int) -> str:
    """When an entry was written: not all say it, so that of the last one before which does."""
    for number in range(entry, 0, -1):
        body = reader.runner.run(reader.objects.read(entry_path(number)))
        said = getattr(decode_entry(body), "created_at", None) if body is not None else None
        if isinstance(said, str):
            return said
    raise StoreError(f"{reader.objects.name}: no entry up to {entry} says when it was written")
