"""Single addresses of a site: those of its seed, and those that the user asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cleaners.models import Listed
from pipelines.seen import url_digest

if TYPE_CHECKING:
    from crawler.site_pass import Task
    from crawler.tally import Tally
    from pipelines.ledger import Ledger


async def save_urls(task: Task, ledger: Ledger, tally: Tally) -> None:
    """Make them pending; those asked for that were known before this crawl are noted."""
    site = task.seed.id
    own = task.seed.urls if task.read_listings else ()
    if own:
        saved = await ledger.save_listing(site, "urls", None, [Listed(url=url) for url in own])
        tally.note_links(site, saved)
    # Of several spellings of one address, the later ones are known only since the first was saved.
    known = {url_digest(url) for url in own}
    for url in task.urls:
        if (digest := url_digest(url)) in known:
            continue
        known.add(digest)
        saved = await ledger.save_listing(site, "urls", None, [Listed(url=url)])
        tally.note_links(site, saved)
        if saved.known:
            tally.known_urls.append(url)
