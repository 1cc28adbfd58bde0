"""A site against its own past: pure judgement of what is remembered of its passes.

Each monitor looks at the last passes that say something in its matter, two at least, and compares them with those before.
None has a fixed level: a site without authors, or with a paywall on half its pages, is judged by that.

Measured by tests/crawler/watch/simulated.py on 400 sites of up to some 100 articles a pass, with nights, weekends, passes of
agency news, outages of one pass, long and short days: one false alert in 80,000 passes. Of 100 sites that broke, with five
articles a pass or more, 89 (twice as much to be taken away) to 100 had the right alert within two passes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from crawler.watch.content import (
    LEAST_MORE_REMOVALS,
    MORE_REMOVALS,
    look_at_artifacts,
    look_at_fields,
    look_at_text,
    usual_removals,
)
from crawler.watch.past import Judged, Past
from crawler.watch.reach import look_at_errors, look_at_freshness, look_at_verdict, look_at_yield

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crawler.watch.visits import Visit

Monitor = Literal["verdict", "errors", "yield", "freshness", "fields", "text", "artifacts"]

MONITORS: tuple[Monitor, ...] = ("verdict", "errors", "yield", "freshness", "fields", "text", "artifacts")
"""In this order: what a monitor says is not said again by one that follows from it. New ones go to the end."""


COMPARED_PASSES = 2
"""After which it is known about how much is usually taken from a page: a template takes the same from all."""


def judge(visits: Sequence[Visit], days: Sequence[Visit]) -> dict[Monitor, Judged]:
    """What each monitor says after the last of the visits; `days` are what older visits add up to, both oldest first."""
    return {monitor: look(Past(visits, days, MONITORS.index(monitor))) for monitor, look in _LOOKS.items()}


def count_many(counts: Sequence[int], visits: Sequence[Visit], days: Sequence[Visit]) -> tuple[int, int]:
    """How many articles had far more taken from their page than is usual, and how many were compared: all or none."""
    past = Past(visits, days, MONITORS.index("artifacts"))
    usual = past.usual([*days, *visits], lambda visit: visit.articles)
    if len(usual) < COMPARED_PASSES:
        return 0, 0
    least = max(MORE_REMOVALS * usual_removals(usual), usual_removals(usual) + LEAST_MORE_REMOVALS)
    return sum(count > least for count in counts), len(counts)


_LOOKS: dict[Monitor, Callable[[Past], Judged]] = {
    "verdict": look_at_verdict,
    "errors": look_at_errors,
    "yield": look_at_yield,
    "freshness": look_at_freshness,
    "fields": look_at_fields,
    "text": look_at_text,
    "artifacts": look_at_artifacts,
}
