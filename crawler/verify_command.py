"""`broadsheet verify`: whether a data folder keeps every promise, and what breaks one."""

from __future__ import annotations

import asyncio

from crawler.exits import FAULT, exit_codes, fail, printable, warn
from pipelines.objects import StoreError
from pipelines.verify import verify
from pipelines.wording import counted

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
            f"{counted(proof.entries, 'entry', 'entries')}, {counted(proof.parts, 'part')}, "
            f"{counted(proof.rows, 'row')}, {counted(proof.articles, 'article')}"
            + (f", {counted(proof.pages, 'archived page')}; " if proof.pages else "; ")
            + f"{counted(len(proof.orphans), 'part that does not count', 'parts that do not count')}, "
            f"{counted(len(proof.foreign), 'file that is not ours', 'files that are not ours')}"
        )
        if proof.problems:
            fail(counted(len(proof.problems), "broken promise"), FAULT)
        print("every promise holds")
