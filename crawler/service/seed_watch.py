"""The seeds of a running service: looked at again and again, so that an edit counts without a restart."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from crawler.errors import UserError
from crawler.seeds import SeedError, default_seeds_folder, load_seeds
from crawler.spider_run import check_extras
from crawler.tasks import check_contact_needed, plan_tasks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from crawler.addresses import AddressGuard
    from crawler.seeds import Seed
    from crawler.site_pass import Task

_log = logging.getLogger(__name__)

_Stamp = tuple[tuple[str, int, int], ...]


class SeedWatch:
    """The seeds that count, and what is wrong with the files, if they cannot be read by now."""

    def __init__(self, paths: Sequence[Path] | None, guard: AddressGuard, *, needs_contact: bool) -> None:
        """`needs_contact`: nobody has said who crawls, so that only networks that the guard names may be crawled."""
        self.seeds: tuple[Seed, ...] = ()
        self.tasks: tuple[Task, ...] = ()
        self.problem: str | None = None
        """Why the files count no more since they were changed last, in one line; None: they do."""
        self._paths = (default_seeds_folder(),) if paths is None else tuple(paths)
        self.guard = guard
        self._needs_contact = needs_contact
        self._stamp: _Stamp = ()

    def load(self) -> None:
        """Read the files. Raises UserError, and keeps what was read before."""
        self._stamp = self._find_stamp()
        seeds = load_seeds(self._paths)
        tasks = plan_tasks(seeds, (), ())
        if self._needs_contact:
            check_contact_needed(tasks, self.guard)
        check_extras(tasks)
        self.seeds, self.tasks, self.problem = seeds, tasks, None

    async def look(self) -> None:
        """Read the files where they have changed; those that cannot be read change nothing but `problem`."""
        await asyncio.to_thread(self._look)

    def _look(self) -> None:
        if self._find_stamp() == self._stamp:
            return
        try:
            self.load()
        except (SeedError, UserError) as error:
            self.problem = str(error)
            _log.warning("%s; the seeds as they were go on counting", error)
        else:
            _log.warning("seeds read again: %d sites", len(self.tasks))

    def _find_stamp(self) -> _Stamp:
        return tuple(sorted(self._stamps()))

    def _stamps(self) -> Iterator[tuple[str, int, int]]:
        for path in self._paths:
            for file in path.rglob("*.toml") if path.is_dir() else (path,):
                try:
                    state = file.stat()
                except OSError:
                    yield str(file), -1, -1
                else:
                    yield str(file), state.st_mtime_ns, state.st_size
