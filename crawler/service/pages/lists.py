"""`/articles`, `/outcomes`, `/urls` and `/dumps`: what was published, how visits ended, one address, and dumps."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from crawler.service import parameters
from crawler.service.endpoints import Parameter
from crawler.service.pages.frame import Page, find_endpoint
from pipelines.index.figures import overview, site_figures
from pipelines.index.history import OutcomeQuery, find_outcomes
from pipelines.index.tables import IndexNotReadyError
from pipelines.seen import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.service.endpoints import Call, Endpoint
    from crawler.service.service import Service
    from pipelines.index.figures import OutcomeCount

_NO_ARTICLE = tuple(name for name in OUTCOMES if name != "article")
_COUNTS = 24


def pages(service: Service, endpoints: list[Endpoint]) -> list[Page]:
    """Give the pages."""
    articles = find_endpoint(endpoints, "/api/articles")
    urls = find_endpoint(endpoints, "/api/urls")
    dumps = find_endpoint(endpoints, "/api/dumps")

    async def show_articles(call: Call) -> Mapping[str, Any]:
        found: Any = await articles.answer(call)
        names = ("q", "site", "language", "section", "from", "to")
        return {
            "articles": found.articles,
            "after": found.after,
            "is_search": any(call[name] is not None for name in names),
        }

    async def show_outcomes(call: Call) -> Mapping[str, Any]:
        query = OutcomeQuery(
            site=call["site"],
            outcome=call["outcome"],
            reason=call["reason"],
            since=call["from"],
            until=call["to"],
            after=call["after"],
        )
        found = await asyncio.to_thread(find_outcomes, service.index, query)
        counts = await asyncio.to_thread(_count, service, call["site"])
        return {
            "outcomes": found.outcomes,
            "after": found.after,
            "kinds": _NO_ARTICLE,
            "counts": counts[:_COUNTS],
            "total": sum(one.rows for one in counts),
        }

    async def show_url(call: Call) -> Mapping[str, Any]:
        return {"trace": await urls.answer(call) if call["url"] else None}

    async def show_dumps(call: Call) -> Mapping[str, Any]:
        found: Any = await dumps.answer(call)
        return {
            "dumps": found.dumps,
            "is_building": any(dump.status == "building" for dump in found.dumps),
            "has_token": service.settings.token is not None,
            "has_contact": service.environment.contact is not None,
            "log_id": service.log_id,
        }

    return [
        Page(path="/articles", template="articles.html", show=show_articles, parameters=articles.parameters),
        Page(
            path="/outcomes",
            template="outcomes.html",
            show=show_outcomes,
            parameters=(
                parameters.site(),
                _outcome(),
                parameters.text("reason", "One word, as in docs/output.md."),
                parameters.moment("from", "Ended then or later: a day (UTC) or a moment."),
                parameters.moment("to", "Ended before, or on this day (UTC).", is_end=True),
                parameters.cursor(),
            ),
        ),
        Page(
            path="/urls",
            template="urls.html",
            show=show_url,
            parameters=(parameters.url(is_required=False),),
        ),
        Page(path="/dumps", template="dumps.html", show=show_dumps),
    ]


def _count(service: Service, site: str | None) -> tuple[OutcomeCount, ...]:
    try:
        if site is None:
            return overview(service.index).figures.outcomes
        return next((one.figures.outcomes for one in site_figures(service.index, site)), ())
    except IndexNotReadyError:
        return ()


def _outcome() -> Parameter:
    def read(given: str) -> str:
        if given not in _NO_ARTICLE:
            raise ValueError(f"must be one of {', '.join(_NO_ARTICLE)}")
        return given

    return Parameter(
        name="outcome",
        description="How the visits ended.",
        read=read,
        schema={"type": "string", "enum": list(_NO_ARTICLE)},
    )
