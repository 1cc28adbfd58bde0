"""Takedowns beside two crawling workers and compaction, in many orders."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.faults.figures import Figures
from tests.pipelines.test_takedown import race_takedowns


def take_down_amid_commits(folder, rounds):
    """Race them `rounds` times; each looks for the marker in every file of the data folder, unpacked."""
    found = Figures(test=f"{rounds} rounds of takedowns during commits and compaction")
    told = {"pages": 0, "taken down": 0, "files with the marker": 0}
    for seed in range(rounds):
        data = Path(folder) / str(seed)
        data.mkdir()
        race = asyncio.run(race_takedowns(data, seed))
        found.lost += race.lost
        found.double += race.double
        found.problems += [*race.problems, *race.left]
        told["pages"] += race.pages
        told["taken down"] += race.taken_down
        told["files with the marker"] += len(race.left)
    found.told |= told
    return found
