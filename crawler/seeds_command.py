"""`broadsheet seeds check`: every mistake in the seeds, and what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.exits import MISTAKE, exit_codes, fail, warn
from crawler.seeds import read_seeds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def check(paths: Sequence[Path] | None) -> None:
    """Run the command; ends the process where a seed is wrong."""
    with exit_codes():
        seeds, errors = read_seeds(paths)
        for line in errors:
            warn(line)
        languages = {seed.language.partition("-")[0] for seed in seeds}
        listings = sum(1 for seed in seeds for _ in seed.listings)
        off = sum(not seed.enabled for seed in seeds)
        print(
            f"{len(seeds)} sites in {len(languages)} languages with {listings} listings"
            + (f", {off} not enabled" if off else "")
        )
        if errors:
            fail(f"{len(errors)} mistakes in the seeds", MISTAKE)
