"""Reads the further pages of an article, one after another, and joins them to it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cleaners.joining import join
from cleaners.models import Article, Rejection

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cleaners.models import Document
    from pipelines.worker import Result

MAX_PAGES = 20
"""Of one article, the first included."""


def refuse_further_page(article: Article) -> Article | Rejection:
    """Give the article, or the rejection of a page that is only a part of one."""
    first = article.metadata.first_page_url
    if first is None:
        return article
    return Rejection(
        reason="further_page",
        evidence=f"a further page of {first}",
        url=article.url,
        requested_url=article.requested_url,
        removals=article.removals,
        opt_out=article.metadata.opt_out,
    )


async def join_further_pages(
    article: Article,
    read_page: Callable[[str, str], Awaitable[Document | None]],
    clean: Callable[[Document], Awaitable[Result]],
) -> Article:
    """Give the article with the text of its further pages.

    `next_page_url` of what comes back names the page that could not be had, or is one too many; None: all is there.
    """
    first_url = article.url
    read = {first_url}
    while (url := article.metadata.next_page_url) is not None:
        if len(article.further_pages) == MAX_PAGES - 1:
            return article
        document = await read_page(url, first_url)
        if document is None:
            return article
        if document.url in read:
            break
        read.add(document.url)
        further = await clean(document)
        joined = join(article, further) if isinstance(further, Article) else None
        if joined is None:
            break
        article = joined
    return replace(article, metadata=replace(article.metadata, next_page_url=None))
