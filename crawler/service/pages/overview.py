"""`/`: what came in, how much of it, how late, and what is wrong now."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.service.pages.charts import to_bars
from crawler.service.pages.frame import Page
from crawler.service.pages.shared import Shared
from crawler.service.pages.watch import read_watched, share_agenda
from pipelines.index.figures import day_figures, overview
from pipelines.index.tables import IndexNotReadyError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crawler.service.endpoints import Call
    from crawler.service.service import Service
    from pipelines.index.figures import DayFigures, Overview

DAYS = 30
_WEEK = 7
_SHARED_SECONDS = 2.0
_LANGUAGES = 8
_RULES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaning:
    """What cleaning has taken, of some days."""

    texts: int
    removals_each: float | None
    """Times that a rule took something, an article; None: there was none."""
    removed_share: float | None
    """Of the characters of text that the pages had, 0 to 1."""


def page(service: Service) -> Page:
    """Give the page."""
    agenda = share_agenda(service)

    async def read() -> dict[str, Any]:
        whole, days = await asyncio.to_thread(_read_index)
        return {
            "whole": whole,
            "days": days,
            "chart": chart_days(days),
            "week": sum_days(days[-_WEEK:]),
            "cleaning": measure_cleaning(days[-_WEEK:]),
            "languages": whole.languages[:_LANGUAGES] if whole else (),
            "rules": whole.figures.rules[:_RULES] if whole else (),
            "watched": await read_watched(service, agenda),
        }

    def _read_index() -> tuple[Overview | None, tuple[DayFigures, ...]]:
        try:
            whole = overview(service.index)
            return (whole, day_figures(service.index, days=DAYS)) if whole.log_id else (None, ())
        except IndexNotReadyError:
            return None, ()

    shared = Shared(read, seconds=_SHARED_SECONDS)

    async def show(_call: Call) -> Mapping[str, Any]:
        ailing = {
            name: one
            for name, one in sorted(service.health.components.items())
            if one.status not in {"ok", "off"}
        }
        return {**await shared.get(), "ailing": ailing}

    return Page(path="/", template="overview.html", show=show)


def chart_days(days: Sequence[DayFigures]) -> Any:
    """Articles a day."""
    return to_bars([one.figures.texts for one in days], [f"{one.day.day} {one.day:%b}" for one in days])


def sum_days(days: Sequence[DayFigures]) -> dict[str, int]:
    """How visits ended, most frequent first, `article` among them."""
    total: dict[str, int] = {"article": sum(one.figures.texts for one in days)}
    for one in days:
        for count in one.figures.outcomes:
            total[count.outcome] = total.get(count.outcome, 0) + count.rows
    return dict(sorted(((name, rows) for name, rows in total.items() if rows), key=lambda pair: -pair[1]))


def measure_cleaning(days: Sequence[DayFigures]) -> Cleaning:
    """What cleaning has taken on these days."""
    figures = [one.figures for one in days]
    texts = sum(one.texts for one in figures)
    removed, kept = sum(one.removed_characters for one in figures), sum(one.characters for one in figures)
    return Cleaning(
        texts=texts,
        removals_each=sum(one.removals for one in figures) / texts if texts else None,
        removed_share=removed / (removed + kept) if removed + kept else None,
    )
