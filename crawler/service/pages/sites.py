"""`/sites` and `/sites/{id}`: how sites stand against their own past, and all that is known of one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from crawler.service import parameters
from crawler.service.pages.charts import to_spark
from crawler.service.pages.frame import Page, find_endpoint
from crawler.service.pages.overview import DAYS, chart_days, measure_cleaning
from crawler.service.pages.watch import find_barren, is_barren, read_open, read_site, to_alerts
from pipelines.index.figures import day_figures, day_texts, site_figures
from pipelines.index.history import OutcomeQuery, find_outcomes
from pipelines.index.lines import read_row
from pipelines.index.search import ArticleQuery, search
from pipelines.index.tables import IndexNotReadyError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crawler.service.api.sites import Site
    from crawler.service.endpoints import Call, Endpoint
    from crawler.service.pages.charts import Spark
    from crawler.service.service import Service
    from pipelines.index.figures import DayFigures
    from pipelines.index.found import FoundArticle, FoundOutcome

_SITES = 50
"""On a page."""
_RECENT = 10
_RULES = 25
_SAMPLED = 3
"""Articles whose rows are read for samples of what rules took."""
_SAMPLES = 2
"""Of a rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Yield:
    """The articles of a site, a day each, the last one being today."""

    today: int
    usual: float | None
    """A day, in the middle of those before today from its first article on; None: nothing is known."""
    spark: Spark


@dataclass(frozen=True, slots=True, kw_only=True)
class _FromIndex:
    days: tuple[DayFigures, ...] = ()
    recent: tuple[FoundArticle, ...] = ()
    failed: tuple[FoundOutcome, ...] = ()


def pages(service: Service, endpoints: list[Endpoint]) -> list[Page]:
    """Give the pages."""
    list_endpoint = find_endpoint(endpoints, "/api/sites")
    one_endpoint = find_endpoint(endpoints, "/api/sites/{id}")

    async def show_all(call: Call) -> Mapping[str, Any]:
        found: Any = await list_endpoint.answer(call)
        ids = [site.id for site in found.sites]
        figures, texts = await asyncio.to_thread(_read_figures, service, ids)
        return {
            "sites": found.sites,
            "after": found.after,
            "first": call["after"] is None,
            "figures": figures,
            "yields": {id_: to_yield(counts) for id_, counts in texts.items()},
            "alerts": await read_open(service),
            "barren": await find_barren(service, ids),
        }

    async def show_one(call: Call) -> Mapping[str, Any]:
        found: Any = await one_endpoint.answer(call)
        site: Site = found.site
        memory = await read_site(service, site.id)
        known = await asyncio.to_thread(_read_site, service, site.id)
        return {
            "detail": found,
            "site": site,
            "alerts": to_alerts(site.id, memory),
            "is_barren": is_barren(memory),
            "visits": list(reversed(memory.visits)) if memory else [],
            "days": known.days,
            "chart": chart_days(known.days),
            "yield_": to_yield([one.figures.texts for one in known.days]),
            "cleaning": measure_cleaning(known.days),
            "recent": known.recent,
            "failed": known.failed,
            "rules": found.figures.rules[:_RULES] if found.figures else (),
            "more_rules": max(len(found.figures.rules) - _RULES, 0) if found.figures else 0,
            "samples": await read_samples(service, known.recent[:_SAMPLED]),
        }

    shown = [replace(one, default=_SITES) if one.name == "limit" else one for one in list_endpoint.parameters]
    return [
        Page(path="/sites", template="sites.html", show=show_all, parameters=tuple(shown)),
        Page(
            path="/sites/{id}",
            template="site.html",
            show=show_one,
            parameters=(parameters.site(place="path"),),
        ),
    ]


def _read_figures(service: Service, ids: list[str]) -> tuple[dict[str, Any], dict[str, tuple[int, ...]]]:
    try:
        figures = {one.site: one.figures for id_ in ids for one in site_figures(service.index, id_)}
        return figures, day_texts(service.index, ids, days=DAYS)
    except IndexNotReadyError:
        return {}, {}


def _read_site(service: Service, id_: str) -> _FromIndex:
    try:
        return _FromIndex(
            days=day_figures(service.index, id_, days=DAYS),
            recent=search(service.index, ArticleQuery(site=id_, limit=_RECENT)).articles,
            failed=find_outcomes(service.index, OutcomeQuery(site=id_, limit=_RECENT)).outcomes,
        )
    except IndexNotReadyError:
        return _FromIndex()


def to_yield(counts: Sequence[int]) -> Yield:
    """Lay out what a site gave, a day each."""
    before = list(counts[:-1])
    while before and not before[0]:
        del before[0]
    usual = sorted(before)[len(before) // 2] if before else None
    return Yield(today=counts[-1] if counts else 0, usual=usual, spark=to_spark(counts, usual))


async def read_samples(service: Service, articles: Sequence[FoundArticle]) -> dict[str, list[dict[str, Any]]]:
    """Read what rules took from these articles' pages: by rule, some removals with the article's id."""
    samples: dict[str, list[dict[str, Any]]] = {}
    # At once: each unpacks its part down to the line, which takes up to 150 ms of a thread.
    rows = await asyncio.gather(*(read_row(service.objects, one.path, one.line) for one in articles))
    for article, row in zip(articles, rows, strict=True):
        # None: it has moved; a page of samples can do without.
        for removal in (row or {}).get("removals") or ():
            known = samples.setdefault(removal["rule"], [])
            if len(known) < _SAMPLES and removal["sample"] not in {one["sample"] for one in known}:
                known.append({**removal, "id": article.id})
    return samples
