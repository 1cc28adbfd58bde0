"""Joins the pages that one article is spread over."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cleaners.metadata.images import MAX_IMAGES

if TYPE_CHECKING:
    from cleaners.models import Article, Block

MIN_NEW_CHARS = 100
"""What a further page adds at least; a page of comments repeats the article and adds nothing."""
MIN_NEW_SHARE = 0.5


def join(article: Article, further: Article) -> Article | None:
    """Return the article with the text of its next page behind its own; None: that page does not continue it.

    What the next page repeats of the text so far (introductions, boxes) is left out. Title, authors and dates stay those
    of the first page; `next_page_url` becomes that of the page joined.
    """
    known = {_fold(block) for block in article.blocks}
    fresh = [block for block in further.blocks if _fold(block) not in known]
    new = sum(len(block.text) for block in fresh)
    if new < MIN_NEW_CHARS or new < MIN_NEW_SHARE * sum(len(block.text) for block in further.blocks):
        return None
    pictures = {image.url for image in article.metadata.images}
    images = [replace(image, lead=False) for image in further.metadata.images if image.url not in pictures]
    return replace(
        article,
        blocks=(*article.blocks, *fresh),
        removals=(*article.removals, *further.removals),
        further_pages=(*article.further_pages, further.url),
        metadata=replace(
            article.metadata,
            images=(*article.metadata.images, *images)[:MAX_IMAGES],
            next_page_url=further.metadata.next_page_url,
        ),
    )


def _fold(block: Block) -> str:
    return " ".join(block.text.split())
