"""Brings the index to the log's end, again and again, in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING

from pipelines.index.follow import open_follower
from pipelines.index.tables import IndexBusyError, IndexFileError
from pipelines.objects import StoreError

if TYPE_CHECKING:
    from crawler.service.health import State
    from crawler.service.service import Service
    from pipelines.objects import Objects

LOOK_SECONDS = 2.0
BUSY_SECONDS = 30.0
"""Before the index that another process writes, or that cannot be written, is tried again."""

_log = logging.getLogger(__name__)


class IndexFollower:
    """Follows the log until it is stopped; no fault ends it."""

    def __init__(self, service: Service, objects: Objects) -> None:
        """`objects`: a store that nobody else uses, since the follower has an event loop of its own."""
        self._service = service
        self._objects = objects
        self._stop = threading.Event()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="index", daemon=True)

    async def run(self) -> None:
        """Follow until this task is cancelled."""
        self._thread.start()
        try:
            await asyncio.Event().wait()
        finally:
            self._stop.set()
            await asyncio.to_thread(self._thread.join, 10.0)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with open_follower(self._service.state, self._objects) as follower:
                    while not self._stop.is_set():
                        report = follower.follow(stop=self._stop)
                        behind = " and is still being made" if not report.sequence else ""
                        faults = "; ".join(
                            f"{path}: {fault}" for path, fault in list(report.unreadable.items())[:3]
                        )
                        self._note(
                            "waiting" if faults else "ok", faults or f"is at entry {report.sequence}{behind}"
                        )
                        self._stop.wait(LOOK_SECONDS)
            except IndexBusyError:
                self._note("ok", "is written by another process")
            except (IndexFileError, StoreError, OSError) as error:
                self._note("waiting", str(error))
            except Exception as error:  # noqa: BLE001 - told in health and log; pages go on without it
                _log.exception("index: a fault of ours")
                self._note("waiting", f"{type(error).__name__}: {error}")
            self._stop.wait(BUSY_SECONDS)

    def _note(self, status: State, detail: str) -> None:
        self._loop.call_soon_threadsafe(self._service.health.note, "index", status, detail)
