"""What a worker does to a page; importing this loads all that cleaning needs, trafilatura and the rules included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cleaners.models import Article
from cleaners.stages import clean, clean_text
from pipelines.sketched import SketchedArticle
from pipelines.worker import DirtyText

if TYPE_CHECKING:
    from pipelines.worker import Page, Result


def clean_and_sketch(page: Page) -> Result:
    """Clean a page; an article comes with its sketch."""
    result = clean_page(page)
    return SketchedArticle.of(result) if isinstance(result, Article) else result


def clean_page(page: Page) -> Result:
    """Clean a page, or a text that was taken from one."""
    if isinstance(page, DirtyText):
        return clean_text(page.text, url=page.url, given=page.given)
    return clean(page)
