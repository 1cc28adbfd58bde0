"""Readers of the index: any number, in any thread or process, beside the writer."""

from __future__ import annotations

import queue
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipelines.index.tables import (
    DAMAGED,
    FILE,
    VERSION,
    IndexFileError,
    IndexNotReadyError,
    get_about,
    is_damage,
    open_reader,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MOST_IDLE = 4


class Index:
    """The index of a state folder, for queries; safe to share among threads."""

    def __init__(self, state: Path) -> None:
        self.path = state / FILE
        self._idle: queue.SimpleQueue[tuple[tuple[int, int], sqlite3.Connection]] = queue.SimpleQueue()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection, within which all queries see one state of the index.

        Raises IndexNotReadyError where there is none yet, or the writer is about to make it anew; IndexFileError otherwise.
        """
        file = self._file()
        db = self._take(file)
        try:
            db.execute("BEGIN")
            yield db
            db.execute("COMMIT")
        except sqlite3.Error as error:
            db.close()
            if is_damage(error):
                # Only the writer may remove it.
                self.path.with_name(DAMAGED).touch()
                raise IndexNotReadyError(f"{self.path}: is damaged, and about to be made anew") from error
            raise IndexFileError(f"{self.path}: {error}") from error
        except BaseException:
            db.close()
            raise
        if self._idle.qsize() < _MOST_IDLE:
            self._idle.put((file, db))
        else:
            db.close()

    def close(self) -> None:
        """Close the connections that are not in use."""
        while (found := self._next_idle()) is not None:
            found[1].close()

    def _take(self, file: tuple[int, int]) -> sqlite3.Connection:
        while (found := self._next_idle()) is not None:
            if found[0] == file:
                return found[1]
            # Of an index that was made anew since.
            found[1].close()
        try:
            db = open_reader(self.path)
        except sqlite3.Error as error:
            raise IndexNotReadyError(f"{self.path}: there is no index yet") from error
        try:
            version = get_about(db, "version")
        except sqlite3.Error as error:
            db.close()
            if is_damage(error):
                self.path.with_name(DAMAGED).touch()
            raise IndexNotReadyError(f"{self.path}: there is no index yet ({error})") from error
        if version != VERSION:
            db.close()
            raise IndexNotReadyError(
                f"{self.path}: was made by another version of Broadsheet; the writer makes it anew"
            )
        return db

    def _next_idle(self) -> tuple[tuple[int, int], sqlite3.Connection] | None:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            return None

    def _file(self) -> tuple[int, int]:
        try:
            state = self.path.stat()
        except OSError as error:
            raise IndexNotReadyError(f"{self.path}: there is no index yet") from error
        return state.st_dev, state.st_ino
