"""`broadsheet seeds check`: every mistake in the seeds, and with `--live` what their addresses answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress

from crawler.errors import Fault, UserError
from crawler.exits import FAULT, MISTAKE, exit_codes, fail, warn
from crawler.seeds import read_seeds
from crawler.settings import SITEMAP_MAX_BYTES, SettingError
from pipelines.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from scrapy.http import Response

    from crawler.discovery.listings import ListingKind
    from crawler.fetching.failures import FetchError
    from crawler.seeds import Seed


def check(
    paths: Sequence[Path] | None, *, live: bool, allow_addresses: Sequence[str], contact: str | None
) -> None:
    """Run the command; ends the process where a seed is wrong, or an address gives nothing."""
    with exit_codes(mistakes=(UserError, SettingError), faults=(Fault,)):
        seeds, errors = read_seeds(paths)
        for line in errors:
            warn(line)
        languages = {seed.language.partition("-")[0] for seed in seeds}
        listings = sum(1 for seed in seeds for _ in seed.listings)
        off = sum(not seed.enabled for seed in seeds)
        disabled = f", {off} not enabled" if off else ""
        places = f"{counted(len(seeds), 'site')} in {counted(len(languages), 'language')}"
        print(f"{places} with {counted(listings, 'listing')}{disabled}")
        if errors:
            fail(f"{counted(len(errors), 'mistake')} in the seeds", MISTAKE)
        if live:
            failed = _check_live([seed for seed in seeds if seed.enabled], allow_addresses, contact)
            if failed:
                fail(f"{failed} of {listings} listings give no links", FAULT)


def _check_live(seeds: Sequence[Seed], allow_addresses: Sequence[str], contact: str | None) -> int:
    """Fetch every listing once and print what it gives; the number of those that give nothing."""
    from crawler.probe import fetch_all
    from crawler.site_pass import Task

    asked = [(seed, kind, url) for seed in seeds for kind, url in seed.listings]
    probes = [
        (url, {"site": seed.id, "delay_seconds": seed.delay_seconds, "max_bytes": SITEMAP_MAX_BYTES})
        for seed, _, url in asked
    ]
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("asking", total=len(probes))
        answers = fetch_all(
            probes,
            tasks=[Task(seed=seed) for seed in seeds],
            allow_addresses=allow_addresses,
            contact=contact,
            watch=lambda _place: progress.advance(bar),
        )
    failed = 0
    for (seed, kind, url), answer in zip(asked, answers, strict=True):
        is_good, found = _describe(kind, answer)
        failed += not is_good
        print(f"{'ok  ' if is_good else 'FAIL'} {seed.id} {kind} {url}: {found}")
    return failed


def _describe(kind: ListingKind, answer: Response | FetchError) -> tuple[bool, str]:
    from crawler.discovery.listings import find_links
    from crawler.fetching.failures import FetchError

    if isinstance(answer, FetchError):
        return False, f"{answer.reason}: {answer}"
    if answer.status != 200:
        return False, f"answers {answer.status}"
    content_type = (answer.headers.get("Content-Type") or b"").decode("latin-1") or None
    found = find_links(kind, answer.body, answer.url, content_type)
    counts = counted(len(found.links), "link")
    if found.sitemaps:
        counts += f", {counted(len(found.sitemaps), 'sitemap')}"
    return bool(found.links or found.sitemaps), counts
