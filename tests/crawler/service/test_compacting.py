"""Compaction on schedule, over a store that goes and comes back."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

from crawler.service import compacting
from crawler.service.health import Health
from pipelines.ledger import open_ledger
from pipelines.names import LogNames
from pipelines.store import open_redis


async def test_a_compaction_that_met_a_missing_store_is_made_up_for_once_it_is_back(tmp_path, monkeypatch):
    monkeypatch.setattr(compacting, "AGAIN_SECONDS", 1)
    state, data = tmp_path / "state", tmp_path / "data"
    async with open_redis(None, state) as redis:
        async with open_ledger(redis=redis, data=str(data), state=state) as ledger:
            names = LogNames(ledger.log_id)
        data.rename(tmp_path / "away")
        health = Health()
        health.note("store", "ok")
        service = SimpleNamespace(health=health, redis=redis, names=names, data=str(data))
        running = asyncio.create_task(compacting.Compaction(service, 2 / 3600).run())
        await until(health, "waiting")
        health.note("store", "down")
        await asyncio.sleep(1.5)
        (tmp_path / "away").rename(data)
        health.note("store", "ok")
        await until(health, "ok")
        running.cancel()


async def until(health, status):
    async with asyncio.timeout(30):
        while health.components.get("compaction") is None or health.components["compaction"].status != status:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
