"""`broadsheet compare`: two dumps side by side."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from crawler.archive_options import read_keys
from crawler.errors import UserError
from crawler.exits import exit_codes, printable, stop_on_sigterm
from pipelines.comparing import LIKENESS_STEPS, compare, to_plain
from pipelines.given import InputError
from pipelines.objects import StoreError
from pipelines.pool import CleanPool, PoolError
from pipelines.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines.comparing import Comparison

_RULES_NAMED = 25


def compare_dumps(first: str, second: str, keys: str | None, *, as_json: bool) -> None:
    """Run the command; ends the process where something is wrong."""
    stop_on_sigterm()
    with exit_codes(mistakes=(UserError, InputError), faults=(PoolError, StoreError)):
        known = read_keys(keys)
        with CleanPool() as pool:
            found = compare(first, second, pool, known)
        if as_json:
            print(json.dumps(to_plain(found), ensure_ascii=False))
            return
        for line in _lines(found):
            print(printable(line))


def _lines(found: Comparison) -> Iterator[str]:
    sides = (found.first, found.second)
    for letter, side in zip("AB", sides, strict=True):
        without = f", {side.without_text} lines without a text" if side.without_text else ""
        yield f"{letter}  {side.name}: {counted(side.articles, 'article')}{without}"
    yield f"{counted(found.common, 'common article')}, by id or address"
    if found.f1 is not None and found.changed_share is not None:
        yield f"  texts differ in {found.changed_share:.1%}; F1 of runs of three words {found.f1:.4f} on average"
        steps = ", ".join(f"{found.less_alike[str(step)]} below {step}" for step in LIKENESS_STEPS)
        yield f"  {steps}; characters {found.chars_first} and {found.chars_second}"
    rules = sorted(
        set(found.first.artifacts) | set(found.second.artifacts),
        key=lambda rule: (-max(side.artifacts[rule] for side in sides), rule),
    )
    yield f"{'left in the texts, by rule':<44} {'A':>8} {'B':>8}"
    for rule in rules[:_RULES_NAMED]:
        yield f"  {rule[:42]:<42} {found.first.artifacts[rule]:>8} {found.second.artifacts[rule]:>8}"
    if len(rules) > _RULES_NAMED:
        yield f"  and {len(rules) - _RULES_NAMED} more rules: --json has all"
    for name, counts in (
        ("all, characters", [sum(side.artifact_chars.values()) for side in sides]),
        ("articles with any", [side.articles_with_artifacts for side in sides]),
    ):
        yield f"  {name:<42} {counts[0]:>8} {counts[1]:>8}"
