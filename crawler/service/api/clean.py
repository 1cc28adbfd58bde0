"""`POST /api/clean`: a page comes in, its article or the reason why it is none goes out. Nothing is kept."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from cleaners.models import Article, Document, Listed
from crawler.service import parameters
from crawler.service.bodies import convert, read_object
from crawler.service.endpoints import Endpoint, to_json
from crawler.service.problems import ProblemError
from pipelines.record import to_record, to_removal_row
from pipelines.worker import DirtyText

if TYPE_CHECKING:
    from starlette.responses import Response

    from crawler.service.endpoints import Call
    from crawler.service.service import Service
    from pipelines.worker import Page

HTML = "text/html"
JSON = "application/json"
CLEAN_SECONDS = 20.0
"""For a page to wait for its turn and be cleaned; one that takes 3 s of CPU is a rejection by itself."""
BODY_SECONDS = 30.0
MOST_AT_ONCE = 8
"""Pages of clients on their way: the crawl's pages wait in the same line."""


Address = Annotated[str, msgspec.Meta(pattern=parameters.URL_PATTERN, max_length=parameters.URL_CHARS)]


class HtmlInput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page."""

    html: str
    url: Address | None = None
    """Where it was found; helps with links and dates."""
    title: str | None = None
    """What is known of its title from elsewhere."""


class TextInput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text that somebody took from a page."""

    text: str
    url: Address | None = None
    title: str | None = None
    """None: the title, if there is one, stands in the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanedPage:
    """What came of a page."""

    outcome: Literal["article", "rejected"]
    article: dict[str, Any] | None
    """The record, with all fields of docs/output.md; None: it is none."""
    reason: str | None
    """Why it is no article: `hub`, `too_short` …; None: it is one."""
    evidence: str | None
    removals: tuple[dict[str, Any], ...]
    """What cleaning took, or was refused to take."""


def endpoints(service: Service) -> list[Endpoint]:
    """Give the endpoints."""
    room = asyncio.Semaphore(MOST_AT_ONCE)

    async def clean(call: Call) -> Response:
        if room.locked():
            raise ProblemError(503, "too many pages wait to be cleaned", headers={"Retry-After": "2"})
        async with room:
            page = await _read_page(call)
            try:
                async with asyncio.timeout(CLEAN_SECONDS):
                    result = await service.pool.get().clean(page)
            except TimeoutError:
                raise ProblemError(
                    503,
                    f"the page was not cleaned within {CLEAN_SECONDS:.0f} s",
                    headers={"Retry-After": "10"},
                ) from None
        removals = tuple(dict(to_removal_row(removal)) for removal in result.removals)
        if not isinstance(result, Article):
            return to_json(
                CleanedPage(
                    outcome="rejected",
                    article=None,
                    reason=result.reason,
                    evidence=result.evidence,
                    removals=removals,
                )
            )
        record = to_record(result)
        if not result.requested_url:
            record |= {"url": None, "final_url": None, "canonical_url": None}
        return to_json(
            CleanedPage(outcome="article", article=record, reason=None, evidence=None, removals=removals)
        )

    return [
        Endpoint(
            method="POST",
            path="/api/clean",
            summary="Clean a page or a text: gives the article with all that was taken, or why it is none. Keeps nothing.",
            answer=clean,
            returns=CleanedPage,
            parameters=(parameters.url(is_required=False),),
            problems=(413, 415),
            body={
                HTML: {"description": "The page, as it was fetched."},
                JSON: (HtmlInput, TextInput),
            },
        )
    ]


async def _read_page(call: Call) -> Page:
    request = call.request
    kind = request.headers.get("content-type", "")
    media = kind.partition(";")[0].strip().lower()
    if media not in {HTML, JSON}:
        raise ProblemError(415, f"send the page as {HTML}, or {JSON} with html or text")
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await request.body()
    except TimeoutError:
        raise ProblemError(
            408, "the page took too long to come in", headers={"Connection": "close"}
        ) from None
    if media == HTML:
        return _to_document(body, call["url"], None, {"content-type": kind})
    given = _read_input(read_object(body))
    url = given.url if given.url is not None else call["url"]
    if isinstance(given, TextInput):
        return DirtyText(text=given.text, url=url or "", given=Listed(url=url or "", title=given.title))
    html = given.html.encode("utf-8", "replace")
    return _to_document(html, url, given.title, {"content-type": "text/html; charset=utf-8"})


def _read_input(given: dict[str, Any]) -> HtmlInput | TextInput:
    if "html" in given and "text" in given:
        raise ProblemError(400, "comes with html, and is another page: send one of them", parameter="text")
    if isinstance(given.get("url"), str):
        try:
            parameters.read_url(given["url"])
        except ValueError as error:
            raise ProblemError(400, str(error), parameter="url") from None
    return convert(given, TextInput) if "text" in given else convert(given, HtmlInput)


def _to_document(body: bytes, url: str | None, title: str | None, headers: dict[str, str]) -> Document:
    return Document(
        url=url or "",
        requested_url=url or "",
        fetched_at=datetime.now(UTC),
        headers=headers,
        listed=Listed(url=url or "", title=title) if title else None,
        body=body,
    )
