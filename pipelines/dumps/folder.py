"""The folder that a dump is written into: one writer, all or nothing, and able to go on after a kill.

Everything is made in `.unfinished` first. Once it is complete its files move out, `SHA256SUMS` last: a folder that has
this file has the whole dump.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from pipelines.dumps.files import DataFile, explained
from pipelines.dumps.rows import Position
from pipelines.dumps.selection import DumpError, DumpOptions
from pipelines.dumps.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UNFINISHED = ".unfinished"
SUMS = "SHA256SUMS"
SHEET = "datasheet.json"
_STATE = "state.json"


@dataclass(slots=True, kw_only=True)
class DumpState:
    """How far a dump has come: what the next run goes on from."""

    asked: DumpOptions
    """As they were given."""
    options: DumpOptions
    """With the snapshot that they came to."""
    log_id: str
    takedown: int
    """The last takedown that its rows are held against; 0: there was none."""
    rows_to_read: int = 0
    """In all parts that may have rows of the dump."""
    rows_read: int = 0
    exhausted: list[str] = field(default_factory=list)
    """The parts whose rows are through."""
    position: Position = field(default_factory=Position)
    files: list[DataFile] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    is_complete: bool = False
    """Whether only the move out of `.unfinished` is left."""

    @property
    def share_done(self) -> float:
        """How much was read, 0 to 1."""
        return min(self.rows_read / self.rows_to_read, 1.0) if self.rows_to_read else 1.0


class DumpFolder:
    """The folder, held by this process alone."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.work = out / UNFINISHED

    def read_sheet(self) -> dict[str, Any] | None:
        """Read the datasheet of the complete dump in it; None: there is none. Raises DumpError for what is no dump."""
        with explained(self.out):
            names = sorted(path.name for path in self.out.iterdir())
            if SUMS in names and UNFINISHED in names and not (self.work / _STATE).exists():
                # Killed while it cleared up.
                shutil.rmtree(self.work)
                names.remove(UNFINISHED)
            if not names or UNFINISHED in names:
                return None
            try:
                if SUMS in names:
                    sheet: dict[str, Any] = msgspec.json.decode(
                        (self.out / SHEET).read_bytes(), type=dict[str, Any]
                    )
                    return sheet
            except (FileNotFoundError, ValueError):
                pass
        raise DumpError(f"{self.out}: holds {names[0]}, which is no dump; name an empty folder, or a new one")

    def read_state(self) -> DumpState | None:
        """Read how far a dump has come; None: nothing was begun."""
        return read_state(self.out)

    def write_state(self, state: DumpState) -> None:
        """Note how far the dump has come."""
        with explained(self.work):
            self.work.mkdir(exist_ok=True)
            self.write(f".{_STATE}", msgspec.json.encode(state))
            (self.work / f".{_STATE}").replace(self.work / _STATE)
            _sync(self.work)

    def write(self, name: str, body: bytes) -> None:
        """Write a file of the unfinished dump."""
        with explained(self.work / name), (self.work / name).open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())

    def keep_only(self, state: DumpState) -> None:
        """Delete what a run that was killed has left behind its last finished file."""
        kept = {
            _STATE,
            *(file.name for file in state.files),
            *(visits_name(file.name) for file in state.files),
        }
        with explained(self.work):
            for path in self.work.iterdir():
                if path.name not in kept:
                    path.unlink()

    def forget(self, state: DumpState) -> None:
        """Delete what there is of a dump that has to be begun again, also what has moved out already."""
        with explained(self.out):
            for name in [SUMS, *final_names(state)]:
                (self.out / name).unlink(missing_ok=True)
            shutil.rmtree(self.work, ignore_errors=True)

    def finish(self, state: DumpState) -> None:
        """Move the files of a complete dump to their place; may be done again where it was interrupted."""
        with explained(self.out):
            for name in [*final_names(state), SUMS]:
                if (self.work / name).exists():
                    (self.work / name).replace(self.out / name)
                    _sync(self.out)
            shutil.rmtree(self.work)
            _sync(self.out)


def read_state(out: Path) -> DumpState | None:
    """Read how far the dump in a folder has come, also while somebody writes it; None: nothing was begun."""
    try:
        return msgspec.json.decode((out / UNFINISHED / _STATE).read_bytes(), type=DumpState)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise DumpError(f"{out / UNFINISHED}: was begun by another Broadsheet; remove it") from error


def final_names(state: DumpState) -> list[str]:
    """Name the files of the complete dump but SHA256SUMS, in its order."""
    removed = ["taken-down.jsonl"] if state.options.since is not None else []
    return [*(file.name for file in state.files), *removed, SHEET, "datasheet.md", "CITATION.cff"]


def visits_name(name: str) -> str:
    """Name the file beside an unfinished data file that has 16 bytes a row: its visit."""
    return f"{name}.visits"


@contextmanager
def open_folder(out: Path) -> Iterator[DumpFolder]:
    """Make the folder, and hold it. Raises DumpError where another process does."""
    with explained(out):
        out.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(out, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise DumpError(f"{out}: another dump is being written there") from None
    try:
        yield DumpFolder(out)
    finally:
        os.close(descriptor)


def is_held(out: Path) -> bool:
    """Say whether a process is writing a dump there."""
    try:
        with open_folder(out):
            return False
    except DumpError:
        return True


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
