"""`/api/articles` and `/api/urls`: what was published, and the whole trace of one address."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from crawler.service import parameters
from crawler.service.endpoints import Endpoint
from crawler.service.problems import ProblemError
from crawler.service.revisions import RevisionChange, compare
from crawler.tasks import SiteFinder
from pipelines.index.figures import site_names
from pipelines.index.found import FoundArticle, FoundOutcome
from pipelines.index.history import copies_of, revisions, rows_of
from pipelines.index.lines import read_row
from pipelines.index.search import ArticleQuery, search
from pipelines.owed import Claim, OwedVisit, find_owed
from pipelines.seen import url_digest

if TYPE_CHECKING:
    from crawler.service.endpoints import Call
    from crawler.service.service import Service

MOST_REVISIONS = 50
"""That are read in full, the newest; live blogs have more."""
_MOST_SITES = 500
"""Whose owed links are looked through for an address; with more, those whose seed or rows have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Articles:
    """Some of the articles found, each in its latest revision, those fetched last first."""

    articles: tuple[FoundArticle, ...]
    after: str | None
    """Continues the search; None: there are no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One revision of an article."""

    found: FoundArticle
    """In short, and where its row lies."""
    record: dict[str, Any] | None
    """The published row, with all fields of docs/output.md. None: it is being moved or taken down; ask again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleDetail:
    """One article."""

    id: str
    revisions: tuple[Revision, ...]
    """The first one first; of more than fifty, the last fifty."""
    changes: tuple[RevisionChange, ...]
    """From each of these revisions to the next."""
    copies: tuple[FoundOutcome, ...]
    """The latest visits that found it unchanged, or a duplicate of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """All that is known of one address."""

    url: str
    id: str
    """The id of the article that the address names, if it names one."""
    claim: Claim | None
    """The visit that is being made, or that waits for its batch to be published; None: there is none."""
    owed: tuple[OwedVisit, ...]
    """Visits to come, each with what its listing said of the address."""
    is_in_redis: bool
    """Whether Redis was asked for these two."""
    articles: tuple[FoundArticle, ...]
    """Every published visit that gave an article, the last one first, with the part and the log entry of its row."""
    outcomes: tuple[FoundOutcome, ...]
    """The same of all visits that ended otherwise."""


async def read_records(service: Service, article_id: str) -> list[Revision]:
    """Read an article's last revisions, the first one first; none: there is no such article."""
    for _ in range(2):
        found = (await asyncio.to_thread(revisions, service.index, article_id))[-MOST_REVISIONS:]
        records = [await read_row(service.objects, one.path, one.line) for one in found]
        # Rows that were moved meanwhile stand elsewhere in the index by now.
        if (
            all(record is None or record.get("id") == article_id for record in records)
            and None not in records
        ):
            break
    return [
        Revision(found=one, record=record if record is not None and record.get("id") == article_id else None)
        for one, record in zip(found, records, strict=True)
    ]


def endpoints(service: Service) -> list[Endpoint]:
    """Give the endpoints."""

    async def find(call: Call) -> Articles:
        since, until, site = call["from"], call["to"], call["site"]
        if since is not None and until is not None and since >= until:
            raise ProblemError(400, "must be after `from`", parameter="to")
        query = ArticleQuery(
            q=call["q"] or "",
            site=site,
            language=call["language"],
            section=call["section"],
            since=since,
            until=until,
            after=call["after"],
            limit=call["limit"],
        )
        page = await asyncio.to_thread(search, service.index, query)
        if site is not None and not page.articles:
            await _check_site(service, site)
        return Articles(articles=page.articles, after=None if page.after is None else str(page.after))

    async def show(call: Call) -> ArticleDetail:
        read = await read_records(service, call["id"])
        copies = await asyncio.to_thread(copies_of, service.index, call["id"])
        if not read:
            if any(copy.outcome == "blocked" for copy in copies):
                raise ProblemError(410, "the article was taken down", parameter="id")
            raise ProblemError(404, "no article has this id", parameter="id")
        records = [one.record for one in read if one.record is not None]
        changes = await asyncio.to_thread(lambda: tuple(compare(old, new) for old, new in pairwise(records)))
        return ArticleDetail(id=call["id"], revisions=tuple(read), changes=changes, copies=copies)

    async def trace(call: Call) -> Trace:
        url = call["url"]
        visits = await asyncio.to_thread(rows_of, service.index, url)
        owed = None
        if service.redis is not None and service.names is not None:
            # Made for this look-up: it remembers every host that it was ever asked for.
            own = await asyncio.to_thread(lambda: SiteFinder(service.seeds).find(url).id)
            sites = {own, *(visit.site for visit in visits)}
            listed: list[Any] = await service.redis.hkeys(service.names.key("agenda"))
            if len(listed) <= _MOST_SITES:
                sites |= {site.decode() for site in listed}
            owed = await find_owed(service.redis, service.names, url, sorted(sites - {""}))
        return Trace(
            url=url,
            id=url_digest(url).hex(),
            claim=owed.claim if owed else None,
            owed=owed.visits if owed else (),
            is_in_redis=owed is not None,
            articles=tuple(visit for visit in visits if isinstance(visit, FoundArticle)),
            outcomes=tuple(visit for visit in visits if isinstance(visit, FoundOutcome)),
        )

    return [
        Endpoint(
            path="/api/articles",
            summary="Search the articles by words, site, language, section and day of the fetch.",
            answer=find,
            returns=Articles,
            problems=(404,),
            parameters=(
                parameters.text(
                    "q",
                    'Words, all of which stand in title, description or the start of the text; "…" is a phrase.',
                ),
                parameters.site(),
                parameters.language(),
                parameters.text("section", "As the paper calls it."),
                parameters.moment("from", "Fetched then or later: a day (UTC) or a moment."),
                parameters.moment("to", "Fetched before, or on this day (UTC).", is_end=True),
                parameters.cursor(),
                parameters.count("limit", "Articles at most.", least=1, most=200, default=50),
            ),
        ),
        Endpoint(
            path="/api/articles/{id}",
            summary="One article: all its revisions in full, and what changed between them.",
            answer=show,
            returns=ArticleDetail,
            parameters=(parameters.article_id(),),
            problems=(404, 410),
        ),
        Endpoint(
            path="/api/urls",
            summary="The whole trace of one address: owed, claimed, and every visit with its outcome, part and log entry.",
            answer=trace,
            returns=Trace,
            parameters=(parameters.url(),),
        ),
    ]


async def _check_site(service: Service, site: str) -> None:
    """Raise ProblemError for a site that nobody knows; without asking Redis, which search can do without."""
    if any(seed.id == site for seed in service.seeds):
        return
    if site not in await asyncio.to_thread(site_names, service.index):
        raise ProblemError(404, "no seed has this id, and no such site was visited", parameter="site")
