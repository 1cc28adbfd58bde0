"""`broadsheet compact`: few large parts in the place of many small ones, and what else a log needs now and then."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from crawler.exits import exit_codes, stop_on_sigterm
from crawler.settings import SettingError, read_environment
from pipelines.compact import compact
from pipelines.objects import StoreError
from pipelines.rewrite import open_rewriter
from pipelines.upkeep import keep_up

if TYPE_CHECKING:
    from pipelines.compact import CompactReport
    from pipelines.upkeep import UpkeepReport


def compact_data(data: str) -> None:
    """Run the command; ends the process where something is wrong."""
    stop_on_sigterm()
    with exit_codes(mistakes=(SettingError,), faults=(StoreError,)):
        compacted, kept = asyncio.run(_compact(data, read_environment().policy.archive_days))
        print(
            f"{compacted.moved} parts moved into {compacted.made}, {compacted.rows} rows; "
            f"{kept.sealed} days complete, {kept.files_deleted} files deleted that do not count"
        )


async def _compact(data: str, archive_days: int | None) -> tuple[CompactReport, UpkeepReport]:
    async with open_rewriter(data) as rewriter:
        compacted = await compact(rewriter)
        return compacted, await keep_up(rewriter, patience_seconds=0, archive_days=archive_days)
