"""`/api/sites` and `/api/runs`: what is crawled, how it stands, and what an operator may change of it at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from crawler.agenda_command import to_object
from crawler.runs import Run  # noqa: TC001 - the schema is made from it
from crawler.seeds import Seed  # noqa: TC001 - the schema is made from it
from crawler.service import parameters
from crawler.service.endpoints import Endpoint
from crawler.service.problems import ProblemError
from crawler.stop_list import find_stop
from pipelines.index.figures import Figures, site_figures, site_names
from pipelines.index.tables import IndexNotReadyError
from pipelines.record import to_timestamp

if TYPE_CHECKING:
    from crawler.agenda import Entry
    from crawler.service.endpoints import Call
    from crawler.service.service import Service
    from crawler.stop_list import Stop
    from pipelines.index.figures import SiteFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One site, in short."""

    id: str
    name: str | None
    """None: no seed has it by now."""
    home: str | None
    language: str | None
    is_crawled: bool
    """A seed has it and it is enabled; by the seeds of this service."""
    due_at: str | None
    """None: it was never visited, or nobody knows."""
    held_by: str | None
    """The living worker that visits it now."""
    visited_at: str | None
    """When its last pass began."""
    owed: int | None
    """Links that are owed a visit; None: nobody knows."""
    verdict: str | None
    verdict_evidence: str | None
    is_paused: bool | None
    """The site or its host is on the stop-list; None: nobody knows, since no Redis is used."""
    paused_until: str | None
    """None: it is not, or until further notice."""
    texts: int
    """Published rows of articles, all revisions."""
    last_article_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sites:
    """Some sites, by their ids."""

    sites: tuple[Site, ...]
    after: str | None
    """Continues the list; None: there are no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteDetail:
    """One site, in full."""

    site: Site
    seed: Seed | None
    """The values of its `headers` are left out, since they may be what lets us in."""
    listings: tuple[dict[str, Any], ...]
    """Its listings, as `broadsheet agenda --json` has them."""
    figures: Figures | None
    """Of all its visits; None: the index has none."""
    runs: tuple[Run, ...]
    """Its last passes, the newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A site that was asked to be visited."""

    id: str
    is_wanted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused:
    """Whether a site is on the stop-list."""

    id: str
    is_paused: bool
    paused_until: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunList:
    """The last passes over sites, the newest first."""

    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """All that is known of sites at one moment."""

    seeds: dict[str, Seed]
    entries: dict[str, Entry]
    stops: dict[str, Stop]
    now: float
    is_crawling: bool
    has_redis: bool
    published: frozenset[str]
    """Sites that the index has rows of."""

    @property
    def ids(self) -> list[str]:
        return sorted(self.seeds.keys() | self.entries.keys() | self.published)


async def read_known(service: Service) -> _Known:
    """Read it; without a Redis only the seeds and the index's sites are known. Raises RedisError."""

    def read_published() -> frozenset[str]:
        try:
            return frozenset(site_names(service.index))
        except IndexNotReadyError:
            return frozenset()

    entries: dict[str, Entry] = {}
    stops: dict[str, Stop] = {}
    now = datetime.now(UTC).timestamp()
    if service.redis is not None and service.names is not None:
        agenda = service.agenda
        entries = {entry.site: entry async for entry in agenda.entries()}
        stops = await service.stops.read()
        now = agenda.now()
    return _Known(
        seeds={seed.id: seed for seed in service.seeds},
        entries=entries,
        stops=stops,
        now=now,
        is_crawling=service.crawl is not None,
        has_redis=service.redis is not None,
        published=await asyncio.to_thread(read_published),
    )


def to_site(id_: str, known: _Known, figures: SiteFigures | None) -> Site:
    """Give a site in short."""
    seed, entry = known.seeds.get(id_), known.entries.get(id_)
    said = to_object(entry, known.now) if entry is not None else {}
    stop = find_stop(known.stops, id_, urlsplit(seed.home).netloc if seed else "")
    return Site(
        id=id_,
        name=seed.name if seed else None,
        home=seed.home if seed else None,
        language=seed.language if seed else None,
        is_crawled=known.is_crawling and seed is not None and seed.enabled,
        due_at=said.get("due_at"),
        held_by=said.get("held_by"),
        visited_at=said.get("visited_at"),
        owed=said.get("owed"),
        verdict=said.get("verdict"),
        verdict_evidence=said.get("verdict_evidence"),
        is_paused=stop is not None if known.has_redis else None,
        paused_until=_until(stop),
        texts=figures.figures.texts if figures else 0,
        last_article_at=to_timestamp(figures.last_article_at)
        if figures and figures.last_article_at
        else None,
    )


async def read_figures(service: Service, ids: list[str]) -> dict[str, SiteFigures]:
    """Read the figures of these sites; none as long as there is no index."""

    def read() -> dict[str, SiteFigures]:
        try:
            return {one.site: one for id_ in ids for one in site_figures(service.index, id_)}
        except IndexNotReadyError:
            return {}

    return await asyncio.to_thread(read)


async def check_known(service: Service, id_: str, *, parameter: str = "id") -> _Known:
    """Read what is known. Raises ProblemError where that does not include the site."""
    known = await read_known(service)
    if not {id_} & (known.seeds.keys() | known.entries.keys() | known.published):
        raise ProblemError(
            404, f"{id_}: no seed has this id, and no such site was ever visited", parameter=parameter
        )
    return known


def endpoints(service: Service) -> list[Endpoint]:
    """Give the endpoints."""

    async def list_sites(call: Call) -> Sites:
        known = await read_known(service)
        ids = [id_ for id_ in known.ids if id_ > (call["after"] or "")]
        shown = ids[: call["limit"]]
        figures = await read_figures(service, shown)
        return Sites(
            sites=tuple(to_site(id_, known, figures.get(id_)) for id_ in shown),
            after=shown[-1] if len(ids) > len(shown) else None,
        )

    async def show_site(call: Call) -> SiteDetail:
        id_ = call["id"]
        figures = (await read_figures(service, [id_])).get(id_)
        known = await read_known(service) if figures else await check_known(service, id_)
        entry = known.entries.get(id_)
        runs = await service.runs.read(site=id_, limit=20) if service.redis and service.names else []
        return SiteDetail(
            site=to_site(id_, known, figures),
            seed=_hide(known.seeds.get(id_)),
            listings=tuple(to_object(entry, known.now)["listings"]) if entry else (),
            figures=figures.figures if figures else None,
            runs=tuple(runs),
        )

    async def visit(call: Call) -> Wanted:
        await check_known(service, call["id"])
        await service.agenda.want(call["id"])
        return Wanted(id=call["id"], is_wanted=True)

    async def pause(call: Call) -> Paused:
        await check_known(service, call["id"])
        stop = await service.stops.add(call["id"], seconds=call["for"])
        return Paused(id=call["id"], is_paused=True, paused_until=_until(stop))

    async def go_on(call: Call) -> Paused:
        known = await check_known(service, call["id"])
        await service.stops.remove(call["id"])
        seed = known.seeds.get(call["id"])
        known.stops.pop(call["id"].lower(), None)
        left = find_stop(known.stops, call["id"], urlsplit(seed.home).netloc if seed else "")
        return Paused(id=call["id"], is_paused=left is not None, paused_until=_until(left))

    async def list_runs(call: Call) -> RunList:
        runs = await service.runs.read(site=call["site"], limit=call["limit"])
        if call["site"] is not None and not runs:
            await check_known(service, call["site"], parameter="site")
        return RunList(runs=tuple(runs))

    site = parameters.site(place="path")
    return [
        Endpoint(
            path="/api/sites",
            summary="All sites: of the seeds, those that were ever visited, and those of which something is published.",
            answer=list_sites,
            returns=Sites,
            parameters=(
                replace(parameters.site(), name="after", description="The `after` of the page before."),
                parameters.count("limit", "Sites at most.", least=1, most=1000, default=200),
            ),
        ),
        Endpoint(
            path="/api/sites/{id}",
            summary="One site: its seed, listings, figures and last passes.",
            answer=show_site,
            returns=SiteDetail,
            parameters=(site,),
            problems=(404,),
        ),
        Endpoint(
            method="POST",
            path="/api/sites/{id}/visit",
            summary="Have the site visited as soon as nobody has it, due or not.",
            answer=visit,
            returns=Wanted,
            parameters=(site,),
            problems=(404,),
            status=202,
        ),
        Endpoint(
            method="POST",
            path="/api/sites/{id}/pause",
            summary="Put the site on the stop-list: nothing more is sent for it, at the latest two seconds later.",
            answer=pause,
            returns=Paused,
            parameters=(site, parameters.span()),
            problems=(404,),
        ),
        Endpoint(
            method="DELETE",
            path="/api/sites/{id}/pause",
            summary="Take the site from the stop-list.",
            answer=go_on,
            returns=Paused,
            parameters=(site,),
            problems=(404,),
        ),
        Endpoint(
            path="/api/runs",
            summary="The last passes over sites, of all workers, the newest first.",
            answer=list_runs,
            returns=RunList,
            problems=(404,),
            parameters=(
                parameters.site(),
                parameters.count("limit", "Passes at most.", least=1, most=500, default=50),
            ),
        ),
    ]


def _hide(seed: Seed | None) -> Seed | None:
    return seed and replace(seed, headers=dict.fromkeys(seed.headers, "***"))


def _until(stop: Stop | None) -> str | None:
    return (
        None if stop is None or stop.until is None else to_timestamp(datetime.fromtimestamp(stop.until, UTC))
    )
