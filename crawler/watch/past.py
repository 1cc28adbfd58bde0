"""What one monitor sees of a site: its recent passes, and the past that they are compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crawler.watch.bounds import Share
    from crawler.watch.visits import Visit

LEAST_PASSES = 6
"""Of the past, below which nothing is compared with it."""
LEAST_PAGES = 16
"""The same in pages, for shares: of fewer, a share of one half and one of nearly all are hard to tell apart."""
LEAST_RECENT = 5
"""Pages that the recent passes must have had together; where two had fewer, passes before them are taken along."""
MOST_RECENT = 12
SIGMAS = 6.0
"""Usual deviations that a size may stray by. Text lengths have longer tails than the normal distribution."""

# A pass of fewer pages says nothing of its own.
_SPELL_PAGES = 3
_SPELL_CHANCE, _SPELL_SECONDS = 1e-5, 7 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a monitor says of a site."""

    state: Literal["broken", "fine", "unclear"]
    """`unclear`: too little is known, or it lies between the two; an open alert stays open."""
    evidence: str = ""
    """One line for people, where it is broken: what was seen, and what is usual."""
    shows: tuple[str, ...] = ()
    """The kinds of sample pages that show it: keys of `PassFacts.samples`."""
    since: int | None = None
    """The Unix second from which on passes have shown it; None: the last two have."""


UNCLEAR = Judged(state="unclear")


class Past:
    """What one monitor sees: nothing of the past in which its alert was open counts as usual."""

    def __init__(self, visits: Sequence[Visit], days: Sequence[Visit], bit: int) -> None:
        self.visits = visits
        self.days = days
        self._bit = 1 << bit
        self.other_bits = ~self._bit
        # Passes that showed what is wrong are left out by then; what is left must do to close the alert.
        self._least = 1 if visits and visits[-1].marks & self._bit else LEAST_PASSES

    def part(
        self, count: Callable[[Visit], int], least: int = LEAST_RECENT
    ) -> tuple[list[Visit], list[Visit]] | None:
        """The past and the recent records in which there is something to count; None: there are too few.

        Recent are the last two, and as many before them as it takes to have counted `least`.
        """
        told = [visit for visit in self.visits if count(visit)]
        recent: list[Visit] = []
        while told and len(recent) < MOST_RECENT and _is_little(recent, count, least):
            recent.insert(0, told.pop())
        if _is_little(recent, count, least):
            return None
        past = self.usual([*self.days, *told], count)
        return (past, recent) if sum(visit.passes for visit in past) >= self._least else None

    def usual(self, visits: Sequence[Visit], count: Callable[[Visit], int]) -> list[Visit]:
        """Those in which there is something to count, and the alert was not open."""
        return [visit for visit in visits if count(visit) and not visit.marks & self._bit]

    def is_spell(self, count: Callable[[Visit], int], is_like: Callable[[Visit], bool]) -> bool:
        """Whether single passes were like the recent ones before, so often that so many in a row may come by chance.

        An evening of agency news has no authors, and two evenings may follow each other. Of a site that is known for less
        than a week, half an evening is taken for seen.
        """
        told = [
            visit for visit in self.visits if count(visit) >= _SPELL_PAGES and not visit.marks & self._bit
        ]
        row = 0
        while told and is_like(told[-1]):
            told.pop()
            row += 1
        known = [*self.days, *self.visits]
        unseen = 0.5 if known[-1].at - known[0].at < _SPELL_SECONDS else 0.0
        share = (sum(map(is_like, told)) + unseen) / (len(told) + 1)
        return share**row > _SPELL_CHANCE if share else False


def _is_little(visits: Sequence[Visit], count: Callable[[Visit], int], least: int) -> bool:
    return sum(visit.passes for visit in visits) < 2 or sum(map(count, visits)) < least


def say_share(share: Share) -> str:
    """Such as `2 of 10`."""
    return f"{share.hits} of {share.of}"


def percent(share: float) -> str:
    """Such as `95 %`."""
    return f"{100 * share:.0f} %"
