"""The demo: serve the bundled sites, crawl them through the whole service, and tell what came of it."""

from __future__ import annotations

import sys
import tempfile
import threading
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from crawler.crawl import CrawlOptions, run_crawl
from crawler.demo.content import load_sites
from crawler.demo.editions import find_edited_at, find_edited_story
from crawler.demo.pages import render_story
from crawler.demo.published import read_published
from crawler.demo.report import print_before_and_after, print_counts, print_files, print_removals
from crawler.demo.seed_files import write_seeds
from crawler.demo.server import DEFAULT_BASE_PORT, serve_sites
from crawler.exits import INTERRUPTED
from crawler.settings import read_environment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from crawler.demo.content import Site
    from crawler.demo.published import Published

DEFAULT_DATA = Path("data/demo")
LOOPBACK = "127.0.0.1/32"
SHOWN_BY_DEFAULT = "/story/kelp-battery"
"""The page that a first run shows before and after: most of its icons are words in bare spans or glued to words."""


def run_demo(data: Path = DEFAULT_DATA, base_port: int = DEFAULT_BASE_PORT) -> int:
    """Crawl the bundled sites into `data` and print the account; gives the exit code.

    A second run over the same folder meets the second edition of the sites, in which one story was edited.
    Raises what `run_crawl` raises, and Fault where a port is taken.
    """
    console = _open_console()
    before = read_published(data)
    edited_at = _find_edition(before, base_port)
    with serve_sites(base_port, edited_at) as sites, tempfile.TemporaryDirectory() as seeds:
        console.print(_describe_sites(sites, edited_at))
        write_seeds(sites, Path(seeds))
        report = run_crawl(
            CrawlOptions(
                seeds=(Path(seeds),),
                data=str(data),
                allow_addresses=(LOOPBACK,),
                now=True,
                progress=True,
                # The demo's memory lies beside its data, whatever Redis the environment names for real crawls.
                environment=replace(read_environment(), redis_url=None),
            )
        )
    published = read_published(data)
    added = published.since(before)
    console.print()
    print_counts(console, added, report)
    _print_edition(console, sites, added, edited_at)
    console.print()
    print_removals(console, added.articles)
    console.print()
    print_files(console, data, added.files or published.files)
    console.print()
    _print_page(console, sites, added, edited_at)
    return INTERRUPTED if report.stopped else 0


def serve_demo(data: Path = DEFAULT_DATA, base_port: int = DEFAULT_BASE_PORT) -> int:
    """Serve the sites for a browser until Ctrl-C, in the edition that a run over `data` would meet."""
    console = _open_console()
    edited_at = _find_edition(read_published(data), base_port)
    with serve_sites(base_port, edited_at) as sites, suppress(KeyboardInterrupt):
        console.print(_describe_sites(sites, edited_at))
        for site in sites:
            console.print(f"  {site.base}/  {site.name} ({site.language})")
        console.print("Ctrl-C ends it.")
        threading.Event().wait()
    return 0


def _open_console() -> Console:
    # A pipe has no width of its own; at rich's 80 columns addresses would be broken in two.
    return Console(width=None if sys.stdout.isatty() else 160, highlight=False)


def _find_edition(published: Published, base_port: int) -> datetime | None:
    return find_edited_at(load_sites(base_port), published, datetime.now(UTC))


def _describe_sites(sites: Sequence[Site], edited_at: datetime | None) -> str:
    stories = sum(len(site.stories) for site in sites)
    places = f"{sites[0].base} to {sites[-1].base.rpartition(':')[2]}"
    edition = "second edition: one story was edited" if edited_at else "first edition"
    return f"{len(sites)} invented news sites with {stories} stories on {places} ({edition})"


def _print_edition(
    console: Console, sites: Sequence[Site], added: Published, edited_at: datetime | None
) -> None:
    if edited_at is None:
        console.print("Run it again: one story will have been edited, and only that one is published again.")
        return
    site, story = find_edited_story(sites)
    revisions = [row["revision"] for row in added.articles if row["canonical_url"] == site.base + story.path]
    if revisions:
        console.print(
            f"Only the edited story was published, as revision {revisions[-1]}: {site.base}{story.path}"
            if len(added.articles) == 1
            else f"The edited story was published as revision {revisions[-1]}: {site.base}{story.path}"
        )
    elif not added.articles:
        console.print("Nothing on the sites has changed since the last run: nothing was published.")


def _print_page(
    console: Console, sites: Sequence[Site], added: Published, edited_at: datetime | None
) -> None:
    shown = _choose_page(sites, added.articles)
    if shown is None:
        return
    site, path, article = shown
    story = next(story for story in site.stories if story.path == path)
    print_before_and_after(console, render_story(site, story, edited_at), article)


def _choose_page(
    sites: Sequence[Site], articles: Sequence[dict[str, Any]]
) -> tuple[Site, str, dict[str, Any]] | None:
    """The page to show: the usual one if it is among the articles, else the first."""
    by_url = {article["canonical_url"]: article for article in articles}
    pages = [(site, story.path) for site in sites for story in site.stories]
    pages.sort(key=lambda page: page[1] != SHOWN_BY_DEFAULT)
    for site, path in pages:
        if site.base + path in by_url:
            return site, path, by_url[site.base + path]
    return None
