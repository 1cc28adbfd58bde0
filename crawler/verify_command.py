"""`broadsheet verify`: whether a data folder keeps every promise, and what breaks one."""

from __future__ import annotations

import asyncio

from crawler.exits import FAULT, exit_codes, fail, printable, warn
from pipelines.objects import StoreError
from pipelines.verify import verify

# Beyond these a list is no reading for people.
_NAMED_AT_MOST = 100


def verify_data(data: str) -> None:
    """Run the command; ends the process with 1 where a promise is broken."""
    with exit_codes(faults=(StoreError,)):
        proof = asyncio.run(verify(data))
        for problem in proof.problems[:_NAMED_AT_MOST]:
            warn(problem)
        for path in proof.foreign[:_NAMED_AT_MOST]:
            print(f"not ours: {printable(path)}")
        print(
            f"{proof.entries} entries, {proof.parts} parts, {proof.rows} rows, {proof.articles} articles; "
            f"{len(proof.orphans)} parts that do not count, {len(proof.foreign)} files that are not ours"
        )
        if proof.problems:
            fail(f"{len(proof.problems)} broken promises", FAULT)
        print("every promise holds")
